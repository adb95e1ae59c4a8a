"""Helm's interpretation of values files, parameters and image fields."""
