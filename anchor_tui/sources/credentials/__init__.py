"""Where addresses and tokens come from."""
