"""The position of an environment relative to the one before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.release_lag import compare_releases
from tests.values import files, replace


def test_the_first_environment_is_always_the_newest() -> None:
    assert compare_releases(files("1.44.0"), None, None).state == "newest"


def test_the_same_images_are_newest_under_any_version() -> None:
    own, upstream = files("1.44.0"), files("1.44.0")
    assert own.release is not None
    renamed = replace(own, release=replace(own.release, version="1.44.0-rebuilt"))
    assert compare_releases(renamed, "dev", upstream).state == "newest"


def test_behind_lists_the_missing_releases_newest_first() -> None:
    position = compare_releases(files("1.43.1"), "dev", files("1.44.0", "1.43.2", "1.43.1", "1.42.0"))
    assert (position.state, position.environment, position.versions) == ("behind", "dev", ("1.44.0", "1.43.2"))
    assert [pull.number for pull in position.pull_requests] == [1440, 1432]
    assert position.since is not None


def test_ahead_is_an_environment_whose_upstream_was_rolled_back() -> None:
    position = compare_releases(files("1.44.0", "1.43.2"), "dev", files("1.43.2", "1.43.1"))
    assert (position.state, position.versions) == ("ahead", ("1.44.0",))


def test_complete_histories_without_common_release_have_diverged() -> None:
    assert compare_releases(files("2.0.0"), "dev", files("1.44.0")).state == "diverged"


@pytest.mark.parametrize("whole", [False, None])
def test_an_incomplete_history_leaves_the_position_unknown(whole: bool | None) -> None:
    assert compare_releases(files("2.0.0"), "dev", files("1.44.0", whole=whole)).state == "unknown"


def test_an_unreadable_release_leaves_the_position_unknown() -> None:
    assert compare_releases(files(), "dev", files("1.44.0")).state == "unknown"
    assert compare_releases(files("1.44.0"), "dev", None).state == "unknown"


@given(st.lists(st.sampled_from(["1.0.0", "1.1.0", "1.2.0", "1.3.0"]), min_size=1), st.integers(0, 10))
def test_any_past_release_of_the_upstream_is_newest_or_behind(versions: list[str], index: int) -> None:
    at = versions[index % len(versions)]
    position = compare_releases(files(at), "dev", files(*versions))
    assert position.state == ("newest" if at == versions[0] else "behind")
    assert len(set(position.versions)) == len(position.versions)
