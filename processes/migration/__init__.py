"""Taking instances over to another version of their process."""
