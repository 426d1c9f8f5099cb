"""The bin: for how long deleted records and files are kept, and that they go for good."""
