"""Records that are there twice: the rules by which they are found, the scan, the check on save."""
