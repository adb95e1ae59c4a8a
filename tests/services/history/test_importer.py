"""The past that git and Argo CD hold."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
from anchor_tui.domain.source_data import PastSync
from anchor_tui.services.history.importer import PastImporter
from anchor_tui.sources.argocd.past_syncs import PastSyncs
from anchor_tui.sources.argocd.schema import ApplicationJson
from tests.values import NOW, ago, application, argocd, config, files, fresh, ops_repo, readings, replace

SYNCS = (PastSync("a" * 40, ago(days=2)), PastSync("b" * 40, ago(days=1)))


def with_syncs() -> SourceReadings:
    id_ = application("anchor-msp-prod").id
    return readings(fresh(argocd(past_syncs={id_: SYNCS})), fresh(ops_repo(environments={})))


def test_past_syncs_are_changes_of_the_revision() -> None:
    found = PastImporter(()).list_past(with_syncs(), build_snapshot(config(), with_syncs(), NOW))
    assert [(change.before, change.after) for change in found.changes] == [(None, "a" * 40), ("a" * 40, "b" * 40)]
    assert [change.at for change in found.changes] == [ago(days=2), ago(days=1)]
    assert {change.origin for change in found.changes} == {"imported"}
    assert found.changes[0].environment == "prod"
    assert len(found.subjects) == 1


def test_what_is_imported_is_not_listed_again() -> None:
    importer, snapshot = PastImporter(()), build_snapshot(config(), with_syncs(), NOW)
    found = importer.list_past(with_syncs(), snapshot)
    assert importer.list_past(with_syncs(), snapshot) == found  # it was not written
    importer.confirm(found)
    assert importer.list_past(with_syncs(), snapshot).subjects == ()
    assert PastImporter(found.subjects).list_past(with_syncs(), snapshot).subjects == ()


def test_commits_without_another_release_are_skipped() -> None:
    history = files("1.44.0", "1.43.1", "1.43.1", "1.42.0")
    unreadable = replace(history.history[2], release=None)
    history = replace(history, history=(*history.history[:2], unreadable, *history.history[2:]))
    history = replace(history, history=tuple(replace(past, commit=str(n)) for n, past in enumerate(history.history)))
    seen = readings(repo=fresh(ops_repo(environments={"prod": history})))
    found = PastImporter(()).list_past(seen, build_snapshot(config(), seen, NOW))
    assert [(change.before, change.after) for change in found.changes] == [(None, "1.42.0"), ("1.42.0", "1.43.1")]
    assert len(found.subjects) == 5


def test_the_first_answer_about_an_application_is_kept() -> None:
    entries = [{"revision": "a", "deployedAt": "2026-11-20T10:00:00Z"}, {"revisions": ["b", "c"]}, {"id": 3}]
    document = msgspec.convert({"metadata": {"name": "x"}, "status": {"history": entries}}, ApplicationJson)
    past, id_ = PastSyncs(), application().id
    assert past.published == {}
    past.note(id_, document)
    first = past.published
    past.note(id_, document)
    assert past.published is first
    assert [sync.revision for sync in first[id_]] == ["a", "b, c"]
    assert first[id_][0].deployed_at == (NOW - timedelta(days=3)).replace(hour=10, minute=0, second=0)
