"""The embedded Argo CD."""
