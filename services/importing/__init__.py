"""Importing records from CSV and XLSX files: read, mapped, tried, carried out, undone."""
