"""Snapshots as documents, one file a format."""
