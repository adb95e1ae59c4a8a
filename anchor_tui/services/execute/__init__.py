"""The one writer: Plan to Outcome."""
