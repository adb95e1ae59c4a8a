"""Addresses and tokens of the sources, and their origin."""
