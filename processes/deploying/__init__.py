"""Diagrams, forms and decisions: drawn, checked, put into force."""
