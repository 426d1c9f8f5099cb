"""What people are told of: reminders and mentions, in the program and by mail."""
