"""The one reader: sources to Snapshot."""
