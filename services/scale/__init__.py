"""Data at scale: a made-up company with as many records as one asks for."""
