"""Findings of `anchor-tui check` as documents, one file a format."""
