"""YAML documents with the exact position of every scalar, and edits that change nothing else."""
