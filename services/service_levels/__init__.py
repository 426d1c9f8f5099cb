"""Service levels: by when a request is to be answered and resolved."""
