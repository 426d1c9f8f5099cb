"""Calls, meetings, tasks and mails that people plan and do."""
