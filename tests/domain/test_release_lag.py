"""Where an environment stands, and what a pull request does: both from what the files say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.pull_requests import classify_pull_request
from anchor_tui.domain.release_lag import compare_releases
from tests.values import files, opened, replace

ORDER = ("dev", "staging", "prod")
ESTATE = {
    "dev": files("1.44.0", "1.43.2", "1.43.1", "1.42.0"),
    "staging": files("1.43.2", "1.43.1", "1.42.0"),
    "prod": files("1.43.1", "1.42.0"),
}


def test_the_first_environment_is_always_the_newest() -> None:
    assert compare_releases(files("1.44.0"), None, None).state == "newest"


def test_the_same_images_as_the_one_before_is_newest_whatever_the_version_is_called() -> None:
    own, upstream = files("1.44.0"), files("1.44.0")
    assert own.release is not None
    renamed = replace(own, release=replace(own.release, version="1.44.0-rebuilt"))
    assert compare_releases(renamed, "dev", upstream).state == "newest"


def test_behind_names_the_releases_between_newest_first_their_pull_requests_and_since_when() -> None:
    found = compare_releases(files("1.43.1"), "dev", files("1.44.0", "1.43.2", "1.43.1", "1.42.0"))
    assert (found.state, found.environment, found.versions) == ("behind", "dev", ("1.44.0", "1.43.2"))
    assert [pull.number for pull in found.pull_requests] == [1440, 1432]
    assert found.since is not None


def test_ahead_is_an_environment_that_the_one_before_went_back_behind() -> None:
    found = compare_releases(files("1.44.0", "1.43.2"), "dev", files("1.43.2", "1.43.1"))
    assert (found.state, found.versions) == ("ahead", ("1.44.0",))


def test_releases_that_never_met_have_diverged_where_the_history_is_whole() -> None:
    assert compare_releases(files("2.0.0"), "dev", files("1.44.0")).state == "diverged"


@pytest.mark.parametrize("whole", [False, None])
def test_a_history_that_ends_too_early_leaves_the_position_unknown(whole: bool | None) -> None:
    assert compare_releases(files("2.0.0"), "dev", files("1.44.0", whole=whole)).state == "unknown"


def test_a_release_that_cannot_be_read_leaves_the_position_unknown() -> None:
    assert compare_releases(files(), "dev", files("1.44.0")).state == "unknown"
    assert compare_releases(files("1.44.0"), "dev", None).state == "unknown"


@given(st.lists(st.sampled_from(["1.0.0", "1.1.0", "1.2.0", "1.3.0"]), min_size=1), st.integers(0, 10))
def test_an_environment_at_any_release_that_the_one_before_has_had_is_newest_or_behind(
    versions: list[str], index: int
) -> None:
    at = versions[index % len(versions)]
    found = compare_releases(files(at), "dev", files(*versions))
    assert found.state == ("newest" if at == versions[0] else "behind")
    assert len(set(found.versions)) == len(found.versions)


CASES = [
    pytest.param({"staging": "1.44.0"}, {}, "promotion", "1.44.0", id="to what the one before has"),
    pytest.param({"staging": "1.43.1"}, {}, "rollback", "1.43.1", id="to what this one had"),
    pytest.param({"prod": "1.42.0"}, {}, "rollback", "1.42.0", id="to what both had"),
    pytest.param({"dev": "1.45.0"}, {}, "bump", "1.45.0", id="a new one in the first environment"),
    pytest.param({"dev": "1.43.2"}, {}, "rollback", "1.43.2", id="an old one in the first environment"),
    pytest.param({"staging": "1.45.0"}, {}, "other", "1.45.0", id="one that nobody has had"),
    pytest.param({}, {}, "other", None, id="no release at all"),
    pytest.param({"staging": None}, {}, "other", None, id="a release that cannot be read"),
    pytest.param({"dev": "1.45.0", "staging": "1.44.0"}, {}, "other", None, id="two environments, two things"),
    pytest.param({"staging": "1.44.0", "prod": "1.43.2"}, {}, "promotion", None, id="two promotions at once"),
]


@pytest.mark.parametrize(("moves", "more", "kind", "version"), CASES)
def test_a_pull_request_is_named_by_what_it_does(
    moves: dict[str, str | None], more: dict[str, Any], kind: str, version: str | None
) -> None:
    found = classify_pull_request(opened(**more, **moves), ORDER, ESTATE)
    assert (found.kind, found.version) == (kind, version)
    assert found.environments == tuple(name for name in ORDER if name in moves)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, "rollback"),
        ({"labels": ("promotion",)}, "promotion"),
        ({"branch": "anchor-tui/promote/staging/1.43.1"}, "promotion"),
        ({"labels": ("rollback",)}, "rollback"),
    ],
)
def test_a_label_or_our_own_branch_name_settles_doubt(more: dict[str, Any], kind: str) -> None:
    """dev was rolled back to 1.43.1, which staging had before: to 1.43.1 is both."""
    estate = {**ESTATE, "dev": files("1.43.1", "1.44.0", "1.43.2", "1.43.1")}
    assert classify_pull_request(opened(staging="1.43.1", **more), ORDER, estate).kind == kind
