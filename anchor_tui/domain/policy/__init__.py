"""The owners' rules, each a check on evidence: `judge_policy` makes findings of facts.

The evidence is handed in (`facts`), the checks stand in one file a topic, `registry` lists them all.
"""
