"""The incidents and the hand-over of one, one file a format."""
