"""When applications were first seen OutOfSync."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Unavailable
from anchor_tui.services.observe.out_of_sync import OutOfSyncTimes
from tests.values import NOW, application, argocd, fresh, replace

DRIFTED, SYNCED = application("a", sync="OutOfSync"), application("a")
LATER = NOW + timedelta(minutes=5)


def test_the_first_time_is_kept():
    times = OutOfSyncTimes()
    first = times.update("argocd", fresh(argocd(DRIFTED)), NOW)
    assert times.update("argocd", fresh(argocd(application("a", sync="OutOfSync", health="X"))), LATER) is first
    assert first == {DRIFTED.id: NOW}


def test_an_application_in_sync_has_no_time():
    times = OutOfSyncTimes()
    times.update("argocd", fresh(argocd(DRIFTED)), NOW)
    assert times.update("argocd", fresh(argocd(SYNCED)), LATER) == {}


def test_a_removed_application_has_no_time():
    times = OutOfSyncTimes()
    times.update("argocd", fresh(argocd(DRIFTED, application("b"))), NOW)
    assert times.update("argocd", fresh(argocd(application("b"))), LATER) == {}


def test_a_replaced_application_has_no_time():
    times = OutOfSyncTimes()
    times.update("argocd", fresh(argocd(DRIFTED)), NOW)
    assert times.update("argocd", fresh(argocd(application("b"))), LATER) == {}
    assert times.update("argocd", fresh(argocd(DRIFTED)), LATER) == {DRIFTED.id: LATER}


def test_other_servers_keep_their_times():
    other = replace(DRIFTED, source="other")
    times = OutOfSyncTimes()
    times.update("argocd", fresh(argocd(DRIFTED)), NOW)
    times.update("other", fresh(argocd(other)), NOW)
    assert times.update("argocd", fresh(argocd()), LATER) == {other.id: NOW}


def test_a_failed_reading_changes_nothing():
    times = OutOfSyncTimes()
    first = times.update("argocd", fresh(argocd(DRIFTED)), NOW)
    assert times.update("argocd", Unavailable(SourceFailure("timeout", "")), LATER) is first
