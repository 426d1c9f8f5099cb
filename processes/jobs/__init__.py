"""The worker, its jobs, and what failed."""
