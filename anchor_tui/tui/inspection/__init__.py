"""The panels of the application screen, one module each. They are imported when they are shown first."""
