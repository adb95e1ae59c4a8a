"""What can be done: one file an action, each a pure function from what is known to a Plan or a Refusal."""
