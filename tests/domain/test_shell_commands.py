"""The shell commands: quoted, without options from foreign text, and accepted by our own parser."""

from __future__ import annotations

import shlex
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.__main__ import build_parser
from anchor_tui.domain.actions.plan import Order
from anchor_tui.domain.inspection.resource_tree import ResourceKey
from anchor_tui.domain.model import Application, Environment, Level, Operation, PullRequest, UnhealthyResource, Verdict
from anchor_tui.domain.shell_commands import (
    ShellCommand,
    list_application_commands,
    list_environment_commands,
    list_plan_commands,
    list_pull_request_commands,
    list_release_commands,
    list_resource_commands,
)
from anchor_tui.domain.source_data import PastRelease
from tests.tui.sample_plans import promotion_plan, sync_plan
from tests.values import application, pull_request, release, replace

FAILING = application(
    "gateway",
    unhealthy=(UnhealthyResource("apps", "Deployment", "anchor-prod", "gateway", "Degraded"),),
    operation=Operation("Running", started_at=datetime(2026, 1, 1, tzinfo=UTC)),
)
PROD = Environment(
    name="prod",
    rules="prod",
    tier="always-on",
    protected=True,
    source="argocd",
    verdict=Verdict(Level.OK),
    release=release("1.43.2"),
    applications=(FAILING,),
)
FILES = ("environments/prod/release.yaml", "infra/values of prod.yaml")
TOKEN = "ghp_" + "a1B2" * 9
POD = ResourceKey("", "Pod", "anchor-prod", "gateway-7d9")
PAST = PastRelease("3" * 40, release("1.43.1"))


def every_command() -> tuple[ShellCommand, ...]:
    return (
        *list_application_commands(FAILING),
        *list_resource_commands(FAILING, POD),
        *list_pull_request_commands(pull_request(232)),
        *list_environment_commands(PROD, repository_url="https://github.com/anchor/ops", files=FILES),
        *list_plan_commands(sync_plan(Order("sync", "id", (), (FAILING.id,)))),
        *list_plan_commands(promotion_plan(Order("promote", "id", ("prod",)))),
        *list_release_commands("prod", PAST),
    )


def lines(commands: tuple[ShellCommand, ...]) -> list[str]:
    return [command.line for command in commands]


def test_an_application_has_commands_that_look_and_that_change():
    found = lines(list_application_commands(FAILING))
    assert "argocd app get argocd/gateway --output=tree=detailed" in found
    assert "argocd app diff argocd/gateway" in found
    assert "kubectl describe deployment.apps/gateway --namespace=anchor-prod" in found
    assert (
        "kubectl logs deployment.apps/gateway --namespace=anchor-prod --all-containers --tail=200 --previous" in found
    )
    assert "anchor-tui app argocd/gateway --why" in found
    assert "git show --stat 58c99611d007a6cc61b03fc859cecf01bfcf1e22 --" in found
    assert "argocd app terminate-op argocd/gateway" in found


def test_commands_that_change_something_are_marked():
    changing = {command.line for command in every_command() if command.changes}
    assert "argocd app sync argocd/gateway" in changing
    assert "argocd app get argocd/gateway --refresh" in changing
    assert "gh pr merge 232 --repo=github.com/a/b" in changing
    looking = {command.words[:3] for command in every_command() if not command.changes}
    assert not looking & {("argocd", "app", "sync"), ("gh", "pr", "merge"), ("kubectl", "rollout", "restart")}


def test_a_pull_request_is_named_with_its_own_repository():
    pull = pull_request(7, url="https://ghe.example.com/team/ops/pull/7")
    assert "gh pr checks 7 --repo=ghe.example.com/team/ops" in lines(list_pull_request_commands(pull))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://github.com/a/-b/c/pull/7", "https://[::1", "", "x"])
def test_an_odd_address_gives_no_command_of_gh(url):
    found = list_pull_request_commands(pull_request(7, url=url))
    assert not [command for command in found if command.words[0] == "gh"]


def test_an_environment_lists_the_commits_of_its_files():
    found = lines(list_environment_commands(PROD, repository_url="https://github.com/anchor/ops.git", files=FILES))
    assert "git log --oneline -n 20 -- environments/prod/release.yaml 'infra/values of prod.yaml'" in found
    assert "gh pr list --repo=github.com/anchor/ops" in found
    assert "anchor-tui promote prod --dry-run" in found


def test_a_past_release_lists_its_commit_and_the_way_back():
    found = lines(list_release_commands("prod", PAST))
    assert found == [
        f"git show {'3' * 40} --",
        "gh pr view 1431 --repo=github.com/a/b --comments",
        "anchor-tui rollback prod --to 1.43.1 --dry-run",
    ]


def test_a_plan_lists_its_own_command_first():
    plan = sync_plan(Order("sync", "id", (), (FAILING.id,), prune=True))
    first, second = list_plan_commands(plan)
    assert first.words == tuple(shlex.split(plan.command))
    assert second.line == "argocd app sync argocd/gateway --prune"
    assert first.changes
    assert second.changes


def test_our_own_commands_are_accepted_by_our_parser():
    own = [command.words for command in every_command() if command.words[0] == "anchor-tui"]
    assert len(own) > 6
    for words in own:
        build_parser().parse_args(list(words[1:]))


@pytest.mark.parametrize("name", ["--prune", "-x", "a\nb", "a\x1b[31m", TOKEN, "\u202eabc"])
def test_a_name_that_is_not_safe_gives_no_command(name):
    assert list_application_commands(application(name, namespace="")) == ()
    assert list_resource_commands(FAILING, POD._replace(name=name)) == ()
    assert list_environment_commands(replace(PROD, name=name)) == ()
    bad = application(name, namespace="")
    assert name not in "".join(lines(list_environment_commands(replace(PROD, applications=(bad,)))))
    assert name not in "".join(lines(list_release_commands("prod", replace(PAST, release=release_named(name)))))


def release_named(version: str):
    return replace(release("1.43.1"), version=version)


def test_a_revision_that_is_not_a_commit_is_left_out():
    found = list_application_commands(application("web", compared_revision="--output=/etc/passwd"))
    assert not [command for command in found if command.words[0] == "git"]


TEXT = st.text(max_size=20)


@given(TEXT, TEXT, TEXT)
def test_foreign_text_is_always_one_word_and_never_an_option(name, namespace, kind):
    app = application(name, namespace=namespace, unhealthy=(UnhealthyResource("apps", kind, namespace, name, "Bad"),))
    pull = PullRequest(7, name, f"https://github.com/{namespace}/{name}/pull/7")
    for command in (*list_application_commands(app), *list_pull_request_commands(pull)):
        assert tuple(shlex.split(command.line)) == command.words
        assert "\n" not in command.line
        foreign = [word for word in command.words if word in {name, namespace, kind} and word]
        assert not [word for word in foreign if word.startswith("-")]


def test_a_shell_reads_the_words_that_were_meant():
    app = Application("argocd", "team $(id)", "it's `x`; rm -rf ~")
    command = list_application_commands(app)[0]
    script = f"printf '%s\\n' {shlex.join(command.words)}"
    shown = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == list(command.words)
