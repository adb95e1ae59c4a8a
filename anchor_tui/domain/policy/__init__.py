"""The rules of docs/gitops.md as checks on evidence.

`evidence` holds the inputs, `checks` one file a topic, `registry` the list of all checks, `engine` runs them.
"""
