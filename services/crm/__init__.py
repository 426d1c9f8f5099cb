"""Leads, accounts, contacts, deals and service requests."""
