"""Faults that make the servers fail or respond slowly."""
