"""Readings of one pull request on the sandbox: each part fails on its own."""

from __future__ import annotations

import pytest

from anchor_tui.domain.inspection.pull_request_details import VersionMove
from anchor_tui.domain.readings import Fresh, Unavailable
from anchor_tui.services.connections import Connections
from anchor_tui.services.observe.pull_request_inspector import PullRequestInspector
from tests.services.sandbox_operator import operator_at


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    with operator_at("failed-check", tmp_path_factory.mktemp("operator")) as op:
        yield op


@pytest.fixture
async def make_inspector(operator):
    inspectors = []

    def make(number: int) -> PullRequestInspector:
        connections = Connections(operator.config, operator.environ, operator.folder)
        inspectors.append(PullRequestInspector(connections, number))
        return inspectors[-1]

    yield make
    for inspector in inspectors:
        await inspector.aclose()
    operator.box.faults.clear()


async def test_every_part_is_read(make_inspector):
    inspector = make_inspector(232)
    details, patches = await inspector.read_details(), await inspector.read_patches()
    assert isinstance(details, Fresh)
    assert isinstance(patches, Fresh)
    assert patches.value.moves == (VersionMove("staging", "1.43.2", "1.44.0"),)
    log = await inspector.read_job_log(details.value.checks[0].job_id)
    assert isinstance(log, Fresh)


async def test_an_unknown_number_is_unavailable(make_inspector):
    reading = await make_inspector(9999).read_details()
    assert isinstance(reading, Unavailable)
    assert reading.error.kind == "not-found"


async def test_a_denied_pull_request_names_the_permission(operator, make_inspector):
    operator.box.faults.add("github:deny=pullRequest")
    reading = await make_inspector(232).read_details()
    assert isinstance(reading, Unavailable)
    assert reading.error.kind == "forbidden"
    assert "the token needs the permission pull requests: read" in reading.error.message


async def test_denied_checks_leave_the_other_parts(operator, make_inspector):
    operator.box.faults.add("github:deny=statusCheckRollup")
    reading = await make_inspector(232).read_details()
    assert isinstance(reading, Fresh)
    assert [(check.state, check.outcome) for check in reading.value.checks] == [("unknown", "not visible")]
    assert reading.value.reviews


async def test_an_unreachable_github_is_unavailable(operator, make_inspector):
    operator.box.faults.add("github:status=503")
    inspector = make_inspector(232)
    for reading in (await inspector.read_details(), await inspector.read_patches(), await inspector.read_job_log(1)):
        assert isinstance(reading, Unavailable)
