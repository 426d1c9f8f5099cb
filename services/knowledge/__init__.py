"""The knowledge base: articles in a tree of categories, their versions, votes and requests."""
