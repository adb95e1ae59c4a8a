"""A recorded auto-sync to a commit that the last reading of the ops repo does not contain."""

from __future__ import annotations

from anchor_tui.domain.model import Application
from anchor_tui.domain.source_data import HeadCommit, ManagedResources
from anchor_tui.services.observe.policy import PolicyEvaluator
from anchor_tui.services.observe.reported_revisions import ReportedRevisions
from anchor_tui.sources.argocd.application_conversion import to_observed_application
from anchor_tui.sources.argocd.schema import ApplicationJson, StreamEvent
from anchor_tui.sources.json_body import decode_json
from tests.argocd_recordings import load_recording
from tests.domain.policy.sample_repo import CONFIG, sample
from tests.values import NOW, argocd, fresh, ops_repo, readings

RELEASE = "environments/prod/release.yaml"


def recorded_states() -> list[Application]:
    lines = load_recording("watch-auto-sync").content.splitlines()
    events = [decode_json(line.removeprefix(b"data: "), StreamEvent) for line in lines if b'"result"' in line]
    documents = [decode_json(bytes(event.result.application), ApplicationJson) for event in events if event.result]
    return [to_observed_application(document, "argocd", "").application for document in documents]


def test_a_recorded_sync_polls_once_and_lists_both_commits():
    states = recorded_states()
    before, after = states[0].compared_revision, states[-1].compared_revision
    revisions, repo = ReportedRevisions(CONFIG), ops_repo(head=HeadCommit(before or "", "Promote"))
    due = [revisions.is_poll_due(readings(fresh(argocd(state)), fresh(repo))) for state in states]
    assert due.count(True) == 1
    assert states[due.index(True)].compared_revision == after != before
    assert revisions.list_for_comparison(readings(fresh(argocd(states[-1])), fresh(repo))) == (after,)


def test_no_state_of_a_recorded_sync_fails_the_contract():
    states = recorded_states()
    before = states[0].compared_revision
    items = tuple(load_recording("managed-resources-prod").body["items"])
    files = dict(sample()) | {RELEASE: sample()[RELEASE].replace("sha256:c3", "sha256:00")}
    repo = ops_repo(head=HeadCommit(before or "", "Promote"), files=files)
    for state in (state for state in states if state.compared_revision != before):
        managed = {state.id: ManagedResources(NOW, items, compared_revision=state.compared_revision)}
        found = PolicyEvaluator(CONFIG).evaluate(readings(fresh(argocd(state, managed=managed)), fresh(repo)), NOW)
        assert found is not None
        contract = [
            finding
            for finding in found.environments["prod"]
            if finding.check == "release.contract-aligned" and finding.evidence != "git"
        ]
        assert {(finding.status, finding.pending) for finding in contract} == {("unknown", True)}
