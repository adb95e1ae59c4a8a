"""Widgets: they draw what they are given, and keep only cursor, sort and filter."""
