"""The conditions that `anchor-tui wait` waits for: their language, and their state in a snapshot."""
