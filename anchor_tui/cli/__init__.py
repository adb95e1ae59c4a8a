"""The headless commands. None of them imports textual; what costs time is imported when a command runs."""
