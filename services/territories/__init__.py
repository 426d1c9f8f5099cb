"""Territories: parts of the market, which accounts and leads fall into by rules."""
