"""Where results go and how they are written: streams, plans, snapshot formats, check formats."""
