"""Argo CD. Keep this file empty: the first request leaves (services/headstart.py) before the rest is loaded.

`requests`, `route` and `ahead` are what that takes; everything else comes after it.
"""
