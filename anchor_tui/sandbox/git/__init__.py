"""The git repository behind the embedded servers."""
