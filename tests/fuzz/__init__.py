"""Fuzz tests of every boundary that reads foreign bytes: a value or one of our errors, in bounded time and memory."""
