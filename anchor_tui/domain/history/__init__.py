"""The history: recorded changes, and what follows from them. All of it is pure; `services/history` keeps the file."""
