"""GitHub: the ops repo and its pull requests."""
