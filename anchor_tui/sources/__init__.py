"""The outside systems: foreign bytes in, domain values out."""
