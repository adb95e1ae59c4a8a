"""The kind of a pull request, by the releases it changes."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from anchor_tui.domain.pull_requests import classify_pull_request
from tests.values import files, opened

ORDER = ("dev", "staging", "prod")
ENVIRONMENTS = {
    "dev": files("1.44.0", "1.43.2", "1.43.1", "1.42.0"),
    "staging": files("1.43.2", "1.43.1", "1.42.0"),
    "prod": files("1.43.1", "1.42.0"),
}


CASES = [
    pytest.param({"staging": "1.44.0"}, {}, "promotion", "1.44.0", id="to the release of the upstream"),
    pytest.param({"staging": "1.43.1"}, {}, "rollback", "1.43.1", id="to a past release of its own"),
    pytest.param({"prod": "1.42.0"}, {}, "rollback", "1.42.0", id="to a past release of both"),
    pytest.param({"dev": "1.45.0"}, {}, "bump", "1.45.0", id="a new release in the first environment"),
    pytest.param({"dev": "1.43.2"}, {}, "rollback", "1.43.2", id="a past release in the first environment"),
    pytest.param({"staging": "1.45.0"}, {}, "other", "1.45.0", id="a release that is new everywhere"),
    pytest.param({}, {}, "other", None, id="no release at all"),
    pytest.param({}, {"branch": "anchor-tui/mend/nowhere/x"}, "other", None, id="a fix of an unknown environment"),
    pytest.param({"staging": None}, {}, "other", None, id="an unreadable release"),
    pytest.param({"dev": "1.45.0", "staging": "1.44.0"}, {}, "other", None, id="two environments, two kinds"),
    pytest.param({"staging": "1.44.0", "prod": "1.43.2"}, {}, "promotion", None, id="two promotions at once"),
]


@pytest.mark.parametrize(("moves", "more", "kind", "version"), CASES)
def test_the_changed_releases_determine_the_kind(
    moves: dict[str, str | None], more: dict[str, Any], kind: str, version: str | None
) -> None:
    pull = classify_pull_request(opened(**more, **moves), ORDER, ENVIRONMENTS)
    assert (pull.kind, pull.version) == (kind, version)
    assert pull.environments == tuple(name for name in ORDER if name in moves)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, "rollback"),
        ({"labels": ("promotion",)}, "promotion"),
        ({"branch": "anchor-tui/promote/staging/1.43.1"}, "promotion"),
        ({"labels": ("rollback",)}, "rollback"),
    ],
)
def test_a_label_or_our_branch_name_decides_ambiguous_cases(more: dict[str, Any], kind: str) -> None:
    """Dev was rolled back to 1.43.1, a past release of staging, so that staging may follow it or roll back."""
    environments = {**ENVIRONMENTS, "dev": files("1.43.1", "1.44.0", "1.43.2", "1.43.1")}
    assert classify_pull_request(opened(staging="1.43.1", **more), ORDER, environments).kind == kind


def test_a_pull_request_from_a_fork_is_other() -> None:
    ours = opened(labels=("promotion",), branch="anchor-tui/promote/staging/1.44.0", staging="1.44.0")
    assert classify_pull_request(ours, ORDER, ENVIRONMENTS).kind == "promotion"
    theirs = classify_pull_request(replace(ours, from_fork=True), ORDER, ENVIRONMENTS)
    assert (theirs.kind, theirs.environments, theirs.version) == ("other", ("staging",), "1.44.0")


def test_our_branch_of_a_fix_names_its_environment():
    pull = classify_pull_request(opened(branch="anchor-tui/mend/prod/argo.automated-prune"), ORDER, ENVIRONMENTS)
    assert (pull.kind, pull.environments, pull.version) == ("fix", ("prod",), None)


def test_a_release_counts_more_than_the_branch_name():
    moved = opened(branch="anchor-tui/mend/prod/x", staging="1.44.0")
    pull = classify_pull_request(moved, ORDER, ENVIRONMENTS)
    assert (pull.kind, pull.environments) == ("promotion", ("staging",))
