"""The states in which the embedded servers start."""
