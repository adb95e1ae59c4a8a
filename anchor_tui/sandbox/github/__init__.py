"""GitHub: repositories, pull requests, checks and workflows, with GraphQL and REST."""
