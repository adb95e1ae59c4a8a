from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from anchor_tui.sandbox.clock import ManualClock
from anchor_tui.sandbox.github.pull_requests import CheckTimings
from anchor_tui.sandbox.scenarios.builder import ScenarioState, build_scenario
from anchor_tui.sandbox.scenarios.catalog import SCENARIOS, UnknownScenarioError, find_scenario
from anchor_tui.sandbox.scenarios.release_files import load_sample_files, read_release_version
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.sandbox.timings import ControllerTimings
from tests.sandbox.conftest import NOON, build_poll_variables, query_github, read_query


def build_state(name: str, now: datetime = NOON) -> ScenarioState:
    return build_scenario(find_scenario(name), ManualClock(now), ControllerTimings(), CheckTimings())


def read_all_files(found: ScenarioState) -> dict[str, str]:
    git = found.ops.git
    return {
        path: git.read_text(after.sha) for path, (_, after) in git.diff_commits(_empty(git), git.head).items() if after
    }


def _empty(git):
    """A commit without files, to compare with."""
    author = git.read_commit(git.head).author
    return git.commit({}, "Nothing", author=author, time=NOON, branch="empty")


def test_the_steady_repository_is_identical_to_the_sample() -> None:
    assert read_all_files(build_state("steady")) == load_sample_files()


def test_the_incident_differs_from_the_sample_only_in_prod() -> None:
    found = read_all_files(build_state("incident"))
    assert {path for path in found if found[path] != load_sample_files()[path]} == {
        "environments/prod/release.yaml",
        "infra/helm/platform/environments/prod/values.yaml",
    }
    assert found.keys() == load_sample_files().keys()


def test_the_same_clock_gives_the_same_commits() -> None:
    heads = {build_state("incident").ops.git.head for _ in range(2)}
    assert len(heads) == 1
    assert build_state("incident", NOON + timedelta(seconds=1)).ops.git.head not in heads


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_promotion_passed_the_previous_environment(name: str) -> None:
    git = build_state(name).ops.git
    came = {}
    for environment in ("dev", "staging", "prod"):
        path = f"environments/{environment}/release.yaml"
        for commit in git.list_history(git.head, path):
            version = git.read_file(path, commit.sha).partition("\nversion: ")[2].partition("\n")[0]
            came[environment, version] = commit.time
    for (environment, version), time in came.items():
        before = {"staging": "dev", "prod": "staging"}.get(environment)
        assert before is None or came[before, version] <= time
    assert len({version for _, version in came}) == 12 + (name == "release-day")


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_release_has_a_merged_pull_request(name: str) -> None:
    found = build_state(name)
    git = found.ops.git
    for environment in ("dev", "staging", "prod"):
        *changes, first = git.list_history(git.head, f"environments/{environment}/release.yaml")
        assert first.parents == ()
        for commit in changes:
            pull = found.ops.pull_requests[found.ops.pull_request_by_commit[commit.sha]]
            assert commit.headline == f"{pull.title} (#{pull.number})"
            assert pull.merged_at == commit.time
            assert pull.created_at < commit.time
            assert commit.author.login == pull.author


async def test_steady_is_healthy_with_one_draft_pull_request(box: Sandbox, github: httpx.AsyncClient) -> None:
    for app in box.applications.values():
        assert (app.sync, app.health, app.revision) == ("Synced", "Healthy", box.git.head)
        assert app.reconciled_at is not None
        assert NOON - app.reconciled_at < timedelta(minutes=2)
    ages = {
        app.name[11:]: NOON - datetime.fromisoformat(app.history[-1]["deployedAt"]) for app in box.applications.values()
    }
    assert timedelta(hours=1.9) < ages["dev"] < timedelta(hours=2.1)
    assert timedelta(days=0.9) < ages["staging"] < timedelta(days=1.1)
    assert timedelta(days=2.9) < ages["prod"] < timedelta(days=3.1)
    (pull,) = (await query_github(github, read_query("poll"), **build_poll_variables()))["data"]["repository"][
        "pullRequests"
    ]["nodes"]
    assert pull["isDraft"]
    assert [file["path"] for file in pull["files"]["nodes"]] == ["README.md"]


