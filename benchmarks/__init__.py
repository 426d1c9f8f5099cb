"""Measurements of what the platform promises in speed; each module prints its table."""
