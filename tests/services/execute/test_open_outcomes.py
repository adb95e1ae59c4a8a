"""Unknown and missing outcomes, and their acknowledgement."""

from __future__ import annotations

from datetime import timedelta

import pytest

from anchor_tui.domain.actions.plan import Plan
from anchor_tui.domain.actions.planner import make_plan
from anchor_tui.services.execute.audit import AuditEntry, AuditLog, find_unfinished
from anchor_tui.services.execute.open_outcomes import (
    ResolveError,
    find_open_outcomes,
    resolve_hint,
    resolve_outcomes,
)
from anchor_tui.services.process_identity import this_process_id
from tests.plan_values import expect_plan, make_app_state, order, plan_inputs
from tests.values import NOW, application

LATER = NOW + timedelta(hours=1)


def make_sync_plan(id_: str, *names: str) -> Plan:
    states = [make_app_state(application(name)) for name in names or ("a",)]
    return expect_plan(make_plan(order("sync", "prod", request_id=id_), plan_inputs(*states)))


def started(plan: Plan, process: str = "elsewhere:1:x") -> AuditEntry:
    return AuditEntry(NOW, "intended", plan.id, "sync", ("prod",), message=plan.title, whole=plan, process=process)


def result(plan: Plan, kind: str, subject: str = "argocd/a") -> AuditEntry:
    return AuditEntry(NOW, kind, plan.id, "sync", ("prod",), subject)  # type: ignore[arg-type]


@pytest.fixture
def audit(tmp_path):
    return AuditLog(tmp_path / "state")


FIRST, SECOND = make_sync_plan("4f1c77"), make_sync_plan("4f9a02", "a", "b")


@pytest.mark.parametrize(
    ("lines", "open_subjects"),
    [
        ([started(FIRST)], ["argocd/a"]),
        ([started(FIRST), result(FIRST, "unknown")], ["argocd/a"]),
        ([started(FIRST), result(FIRST, "done")], []),
        ([started(FIRST), result(FIRST, "unknown"), result(FIRST, "resolved")], []),
        ([started(FIRST), result(FIRST, "unknown"), started(FIRST), result(FIRST, "done")], []),
        ([started(SECOND), result(SECOND, "done")], ["argocd/b"]),
    ],
)
def test_what_is_unknown_or_missing_is_open(lines, open_subjects):
    assert [outcome.subject for outcome in find_open_outcomes(lines)] == open_subjects


def test_the_start_of_an_id_is_enough(audit):
    for line in (started(FIRST), started(SECOND), result(SECOND, "unknown", "argocd/a")):
        audit.append_entry(line)
    resolved = resolve_outcomes(audit, "4f9", "looked at it", LATER)
    assert [outcome.subject for outcome in resolved] == ["argocd/a", "argocd/b"]
    last = audit.read_entries()[-1]
    assert (last.entry, last.plan, last.at, last.reason) == ("resolved", SECOND.id, LATER, "looked at it")
    assert last.who
    assert [group.plan.id for group in find_unfinished(audit.read_entries())] == [FIRST.id]


@pytest.mark.parametrize(("id_", "words"), [("4f", "is the start of several ids"), ("", "open: 4f1c77, 4f9a02")])
def test_an_ambiguous_id_is_refused(audit, id_, words):
    for plan in (FIRST, SECOND):
        audit.append_entry(started(plan))
    with pytest.raises(ResolveError, match=words):
        resolve_outcomes(audit, id_, "", LATER)
    assert len(audit.read_entries()) == 2


def test_an_exact_id_is_not_ambiguous(audit):
    longer = make_sync_plan(f"{FIRST.id}-refresh")
    for plan in (FIRST, longer):
        audit.append_entry(started(plan))
    assert [outcome.plan_id for outcome in resolve_outcomes(audit, FIRST.id, "", LATER)] == [FIRST.id]


def test_a_running_plan_cannot_be_resolved(audit):
    audit.append_entry(started(FIRST, this_process_id()))
    with pytest.raises(ResolveError, match="still running"):
        resolve_outcomes(audit, FIRST.id, "", LATER)


def test_an_outcome_is_resolved_once(audit):
    audit.append_entry(started(FIRST))
    resolve_outcomes(audit, FIRST.id, "", LATER)
    with pytest.raises(ResolveError, match="open: none"):
        resolve_outcomes(audit, FIRST.id, "", LATER)


def test_the_hint_is_the_command():
    assert resolve_hint("0123456789abcdef") == "anchor-tui audit --resolve 01234567"
