"""Commits and durations of past deployments."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anchor_tui.domain.inspection.deployments import Deployment, RevisionMetadata
from tests.values import NOW


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Release 1.44.0 to prod (#233)\n\nSoaked for 2 d (#1)", 233),
        ("Merge pull request #15 from anchor/release", 15),
        ("Revert “Release (#12)”", None),
        ("Fix #7", None),
        ("", None),
    ],
)
def test_the_pull_request_is_read_from_the_subject(message, number):
    assert RevisionMetadata("a", message=message).pull_request == number


def test_the_name_of_an_author_has_no_address():
    assert RevisionMetadata("a", "A. Lee <a@example.com>").author_name == "A. Lee"
    assert RevisionMetadata("a", "a.lee").author_name == "a.lee"


def test_a_duration_needs_start_and_end():
    assert Deployment(1, "a", NOW, NOW - timedelta(seconds=4)).duration == timedelta(seconds=4)
    assert Deployment(1, "a", NOW).duration is None
    assert Deployment(1, "a", initiated_by="a.lee").initiator == "a.lee"
    assert Deployment(1, "a", is_automated=True, initiated_by="x").initiator == "auto-sync"
