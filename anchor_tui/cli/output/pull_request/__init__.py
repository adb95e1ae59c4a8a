"""Formats of one pull request."""
