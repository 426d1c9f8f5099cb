"""Addresses, numbers and pages at which contacts, accounts and leads are reached."""
