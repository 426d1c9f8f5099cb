"""Exporting lists of records to CSV and XLSX files."""
