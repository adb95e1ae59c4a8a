"""Argo CD. Keep this file empty: the first requests are sent before most modules are imported.

See `services/observe/prefetch.py`. They need `endpoints`, `connection` and `prefetch` only.
"""
