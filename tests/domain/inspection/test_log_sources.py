"""The container whose log matters, restarts, and why a log is empty."""

from __future__ import annotations

from datetime import timedelta

from anchor_tui.domain.inspection.log_sources import (
    LogPods,
    PodLogs,
    describe_restart,
    explain_empty_log,
    has_just_restarted,
)
from anchor_tui.domain.inspection.pods import ContainerState, PodState, Termination
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode
from tests.values import NOW

KEY = ResourceKey("", "Pod", "n", "gateway-1")
ENDED = Termination(137, "OOMKilled", finished_at=NOW - timedelta(minutes=2))
APP, SIDECAR = ContainerState("app"), ContainerState("sidecar")
INIT = ContainerState("migrate", "init")


def pod(*containers: ContainerState, phase: str = "Running") -> PodLogs:
    return PodLogs(ResourceNode(KEY), PodState(KEY, phase, containers=containers))


def test_the_first_main_container_is_chosen():
    found = pod(INIT, APP, SIDECAR).choose_container()
    assert found is not None
    assert found.name == "app"


def test_a_failing_container_is_chosen_before_the_others():
    crashing = ContainerState("sidecar", restarts=3, waiting_reason="CrashLoopBackOff", last_ended=ENDED)
    assert pod(INIT, APP, crashing).choose_container() == crashing
    failed = ContainerState("migrate", "init", ended=Termination(1))
    assert pod(failed, ContainerState("app", waiting_reason="PodInitializing")).choose_container() == failed


def test_a_wanted_container_is_chosen_if_it_exists():
    assert pod(APP, SIDECAR).choose_container("sidecar") == SIDECAR
    assert pod(APP).choose_container("sidecar") is None
    assert PodLogs(ResourceNode(KEY)).choose_container() is None


def test_a_restart_is_recent_for_ten_minutes():
    restarted = ContainerState("app", restarts=1, last_ended=ENDED)
    assert has_just_restarted(restarted, NOW)
    assert not has_just_restarted(restarted, NOW + timedelta(minutes=9))
    assert not has_just_restarted(ContainerState("app", ended=ENDED), NOW)
    assert "previous process of app (OOMKilled, SIGKILL, 2 min ago)" in describe_restart(restarted, NOW)


def test_an_empty_log_is_explained():
    waiting = pod(ContainerState("app", waiting_reason="ImagePullBackOff"))
    assert "gateway-1 waits: ImagePullBackOff" in explain_empty_log([waiting], "", 200)
    assert "gateway-1 has not started" in explain_empty_log([pod(APP, phase="Pending")], "", 200)
    assert explain_empty_log([pod(APP)], "", 200).startswith("no lines in the last 200: the process has not written")


def test_container_names_are_listed_once():
    assert LogPods((pod(INIT, APP), pod(APP, SIDECAR)), 2).container_names == ("migrate", "app", "sidecar")
