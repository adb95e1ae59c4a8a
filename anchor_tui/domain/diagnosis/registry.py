"""Every rule, in the order in which they are tried. The first one that matches a branch explains it.

A new rule is a function and a line in `RULES` of the module of its topic.
"""

from __future__ import annotations

from anchor_tui.domain.diagnosis.rule import ApplicationRule, WorkloadRule
from anchor_tui.domain.diagnosis.rules import (
    admission,
    configuration,
    images,
    processes,
    readiness,
    resources,
    scheduling,
    sync,
)

APPLICATION_RULES: tuple[ApplicationRule, ...] = sync.RULES
WORKLOAD_RULES: tuple[WorkloadRule, ...] = (
    *images.RULES,
    *configuration.RULES,
    *scheduling.RULES,
    *admission.RULES,
    *processes.RULES,
    *readiness.RULES,
    *resources.RULES,
)
