"""Words that people stick on records of any type."""
