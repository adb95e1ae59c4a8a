"""Generator of docs/diagnosis.md.

Run `python -m anchor_tui.domain.diagnosis.docs_page > docs/diagnosis.md` after a change of a rule.
"""

from __future__ import annotations

import inspect
import sys

from anchor_tui.domain.diagnosis.registry import APPLICATION_RULES, WORKLOAD_RULES
from anchor_tui.domain.diagnosis.rule import ApplicationRule, WorkloadRule

_INTRODUCTION = """\
# Diagnosis

anchor-tui derives the cause of a failure from what Argo CD and the cluster report. This page is generated from the
rules (`anchor_tui.domain.diagnosis.docs_page`). Change the rules, not this page.

An application is examined when it is not healthy, or when its last sync failed. That includes Progressing: Argo CD
reports an application as Progressing until the progress deadline of its Deployment (10 minutes by default), even if its
pods already fail. Extra evidence is requested only for unhealthy branches of the resource tree, at most four for each
application: the events of the resource, the live pod, and the end of the log of the process that ended last.

A cause is **blocking** if the rollout cannot succeed without a change: the application then counts as failing, although
Argo CD still reports Progressing. Any other cause is shown as attention. Replicas share one cause. "Progress deadline
exceeded" is a consequence and never a cause. If no rule matches a failed application, the cause is "cause not found",
with a list of what was examined. A rollout that merely takes its time has no diagnosis.

The rules are tried in this order. The first one that matches a branch explains it.

"""


def render_page() -> str:
    """Return the whole page as Markdown."""
    rules: tuple[ApplicationRule | WorkloadRule, ...] = (*APPLICATION_RULES, *WORKLOAD_RULES)
    table = "| rule | causes | reads |\n|---|---|---|\n"
    rows = "".join(f"| {rule.title} | {_format_ids(rule)} | {rule.reads} |\n" for rule in rules)
    return _INTRODUCTION + table + rows + "".join(map(_format_section, rules))


def _format_section(rule: ApplicationRule | WorkloadRule) -> str:
    return f"\n## {rule.title}\n\n{inspect.getdoc(rule.find)}\n\nCauses: {_format_ids(rule)}. Reads: {rule.reads}.\n"


def _format_ids(rule: ApplicationRule | WorkloadRule) -> str:
    return ", ".join(f"`{id_}`" for id_ in rule.ids)


if __name__ == "__main__":
    sys.stdout.write(render_page())
