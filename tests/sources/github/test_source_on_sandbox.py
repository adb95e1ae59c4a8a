"""The GitHub source against the sandbox, over sockets."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from anchor_tui.config.model import GitHubConfig
from anchor_tui.domain.readings import Fresh, Unavailable
from anchor_tui.sandbox.github.pull_requests import CheckConclusion
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.sources.backoff import Backoff
from anchor_tui.sources.errors import (
    NotFound,
)
from anchor_tui.sources.github import source as module
from tests.sandbox.fork_pull_requests import open_fork_pull_request
from tests.sources.argocd.fakes import run_source
from tests.sources.github.fakes import (
    release_yaml,
    sandbox_source,
)
from tests.values import config, environment_config


def is_fresh(reading) -> bool:
    return isinstance(reading, Fresh)


async def test_a_poll_and_a_history_cost_one_point_each():
    async with Sandbox.start("incident") as box:
        budget = (await sandbox_source(box).read()).value.budget
        assert budget.cost == 1
        assert box.github.graphql_budget.used == 2
    polls_an_hour = 3600 / GitHubConfig(ops_repo="a/b").poll_s
    assert polls_an_hour * budget.cost < budget.limit / 40


@pytest.mark.parametrize("number", [1, 2, 7, 25])
async def test_any_environment_names_and_numbers_can_be_queried(number):
    names = ["prod", "eu-west.1", "0", "query", "on-premise", *(f"env-{n}" for n in range(number))][:number]
    environments = tuple(
        environment_config(name, release="environments/prod/release.yaml" if name == "prod" else f"{name}/été $x.yaml")
        for name in names
    )
    async with Sandbox.start("steady") as box:
        reading = await sandbox_source(box, config(*environments)).read()
        assert box.errors == []
        assert box.github.graphql_budget.used <= 2 + number / 3
    assert list(reading.value.environments) == names
    assert reading.value.environments["prod"].release is not None
    for name in names[1:]:
        assert reading.value.environments[name].problems[0].kind == "missing-file"


async def test_the_sandbox_is_read_completely():
    async with Sandbox.start("incident") as box:
        reading = await sandbox_source(box).read()
    repo = reading.value
    assert reading.problems == ()
    assert {name: files.release.version for name, files in repo.environments.items()} == {
        "dev": "1.44.0",
        "staging": "1.43.2",
        "prod": "1.43.2",
    }
    prod = repo.environments["prod"]
    assert (prod.release.pull_request.number, prod.release.changed_by) == (233, "m-ito")
    assert len(prod.history) > 1
    assert prod.history_complete
    promotion = next(opened for opened in repo.pull_requests if opened.pull_request.number == 232)
    assert promotion.releases["staging"].version == "1.44.0"
    assert repo.head.checks == "success"
    assert repo.viewer == "on-call"


async def test_the_next_poll_has_a_new_commit_and_its_history(monkeypatch):
    async with Sandbox.start("steady") as box:
        source = sandbox_source(box)
        async with run_source(source) as seen:
            await seen.wait_until(
                lambda reading: is_fresh(reading) and reading.value.environments["dev"].history_complete is True
            )
            sha = box.commit({"environments/dev/release.yaml": release_yaml("2.0.0")}, "Bump")
            source.read_again()
            reading = await seen.wait_until(
                lambda reading: (
                    reading.value.head.oid == sha and reading.value.environments["dev"].history[0].commit == sha
                )
            )
    assert reading.value.environments["dev"].release.version == "2.0.0"


async def test_a_former_repository_name_is_followed_and_reported():
    configured = replace(config(), github=GitHubConfig(ops_repo="anchor/msp-ops"))
    async with Sandbox.start("steady") as box:
        reading = await sandbox_source(box, configured).read()
    assert reading.problems[0].kind == "renamed"
    assert reading.value.name == "anchor/anchor-msp-ops"


async def test_an_unknown_repository_is_not_found():
    configured = replace(config(), github=GitHubConfig(ops_repo="anchor/nothing"))
    async with Sandbox.start("steady") as box:
        with pytest.raises(NotFound, match="anchor/nothing"):
            await sandbox_source(box, configured).read()


async def test_more_than_a_page_of_pull_requests_is_read():
    async with Sandbox.start("steady") as box:
        before = len(await _numbers(box))
        for number in range(60):
            branch = f"topic-{number}"
            box.git.branches[branch] = box.git.head
            box.commit({f"notes/{number}.md": "x\n"}, f"Note {number}", branch=branch)
            box.github_repo.open_pull_request(f"Note {number}", author="a-lee", branch=branch, time=box.clock.now())
        assert len(await _numbers(box)) == before + 60


async def _numbers(box: Sandbox) -> set[int]:
    return {opened.pull_request.number for opened in (await sandbox_source(box).read()).value.pull_requests}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("github:status=401", "unauthenticated"),
        ("github:invalid-token", "unauthenticated"),
        ("github:status=403", "forbidden"),
        ("github:status=404", "not-found"),
        ("github:status=429", "rate-limited"),
        ("github:secondary-limit", "rate-limited"),
        ("github:status=502", "server"),
        ("github:status=503", "server"),
        ("github:html", "bad-answer"),
        ("github:truncated", "bad-answer"),
        ("github:reset", "unreachable"),
    ],
)
async def test_every_fault_is_a_kind_of_error_and_passes(monkeypatch, fault, kind):
    monkeypatch.setattr(module, "Backoff", lambda **_: Backoff(first=0.01, longest=0.02))
    async with Sandbox.start("steady") as box:
        box.faults.add(fault)
        source = sandbox_source(box)
        async with run_source(source) as seen:
            missing = await seen.wait_until(lambda reading: isinstance(reading, Unavailable))
            assert missing.error.kind == kind
            assert box.github_token not in missing.error.message
            box.faults.clear()
            source.read_again()
            await seen.wait_until(
                lambda reading: is_fresh(reading) and reading.value.environments["prod"].history_complete is True
            )


async def test_denied_checks_are_unknown_and_reported():
    async with Sandbox.start("steady") as box:
        box.faults.add("github:deny=contexts")
        reading = await sandbox_source(box).read()
    assert reading.value.head.checks == "unknown"
    assert "statusCheckRollup.contexts" in reading.problems[0].subject


@pytest.mark.parametrize("field", ["refUpdateRule", "rules"])
@pytest.mark.parametrize(("conclusion", "state"), [("SUCCESS", "unknown"), ("FAILURE", "failure"), (None, "pending")])
async def test_with_unreadable_rules_green_is_unknown(field, conclusion, state):
    async with Sandbox.start("steady") as box:
        box.faults.add(f"github:deny={field}")
        report(box, conclusion, box.clock.now())
        reading = await sandbox_source(box).read()
    assert reading.value.head.required_checks == ("release-contract",)
    assert reading.value.head.checks == state


# --- superseded, several apps, many -------------------------------------------------------------------


def report(box: Sandbox, conclusion: CheckConclusion | None, started_at: datetime, **more: str) -> None:
    """Report a further run of the required check of the head."""
    box.github_repo.report_check_run(
        box.git.head, "release-contract", conclusion=conclusion, started_at=started_at, **more
    )


@pytest.mark.parametrize(
    ("earlier", "later", "state"),
    [
        ("FAILURE", "SUCCESS", "success"),
        ("CANCELLED", "SKIPPED", "success"),
        ("STALE", "NEUTRAL", "success"),
        ("FAILURE", None, "pending"),
        ("SUCCESS", "ACTION_REQUIRED", "failure"),
    ],
)
async def test_the_newest_run_of_the_required_check_counts(earlier, later, state):
    async with Sandbox.start("steady") as box:
        now = box.clock.now()
        for conclusion, started_at in ((earlier, now), (later, now + timedelta(minutes=1))):
            report(box, conclusion, started_at)
        head = (await sandbox_source(box).read()).value.head
    assert head.checks == state
    assert head.checks_awaiting_person == (("release-contract",) if later == "ACTION_REQUIRED" else ())


async def test_another_apps_failure_is_not_the_required_check():
    async with Sandbox.start("steady") as box:
        report(box, "FAILURE", box.clock.now(), app="policy-app")
        assert (await sandbox_source(box).read()).value.head.checks == "success"


@pytest.mark.parametrize(("conclusion", "state"), [("SUCCESS", "success"), ("FAILURE", "failure")])
async def test_more_checks_than_a_page_are_read(conclusion, state):
    async with Sandbox.start("steady") as box:
        now = box.clock.now()
        for number in range(130):
            box.github_repo.report_check_run(box.git.head, f"matrix ({number})", conclusion="SUCCESS", started_at=now)
        report(box, "SUCCESS" if state == "failure" else "FAILURE", now)
        report(box, conclusion, now + timedelta(minutes=1))
        reading = await sandbox_source(box).read()
    assert (reading.value.head.checks, reading.problems) == (state, ())


async def test_the_checks_of_a_pull_request_are_its_newest():
    async with Sandbox.start("incident") as box:
        pull = box.github_repo.pull_requests[232]
        for conclusion, minute in (("FAILURE", 0), ("SUCCESS", 1)):
            box.github_repo.report_check_run(
                pull.head, "lint", conclusion=conclusion, started_at=box.clock.now() + timedelta(minutes=minute)
            )
        opened = (await sandbox_source(box).read()).value.pull_requests
    assert next(each for each in opened if each.pull_request.number == 232).pull_request.checks == "success"


async def test_a_pull_request_from_a_fork_is_marked():
    async with Sandbox.start("steady") as box:
        theirs = open_fork_pull_request(
            box, "anchor-tui/promote/staging/1.44.0", {"environments/staging/release.yaml": release_yaml("1.44.0")}
        )
        opened = (await sandbox_source(box).read()).value.pull_requests
    assert {each.pull_request.number for each in opened if each.from_fork} == {theirs.number}
    (fork,) = (each for each in opened if each.from_fork)
    assert fork.releases["staging"].version == "1.44.0"
