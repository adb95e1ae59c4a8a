"""Generator of docs/policy.md.

Run `python -m anchor_tui.domain.policy.docs_page > docs/policy.md` after a change of a check.
"""

from __future__ import annotations

import sys

from anchor_tui.domain.policy.check import Check
from anchor_tui.domain.policy.registry import ALL_CHECKS

_INTRODUCTION = """\
# Policy

anchor-tui checks every rule of docs/gitops.md. This page is generated from the checks
(`anchor_tui.domain.policy.docs_page`). Change the checks, not this page.

A finding contains the kind of evidence, the result, the location and the fix. It has one of these statuses:

| status | meaning |
|---|---|
| `pass` | the evidence complies with the rule |
| `fail` | the evidence violates the rule |
| `waived` | a violation with a valid waiver |
| `unknown` | the evidence is missing, incomplete or ambiguous; it never counts as passed |
| `skipped` | this evidence is not collected in this run, or the check is disabled |

A check evaluates one or more kinds of evidence:

| evidence | content |
|---|---|
| git | Helm values, merged in the order of the Application; release.yaml and its history |
| manifest | the Application in git |
| live-spec | the Application in Argo CD |
| rendered | the manifests that Argo CD or `helm template` renders |
| live | the objects in the cluster |
| settings | the names of variables and secrets of both repositories |
| ci | the required checks of the branch's head |

`anchor-tui check` evaluates git, manifest and, if helm is on the PATH, rendered. In the configuration,
`[policy] disable` disables a check. `[[policy.waivers]]` allows a check to fail in one environment until a date,
with a reason.

The checks `checkout.…` are run by `anchor-tui check` only: a missing file, or a changed configuration, must not switch
off the other checks of a pull request.

"""


def render_page() -> str:
    """Return the whole page as Markdown."""
    rows = "".join(
        f"| [{check.id}](#{_format_anchor(check)}) | {format_rules(check)} "
        f"| {_format_levels(check)} | {', '.join(check.evidence)} |\n"
        for check in ALL_CHECKS
    )
    table = f"| check | rules | level | evidence |\n|---|---|---|---|\n{rows}\n"
    return _INTRODUCTION + table + "\n".join(_format_section(check) for check in ALL_CHECKS)


def format_rules(check: Check) -> str:
    """Return the rule sets that contain a check, for display."""
    return ", ".join(check.rules) if check.rules else "estate"


def _format_section(check: Check) -> str:
    return (
        f"## {check.id}\n\n"
        f"{check.title}. {_format_levels(check).capitalize()}; {format_rules(check)}; "
        f"evidence: {', '.join(check.evidence)}.\n\n"
        f"> {check.why}\n>\n> — docs/gitops.md, {check.section}\n\n"
        f"Fix: {check.fix}.\n"
    )


def _format_levels(check: Check) -> str:
    return ", ".join([check.level, *(f"{level} in {rules}" for rules, level in check.levels.items())])


def _format_anchor(check: Check) -> str:
    return check.id.replace(".", "")


if __name__ == "__main__":
    sys.stdout.write(render_page())
