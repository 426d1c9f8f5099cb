"""From the XML of a file to a checked model."""
