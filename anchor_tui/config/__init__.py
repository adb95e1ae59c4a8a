"""The configuration: values, loading, checking and rendering."""
