"""The interpretation of cluster objects and of Argo CD Applications."""
