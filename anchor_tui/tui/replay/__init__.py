"""The screen that shows a recording."""
