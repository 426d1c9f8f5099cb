"""Loyalty: programmes, members' points in an append-only ledger, levels and prizes."""
