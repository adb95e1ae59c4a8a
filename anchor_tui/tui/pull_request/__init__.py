"""The panels of the pull request screen."""
