"""Output of the commands: streams, plans, and the formats of snapshots and checks."""
