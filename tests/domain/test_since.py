"""The words about the start of a state never claim more than is known."""

from __future__ import annotations

import pytest

from anchor_tui.domain.model import Finding, FirstSeen
from anchor_tui.domain.since import (
    Since,
    format_since,
    format_since_briefly,
    get_finding_since,
    get_health_since,
    get_sync_since,
)
from tests.values import NOW, ago, application, replace

FAILED = Finding("release.pinned", "t", "error", "fail", "git", "m")


def seen(*, observed_start: bool = True, continuous: bool = True, **span: float) -> FirstSeen:
    return FirstSeen(ago(**span), observed_start=observed_start, continuous=continuous)


@pytest.mark.parametrize(
    ("since", "words", "brief"),
    [
        (Since(ago(minutes=12), "server"), "for 12 min", "12 min"),
        (Since(ago(minutes=12), "seen"), "since 13:50Z (first seen)", "≥ 12 min"),
        (Since(ago(days=2), "seen"), "since Sat 21 Nov 14:02Z (first seen)", "≥ 2 d"),
        (Since(ago(hours=3), "older"), "for at least 3 h", "≥ 3 h"),
        (Since(ago(hours=3), "interrupted"), "first seen 11:02Z, not observed all the time", "seen 3 h ago"),
        (Since(ago(days=3), "seen", 228), "for 3 d, since #228", "≥ 3 d"),
        (Since(ago(days=3), "server", 228), "for 3 d, since #228", "3 d"),
        (
            Since(ago(days=3), "interrupted", 228),
            "first seen Fri 20 Nov 14:02Z, not observed all the time",
            "seen 3 d ago",
        ),
    ],
)
def test_the_words_fit_what_is_known(since: Since, words: str, brief: str) -> None:
    assert format_since(since, NOW) == words
    assert format_since_briefly(since, NOW) == brief


def test_the_time_of_the_server_is_preferred() -> None:
    app = application(health="Degraded", health_since=ago(minutes=12), health_seen=seen(minutes=3))
    assert get_health_since(app) == Since(ago(minutes=12), "server")
    assert get_health_since(replace(app, health_since=None)) == Since(ago(minutes=3), "seen")
    assert get_health_since(replace(app, health_since=None, health_seen=None)) is None


def test_a_sync_status_has_the_time_of_the_history() -> None:
    app = application(sync="OutOfSync", sync_seen=seen(minutes=30, observed_start=False))
    assert get_sync_since(app, ago(minutes=1)) == Since(ago(minutes=30), "older")
    assert get_sync_since(replace(app, sync_seen=None), ago(minutes=1)) == Since(ago(minutes=1), "older")
    assert get_sync_since(replace(app, sync_seen=None)) is None


def test_a_finding_names_its_pull_request() -> None:
    finding = replace(FAILED, first_seen=seen(days=3), since_pull_request=228)
    assert get_finding_since(finding) == Since(ago(days=3), "seen", 228)
    assert get_finding_since(replace(finding, since=ago(days=4))) == Since(ago(days=4), "server", 228)
    assert get_finding_since(FAILED) is None
