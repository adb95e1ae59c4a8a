"""docs/policy.md out of the registry."""

from __future__ import annotations

import sys

from anchor_tui.domain.policy.check import Check
from anchor_tui.domain.policy.registry import CHECKS

_INTRODUCTION = """\
# Policy

Every rule of docs/gitops.md, each a check on evidence. This page is made from the checks themselves
(`anchor_tui.domain.policy.docs_page`): change them, not it.

A finding says what was looked at (`evidence`), what was found, where, and how to mend it. Its status is `pass`,
`fail`, `waived`, `skipped` (this evidence is not looked at here) or `unknown` (it should be there and did not come,
or does not tell): what cannot be told never passes.

| evidence | what it is |
|---|---|
| git | the values as Helm lays them in the Application's own order; release.yaml and its history |
| manifest | the Application in git |
| live-spec | the Application in the cluster |
| rendered | the manifests that Argo CD, or `helm template`, makes of it |
| live | the objects in the cluster |
| settings | names of variables and secrets of the two repositories |
| ci | the required checks of the branch's head |

`anchor-tui check` looks at git, manifest and (with helm on the PATH) rendered. `[policy] disable` in the configuration
switches a check off, `[[policy.waivers]]` lets one fail in one environment until a day, for a reason.

"""


def render_page() -> str:
    """The page."""
    rows = "".join(
        f"| [{check.id}](#{_format_anchor(check)}) | {format_rules(check)} | {_format_levels(check)} | {', '.join(check.evidence)} |\n"
        for check in CHECKS
    )
    table = f"| check | rules | level | evidence |\n|---|---|---|---|\n{rows}\n"
    return _INTRODUCTION + table + "\n".join(_format_section(check) for check in CHECKS)


def format_rules(check: Check) -> str:
    """The sets of rules that a check belongs to, in words."""
    return ", ".join(check.rules) if check.rules else "the estate"


def _format_section(check: Check) -> str:
    return (
        f"## {check.id}\n\n"
        f"{check.title}. {_format_levels(check).capitalize()}; {format_rules(check)}; looks at {', '.join(check.evidence)}.\n\n"
        f"> {check.why}\n>\n> — docs/gitops.md, {check.section}\n\n"
        f"To mend it: {check.fix}.\n"
    )


def _format_levels(check: Check) -> str:
    return ", ".join([check.level, *(f"{level} in {rules}" for rules, level in check.levels.items())])


def _format_anchor(check: Check) -> str:
    return check.id.replace(".", "")


if __name__ == "__main__":
    sys.stdout.write(render_page())
