"""Working calendars: hours, holidays, and counting in them."""
