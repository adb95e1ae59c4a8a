"""The formats of `anchor-tui diff`."""
