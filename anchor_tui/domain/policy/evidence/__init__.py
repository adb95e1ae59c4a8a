"""The evidence that the checks judge: git, the cluster, GitHub."""
