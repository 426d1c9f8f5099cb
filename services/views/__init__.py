"""Saved views: what a list shows, kept under a name, for oneself, a team or everybody."""
