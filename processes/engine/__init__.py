"""The engine: the only package that knows SpiffWorkflow and lxml."""
