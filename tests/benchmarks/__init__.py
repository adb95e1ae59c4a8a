"""Measurements. `make bench` runs them and prints their figures, which decide nothing."""
