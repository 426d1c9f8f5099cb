"""Fields and record types that administrators add while the program runs."""
