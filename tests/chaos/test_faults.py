"""A quick selection of the campaign: a faulty proxy between the real reader and the sandbox.

`make chaos` runs every fault of the registry, singly and in all pairs of the two sources.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chaos.cells import run_cell
from tests.chaos.faults import FAULTS, FAULTS_BY_ID

QUICK_CELLS = (
    ("argocd:refused", "github:tls-expired"),
    ("argocd:dns", "github:early-end"),
    ("argocd:hang", "github:graphql-partial"),
    ("argocd:reset-in-body", "github:hang"),
    ("argocd:stream-truncated", "github:secondary-limit-retry-after"),
    ("argocd:stream-empty", "github:budget-0"),
    ("argocd:clock-back-and-hang",),
)


def test_every_fault_has_a_name_of_its_own():
    assert [id_ for id_, count in Counter(fault.id for fault in FAULTS).items() if count > 1] == []


@pytest.mark.parametrize("cell", QUICK_CELLS, ids=" + ".join)
def test_faults_are_shown_and_leave_nothing_behind(estate_with_baseline, cell):
    estate, baseline = estate_with_baseline
    result = run_cell(estate, tuple(FAULTS_BY_ID[id_] for id_ in cell), baseline, observe_s=0.0)
    assert result.failures == []
    assert set(result.shows) == set(cell)
