"""The headless commands. None of them imports textual; a command imports expensive modules only when it runs."""
