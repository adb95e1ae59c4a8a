"""Recordings of snapshots: written beside the screen, read by a replay."""
