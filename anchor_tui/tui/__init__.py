"""The screen. It knows services, domain and configuration, and never a source."""
