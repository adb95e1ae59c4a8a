"""Figures that decide nothing: `make bench` prints them."""
