"""anchor-tui: the operator's terminal for a GitOps estate. Importing the package imports nothing else."""

__version__ = "0.1.0"
