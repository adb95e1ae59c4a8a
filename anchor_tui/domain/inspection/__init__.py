"""The inside of one application, as values: its resources, events, pods, logs and deployments."""
