"""Personal data: all that is known of a person, erasing it, and how long it is kept."""
