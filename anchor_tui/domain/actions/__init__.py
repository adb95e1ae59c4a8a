"""The actions. One file per action, with a pure function from plan inputs to a plan or a refusal."""
