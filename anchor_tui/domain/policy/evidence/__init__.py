"""The evidence that checks evaluate: files in git, Argo CD and the cluster, GitHub settings."""
