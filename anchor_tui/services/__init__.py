"""The services that the screen and the command line share: observing, executing plans, and the snapshot document."""
