"""Goals: what is planned for a person, a team or the company, and what has come of it."""
