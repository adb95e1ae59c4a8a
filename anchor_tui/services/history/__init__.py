"""The history file: which one it is, its tables, what is written and what is read."""
