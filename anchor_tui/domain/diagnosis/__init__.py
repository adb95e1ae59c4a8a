"""Rules that derive the cause of a failure from the inside of an application."""
