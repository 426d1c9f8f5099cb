"""Finding records by words: what is kept of each, how a query is read, what is found first."""
