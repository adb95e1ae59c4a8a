"""One screen a module, one style sheet a screen."""
