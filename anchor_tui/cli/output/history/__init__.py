"""The timeline as a document: one file a format."""
