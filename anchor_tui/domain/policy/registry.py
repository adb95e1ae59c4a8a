"""Every check, in the order of the owners' page. Adding a rule is a function in its topic's file and a line there."""

from __future__ import annotations

from anchor_tui.domain.policy.check import Check
from anchor_tui.domain.policy.checks import (
    argocd,
    auth,
    branch_status,
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
CHECKS_BY_ID = {check.id: check for check in CHECKS}
"""What `[policy] disable` and the waivers may name."""
