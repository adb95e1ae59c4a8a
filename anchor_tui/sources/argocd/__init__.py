"""Argo CD. Keep this file empty: the first request leaves (services/headstart.py) before the rest is loaded.

`requests` and `client` are what that takes; `source` (the reader), `known` and `wire` come after it.
"""
