"""The views of one application: as text for the operator, and as documents for scripts."""
