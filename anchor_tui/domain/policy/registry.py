"""Every check, in the order of docs/policy.md.

A new check is a function and a `Check` in the module of its topic.
"""

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
"""The valid ids for `[policy] disable` and for waivers."""
