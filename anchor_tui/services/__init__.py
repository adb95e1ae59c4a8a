"""What the screen and the command line share: one reader, one writer, one contract."""
