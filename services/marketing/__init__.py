"""Whom one addresses and what comes of it: segments, campaigns, and what customers are worth."""
