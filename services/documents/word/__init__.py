"""Word files as templates: checked before they are taken, filled, read."""
