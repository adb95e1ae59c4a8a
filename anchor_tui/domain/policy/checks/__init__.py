"""The checks, one module a topic."""
