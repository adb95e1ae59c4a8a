"""The git repositories behind the servers."""
