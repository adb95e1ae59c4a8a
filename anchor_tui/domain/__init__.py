"""Pure values and rules: no await, no clock, no network, no file."""
