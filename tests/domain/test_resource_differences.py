"""The numbers of resources that differ."""

from __future__ import annotations

import pytest

from anchor_tui.domain.model import PrunableResource, ResourceCounts
from anchor_tui.domain.resource_differences import describe_differences
from tests.values import application

STALE = PrunableResource("", "Service", "anchor-prod", "status-mock")


@pytest.mark.parametrize(
    ("out_of_sync", "prunable", "text"),
    [
        (0, (), ""),
        (1, (), "1 resource differs"),
        (2, (STALE,), "1 resource differs, 1 to prune"),
        (1, (STALE,), "1 to prune"),
        (0, (STALE,), "1 to prune"),
    ],
)
def test_a_resource_to_prune_is_counted_once(out_of_sync, prunable, text):
    app = application(resources=ResourceCounts(9, out_of_sync, 0), prunable=prunable)
    assert describe_differences((app,)) == text
