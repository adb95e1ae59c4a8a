"""The formats of changes. `docs/wait.md` describes the document `anchor-tui/change/v1`."""
