"""Business processes: definitions, instances, work items, jobs, incidents and history."""
