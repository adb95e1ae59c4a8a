"""Faults that the embedded servers can show."""
