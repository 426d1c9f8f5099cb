"""Instances: their steps, what those write, and looking at them."""
