"""How cluster objects and Argo CD Applications are interpreted."""
