"""Argo CD: its HTTP API, its application controller and the cluster that it deploys to."""
