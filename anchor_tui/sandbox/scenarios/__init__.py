"""The states in which the sandbox starts, and the history that leads to them."""
