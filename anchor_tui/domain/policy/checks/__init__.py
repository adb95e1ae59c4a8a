"""The owners' rules, one file a topic."""
