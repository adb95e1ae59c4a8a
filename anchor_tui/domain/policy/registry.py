"""Every check, in the order of docs/policy.md.

A new check is a function and a `Check` in the module of its topic.
"""

from __future__ import annotations

from anchor_tui.domain.policy.check import Check
from anchor_tui.domain.policy.checks import (
    argocd,
    auth,
    branch_status,
    checkout,
    memory,
    mocks,
    release,
    runtime,
    secret_keys,
    settings,
    workers,
)

CHECKS: tuple[Check, ...] = (
    *auth.CHECKS,
    *mocks.CHECKS,
    *argocd.CHECKS,
    *release.CHECKS,
    *workers.CHECKS,
    *runtime.CHECKS,
    *memory.CHECKS,
    *secret_keys.CHECKS,
    *settings.CHECKS,
    *branch_status.CHECKS,
)
"""The checks of an estate."""
ALL_CHECKS: tuple[Check, ...] = (*CHECKS, *checkout.CHECKS)
"""The same, and the checks that `anchor-tui check` adds for a checkout."""
CHECKS_BY_ID = {check.id: check for check in ALL_CHECKS}
"""The valid ids for `[policy] disable` and for waivers."""
