"""How Helm interprets values files, parameters and image fields."""
