"""A local checkout of the ops repo, read through git and helm."""