@pytest.mark.parametrize("scenario_name", ["incident"])
async def test_incident_prod_is_degraded_since_its_promotion(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    status = (await argocd.get("/api/v1/applications/anchor-msp-prod")).json()["status"]
    assert status["sync"]["status"] == "Synced"
    assert status["health"]["status"] == "Degraded"
    since = NOON - datetime.fromisoformat(status["health"]["lastTransitionTime"])
    assert timedelta(minutes=11.5) < since < timedelta(minutes=12.5)
    deployed = NOON - datetime.fromisoformat(status["history"][-1]["deployedAt"])
    assert timedelta(minutes=14.5) < deployed < timedelta(minutes=15.5)
    sick = [resource for resource in status["resources"] if resource["health"]["status"] != "Healthy"]
    assert [(resource["kind"], resource["name"]) for resource in sick] == [("Deployment", "anchor-gateway")]
    assert "1.43.2" in status["summary"]["images"][0]


@pytest.mark.parametrize("scenario_name", ["incident"])
async def test_incident_staging_has_stale_resources_to_prune(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    app = (await argocd.get("/api/v1/applications/anchor-msp-staging")).json()
    assert app["spec"]["syncPolicy"]["automated"] == {"selfHeal": True}
    assert (app["status"]["sync"]["status"], app["status"]["health"]["status"]) == ("OutOfSync", "Healthy")
    stale = [resource for resource in app["status"]["resources"] if resource.get("requiresPruning")]
    assert [(resource["kind"], resource["name"], resource["status"]) for resource in stale] == [
        ("Service", "status-mock", "OutOfSync"),
        ("Deployment", "status-mock", "OutOfSync"),
    ]
    head = box.git.read_commit(box.git.head)
    assert NOON - head.time == timedelta(minutes=4)
    dev = box.applications["argocd", "anchor-msp-dev"]
    assert (dev.sync, dev.health) == ("Synced", "Healthy")


@pytest.mark.parametrize("scenario_name", ["incident"])
async def test_incident_promotion_of_staging_is_ready_to_merge(github: httpx.AsyncClient) -> None:
    answer = await query_github(github, read_query("poll"), **build_poll_variables())
    nodes = answer["data"]["repository"]["pullRequests"]["nodes"]
    (pull,) = (node for node in nodes if not node["isDraft"])
    assert (pull["number"], pull["title"]) == (232, "Promote staging to 1.44.0")
    assert pull["statusCheckRollup"]["state"] == "SUCCESS"
    assert (pull["mergeable"], pull["mergeStateStatus"], pull["reviewDecision"]) == ("MERGEABLE", "CLEAN", "APPROVED")
    assert "version: 1.44.0" in pull["headRef"]["target"]["stagingRelease"]["object"]["text"]


def test_the_ready_promotion_merges_despite_later_commits() -> None:
    found = build_state("incident")
    found.ops.merge_pull_request(232, by="a-lee", time=NOON)
    git = found.ops.git
    overlay = git.read_file("infra/helm/platform/environments/staging/values.yaml")
    assert "tag: 1.44.0" in overlay
    assert "statusMock:\n  enabled: false" in overlay
    found.controller.run_due_events(NOON + timedelta(seconds=30))
    assert found.controller.applications["argocd", "anchor-msp-staging"].images[0].partition("@")[0].endswith("1.44.0")


@pytest.mark.parametrize("scenario_name", ["release-day"])
async def test_release_day_promotion_waits_for_its_checks(box: Sandbox, github: httpx.AsyncClient) -> None:
    git = box.git
    versions = [read_release_version(git.read_file, environment) for environment in ("dev", "staging", "prod")]
    assert versions == ["1.45.0", "1.44.0", "1.43.2"]
    for app in box.applications.values():
        assert (app.sync, app.health) == ("Synced", "Healthy")
    deployed = box.applications["argocd", "anchor-msp-dev"].history[-1]["deployedAt"]
    assert NOON - datetime.fromisoformat(deployed) < timedelta(minutes=10)
    nodes = (await query_github(github, read_query("poll"), **build_poll_variables()))["data"]["repository"][
        "pullRequests"
    ]["nodes"]
    (pull,) = (node for node in nodes if not node["isDraft"])
    assert (pull["title"], pull["mergeable"], pull["mergeStateStatus"]) == (
        "Promote prod to 1.44.0",
        "MERGEABLE",
        "BLOCKED",
    )
    assert pull["statusCheckRollup"]["state"] == "PENDING"
    box.advance(60)
    merged = await github.put(
        f"/repos/anchor/anchor-msp-ops/pulls/{pull['number']}/merge", json={"merge_method": "squash"}
    )
    assert merged.status_code == 200


def test_an_unknown_scenario_error_lists_the_known_ones() -> None:
    with pytest.raises(UnknownScenarioError, match=r"choose one of steady, incident, cutover, .*drift.*, scale-N"):
        find_scenario("nope")


@pytest.mark.parametrize("when", [datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 6, 30, 23, 59, 59, tzinfo=UTC)])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_the_same_at_any_time(name: str, when: datetime) -> None:
    found = build_state(name, when)
    follows = name != "drift"
    assert found.controller.applications["argocd", "anchor-msp-dev"].sync == ("Synced" if follows else "OutOfSync")
