"""The panes of the fleet screen, one file a pane."""
