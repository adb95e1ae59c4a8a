"""The configuration: values, loading, schema, text."""
