"""A wrong address is replaced by the last correct one of the same key, and prune waits for it."""

from __future__ import annotations

from anchor_tui.domain.actions import fix
from anchor_tui.domain.actions.repo_state import EarlierFile, RepoPermissions, RepoState
from anchor_tui.domain.kubernetes.managed_resources import ApplicationObjects
from anchor_tui.domain.model import Finding
from tests.domain.actions.test_prune_references import MOCK_URL, REAL_URL, gateway, mock
from tests.domain.policy.sample_repo import sample
from tests.plan_values import (
    environment,
    expect_plan,
    expect_refusal,
    file,
    line_texts,
    make_app_state,
    only_line,
    order,
    repo,
    repo_inputs,
    snapshot,
)
from tests.values import application

OVERLAY = "infra/helm/platform/environments/prod/values.yaml"
MANIFEST = "infra/argocd/applications/prod.yaml"
CHECK, PRUNE = "mock.control-center-url", "argo.automated-prune"
REAL = "https://control.anchor.example/egi"
MOCKED = sample()[OVERLAY].replace(REAL, "http://status-mock.anchor-prod.svc/egi")
LINE = next(number for number, line in enumerate(MOCKED.splitlines(), 1) if "EGI_CONTROL_CENTER_URL" in line)


def fixed(*earlier: str, text: str = MOCKED, line: int = LINE, path: str = OVERLAY):
    found = Finding(CHECK, CHECK, "error", "fail", "git", "it names the mock", file=path, line=line)
    prod = environment("prod", application("anchor-msp-prod"), findings=(found,))
    files = tuple(EarlierFile(path, f"{index}" * 40, one.encode()) for index, one in enumerate(earlier, 1))
    permissions = RepoPermissions("on-call", "yes", merge_methods=("squash",))
    state = RepoState(repo({path: text}), permissions, {path: file(path, text)}, earlier_files=files)
    return fix.plan(order("mend", "prod", check=CHECK), repo_inputs(state, snapshot=snapshot(prod)))


def test_the_newest_correct_address_is_restored():
    older = sample()[OVERLAY].replace(REAL, "https://older.example/egi")
    made = expect_plan(fixed(MOCKED, "a: [", sample()[OVERLAY], older))
    changed = [line for line in made.diffs[0].text.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
    assert changed == [
        "-    EGI_CONTROL_CENTER_URL: http://status-mock.anchor-prod.svc/egi",
        f"+    EGI_CONTROL_CENTER_URL: {REAL}",
    ]
    assert "as it was at 3333333" in line_texts(made, "note")
    assert made.phrase == "prod"


def test_without_a_correct_address_in_history_nothing_changes():
    for earlier in ((), (MOCKED,), ("x: 1",)):
        refusal = expect_refusal(fixed(*earlier))
        assert refusal.kind == "no-value"
        assert f"set it by hand at {OVERLAY}:{LINE}" in refusal.message


def test_a_line_that_changed_meanwhile_is_left_alone():
    assert expect_refusal(fixed(sample()[OVERLAY], text=sample()[OVERLAY])).already_done
    assert expect_refusal(fixed(sample()[OVERLAY], line=LINE + 1)).kind == "no-value"


def test_the_values_of_all_environments_are_not_edited():
    refusal = expect_refusal(fixed(sample()[OVERLAY], path="infra/helm/platform/values.yaml"))
    assert refusal.kind == "shared"


def prune_on(url: str, name: str = "prod"):
    text = sample()[MANIFEST].replace("prune: true", "prune: false")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "prune: false" in line)
    found = Finding(PRUNE, PRUNE, "error", "fail", "manifest", "it is false", file=MANIFEST, line=line)
    app = application(f"anchor-msp-{name}")
    state = RepoState(
        repo({MANIFEST: text}),
        RepoPermissions("on-call", "yes", merge_methods=("squash",)),
        {MANIFEST: file(MANIFEST, text)},
    )
    managed = ApplicationObjects((gateway(url),), (gateway(url), mock()))
    inputs = repo_inputs(
        state,
        snapshot=snapshot(environment(name, app, findings=(found,))),
        states={app.id: make_app_state(app, managed=managed)},
    )
    return fix.plan(order("mend", name, check=PRUNE), inputs)


def test_prune_is_not_switched_on_while_prod_uses_the_mock():
    refusal = expect_refusal(prune_on(MOCK_URL))
    assert refusal.kind == "still-used"
    made = expect_plan(prune_on(REAL_URL))
    assert only_line(made, "Argo CD will delete Service/status-mock").kind == "warning"
