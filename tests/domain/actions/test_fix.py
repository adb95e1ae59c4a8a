"""A switch with the wrong value in git is fixed by a pull request, or refused with its location."""

from __future__ import annotations

import pytest

from anchor_tui.domain.actions import fix
from anchor_tui.domain.actions.plan import Order
from anchor_tui.domain.actions.repo_state import RepoPermissions, RepoState
from anchor_tui.domain.model import EvidenceKind as Kind
from anchor_tui.domain.model import Finding
from tests.domain.policy.sample_repo import sample
from tests.plan_values import (
    environment,
    expect_plan,
    expect_refusal,
    file,
    line_texts,
    order,
    repo,
    repo_inputs,
    snapshot,
)
from tests.values import application, replace

OVERLAY = "infra/helm/platform/environments/prod/values.yaml"
MANIFEST = "infra/argocd/applications/prod.yaml"
MOCK, PRUNE = "mock.workloads-absent", "argo.automated-prune"


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def wrong(path: str, old: str, new: str) -> str:
    text = sample()[path]
    assert text.count(old) == 1
    return text.replace(old, new)


def asked(check: str, path: str, text: str, line: int, kind: Kind = "git", column: int | None = None) -> object:
    """Return the Plan that fixes what a check found at a line of a file."""
    found = Finding(check, check, "error", "fail", kind, "it stands the wrong way round", file=path, line=line)
    prod = environment("prod", application("anchor-msp-prod"), findings=(replace(found, column=column),))
    held = repo({path: text})
    bench = RepoState(held, RepoPermissions("on-call", "yes", merge_methods=("squash",)), {path: file(path, text)})
    return fix.plan(order("mend", "prod", check=check), repo_inputs(bench, snapshot=snapshot(prod)))


def test_the_mock_is_switched_off_and_nothing_else_changes():
    text = wrong(OVERLAY, "statusMock:\n  enabled: false", "statusMock:\n  enabled: true")
    made = expect_plan(asked(MOCK, OVERLAY, text, line_of(text, "enabled: true")))
    assert made.title == "Set statusMock.enabled to false in prod"
    changed = [line for line in made.diffs[0].text.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
    assert changed == ["-  enabled: true", "+  enabled: false"]
    assert (made.confirmation, made.phrase, made.reason_required) == ("phrase", "prod", True)
    assert made.command == f"anchor-tui fix prod {MOCK} --reason '…' --confirm prod"
    assert [step.title for step in made.step_groups[0].steps][:1] == [
        f"create branch anchor-tui/mend/prod/{MOCK} at 58c9961"
    ]


def test_a_switch_that_a_merge_key_overrides_is_refused():
    text = wrong(
        OVERLAY, "statusMock:\n  enabled: false", "m: &m {enabled: true}\nstatusMock: {enabled: false, <<: *m}"
    )
    refusal = expect_refusal(asked(MOCK, OVERLAY, text, line_of(text, "&m")))
    assert "has the anchor &m" in refusal.message
    turned = text.replace("{enabled: false, <<", "{enabled: true, <<")
    refusal = expect_refusal(asked(MOCK, OVERLAY, turned, line_of(turned, "statusMock")))
    assert "`statusMock.enabled` is overridden by the merge key" in refusal.message


def test_prune_is_switched_on_in_the_application_of_the_environment():
    text = wrong(MANIFEST, "prune: true", "prune: false")
    made = expect_plan(asked(PRUNE, MANIFEST, text, line_of(text, "prune: false"), "manifest"))
    assert f"{MANIFEST}:{line_of(text, 'prune: false')}: spec.syncPolicy.automated.prune → true" in line_texts(
        made, "change"
    )


def test_a_missing_switch_is_not_added():
    text = wrong(MANIFEST, "      prune: true\n", "")
    refusal = expect_refusal(asked(PRUNE, MANIFEST, text, line_of(text, "automated:"), "manifest"))
    assert "no key is ever inserted" in refusal.message
    assert f"{MANIFEST}:{line_of(text, 'automated:')}" in refusal.message


def test_another_key_now_at_the_line_is_not_changed():
    text = wrong(MANIFEST, "selfHeal: true", "selfHeal: false")
    refusal = expect_refusal(asked(PRUNE, MANIFEST, text, line_of(text, "selfHeal: false"), "manifest"))
    assert refusal.kind == "no-switch"


def test_a_switch_already_flipped_is_done():
    refusal = expect_refusal(
        asked(PRUNE, MANIFEST, sample()[MANIFEST], line_of(sample()[MANIFEST], "prune: true"), "manifest")
    )
    assert (refusal.kind, refusal.already_done) == ("same", True)


def test_the_charts_own_values_are_everybodys_and_are_left():
    path = "infra/helm/platform/values.yaml"
    text = sample()[path]
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "enabled:" in each)
    assert "belongs to several environments" in expect_refusal(asked(MOCK, path, text, line)).message


@pytest.mark.parametrize(
    ("status", "words", "settled"),
    [("pass", "nothing to fix", True), ("fail", "not in the cluster", False)],
)
def test_where_git_has_it_right_no_pull_request_is_opened(status, words, settled):
    found = Finding(PRUNE, PRUNE, "error", status, "live-spec", "in the cluster")
    prod = environment("prod", application("anchor-msp-prod"), findings=(found,))
    refusal = expect_refusal(
        fix.plan(order("mend", "prod", check=PRUNE), repo_inputs(RepoState(repo()), snapshot=snapshot(prod)))
    )
    assert words in refusal.message
    assert refusal.already_done is settled


@pytest.mark.parametrize(
    ("asked_for", "words"),
    [
        (Order("mend", "id", ("prod",), check="auth.jwt"), "cannot be fixed"),
        (Order("mend", "id", ("nowhere",), check=PRUNE), "does not exist"),
    ],
)
def test_a_finding_without_a_switch_is_refused(asked_for, words):
    assert words in expect_refusal(fix.plan(asked_for, repo_inputs(RepoState(repo())))).message
