"""Files, and documents made from templates."""
