"""Argo CD. Importing the package costs nothing: the first request leaves before the rest is loaded."""
