"""YAML text with exact places, and edits that touch nothing else."""
