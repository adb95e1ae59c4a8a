"""Which release is moved where: chosen from the branch's history, by version or by commit."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from anchor_tui.domain.actions.release_selection import (
    ReleaseMove,
    branch_name,
    earlier_releases,
    pull_requests_of,
    select_release,
)
from anchor_tui.domain.model import Problem
from anchor_tui.domain.source_data import EnvironmentFiles, PastRelease
from tests.domain.policy.sample_repo import CONFIG
from tests.plan_values import expect_refusal, order
from tests.values import files, ops_repo, release

REPO = ops_repo()


def promoted(*environments, repo=REPO, **changes):
    return select_release(order("promote", *(environments or ("staging",)), **changes), CONFIG, repo)


def rolled_back(name="dev", repo=REPO, **changes):
    return select_release(order("rollback", name, **changes), CONFIG, repo)


def with_files(**environments):
    return ops_repo(environments={**REPO.environments, **environments})


def versions(releases):
    return [each.version for each in releases]


# --- promotion ----------------------------------------------------------------------------------------


def test_a_promotion_brings_the_release_of_the_environment_before():
    move = promoted("staging")
    assert isinstance(move, ReleaseMove)
    assert (move.environment.name, move.source.name, move.release.version) == ("staging", "dev", "1.44.0")
    assert move.current == REPO.environments["staging"].release
    assert move.commit == ""
    assert move.is_current_upstream
    assert versions(move.releases_between) == ["1.44.0"]


def test_from_names_another_environment_before_it():
    move = promoted("prod", source="dev")
    assert (move.source.name, move.release.version) == ("dev", "1.44.0")
    assert versions(move.releases_between) == ["1.44.0", "1.43.2"]


def test_a_version_is_searched_in_the_upstream_history():
    move = promoted("prod", source="dev", version="1.43.2")
    assert (move.release.version, move.commit) == ("1.43.2", f"{1:040x}")
    assert not move.is_current_upstream
    assert versions(move.releases_between) == ["1.43.2"]


@pytest.mark.parametrize("asked", ["1.44.0", "0000000", f"{0:040x}"])
def test_the_current_version_is_recognised_by_any_name(asked):
    move = promoted("staging", version=asked)
    assert (move.release.version, move.commit, move.is_current_upstream) == ("1.44.0", "", True)


@pytest.mark.parametrize(
    ("environments", "changes", "kind", "words"),
    [
        (("dev",), {}, "first", "dev is the first environment"),
        (
            ("nope",),
            {},
            "no-environment",
            "the environment 'nope' does not exist; known environments: dev, staging, prod",
        ),
        (("",), {}, "no-environment", "known environments: dev, staging, prod"),
        (("prod",), {"source": "nope"}, "no-environment", "the environment 'nope' does not exist"),
        (("staging",), {"source": "prod"}, "order", "prod is not before staging: use rollback to go back"),
        (("staging",), {"source": "staging"}, "order", "staging is not before staging"),
        (("staging",), {"version": "9.9"}, "no-version", "the history of dev does not contain 9.9; it contains "),
        (("staging",), {"version": "000"}, "no-version", "the history of dev does not contain 000"),
    ],
)
def test_a_promotion_that_makes_no_sense_is_refused(environments, changes, kind, words):
    refusal = expect_refusal(promoted(*environments, **changes))
    assert refusal.kind == kind
    assert words in refusal.message
    assert not refusal.already_done


def test_a_refusal_lists_the_releases_to_choose_from():
    assert expect_refusal(promoted("staging", version="9.9")).message.endswith("it contains 1.44.0, 1.43.2, 1.43.1")


def test_promoting_the_current_release_is_already_done():
    refusal = expect_refusal(promoted("staging", repo=with_files(dev=files("1.43.2"))))
    assert (refusal.kind, refusal.already_done) == ("same", True)


def test_the_same_images_under_another_version_are_something_to_promote():
    other = replace(release("1.43.2"), version="1.43.2-hotfix")
    assert isinstance(promoted("staging", repo=with_files(dev=EnvironmentFiles(other))), ReleaseMove)


@pytest.mark.parametrize(
    ("upstream", "words"),
    [
        (
            EnvironmentFiles(problems=(Problem("dev", "malformed", "not valid YAML", "r.yaml", 3),)),
            "r.yaml:3: not valid",
        ),
        (EnvironmentFiles(), "it was not read"),
        (None, "it was not read"),
    ],
)
def test_an_unreadable_release_is_not_promoted(upstream, words):
    environments = {**REPO.environments, "dev": upstream}
    repo = ops_repo(environments={name: each for name, each in environments.items() if each is not None})
    refusal = expect_refusal(promoted("staging", repo=repo))
    assert (refusal.kind, refusal.subject) == ("unreadable", "dev")
    assert words in refusal.message


def test_an_unreadable_release_can_be_promoted_over():
    move = promoted("staging", repo=with_files(staging=EnvironmentFiles()))
    assert isinstance(move, ReleaseMove)
    assert move.current is None


@pytest.mark.parametrize(
    ("staging", "changes"),
    [
        (files("1.40.0"), {}),
        (files("1.43.2"), {"version": "1.43.1"}),
    ],
)
def test_releases_missing_in_the_history_are_not_listed(staging, changes):
    """The present release is not among the older ones: it was never there, or further back than was read."""
    move = promoted("staging", repo=with_files(staging=staging), **changes)
    assert isinstance(move, ReleaseMove)
    assert move.releases_between == ()


def test_included_pull_requests_are_named_once():
    twice = replace(release("1.43.2"), version="1.43.2b")
    found = pull_requests_of((release("1.44.0"), release("1.43.2"), twice, replace(release("1.1"), pull_request=None)))
    assert [each.number for each in found] == [1440, 1432]


# --- rollback -----------------------------------------------------------------------------------------


def test_the_choices_of_a_rollback_are_the_distinct_earlier_releases():
    repo = with_files(dev=files("1.44.0", "1.43.2", "1.44.0", "1.43.2", "1.43.1"))
    assert versions(each.release for each in earlier_releases(repo, "dev")) == ["1.43.2", "1.43.1"]
    assert [each.commit for each in earlier_releases(repo, "dev")] == [f"{1:040x}", f"{4:040x}"]


def test_an_unreadable_release_is_not_a_choice():
    history = (PastRelease("a" * 40, release("1.44.0")), PastRelease("b" * 40, None))
    assert earlier_releases(with_files(dev=EnvironmentFiles(release("1.44.0"), history=history)), "dev") == ()
    assert earlier_releases(REPO, "nope") == ()


@pytest.mark.parametrize("asked", ["1.43.1", f"{2:040x}"])
def test_a_rollback_names_a_version_or_its_commit(asked):
    move = rolled_back(version=asked)
    assert isinstance(move, ReleaseMove)
    assert (move.environment, move.source) == (move.source, move.environment)
    assert (move.release.version, move.commit) == ("1.43.1", f"{2:040x}")
    assert versions(move.releases_between) == ["1.44.0", "1.43.2"]


def test_of_a_version_used_twice_the_latest_content_counts():
    repo = with_files(dev=files("1.44.0", "1.43.2", "1.43.1", "1.43.2"))
    assert rolled_back(repo=repo, version="1.43.2").commit == f"{1:040x}"


def test_a_release_with_a_reused_version_is_named_by_commit():
    rebuilt = replace(release("1.43.2"), images=(replace(release("1.43.2").images[0], digest=f"sha256:{'9' * 64}"),))
    history = (*files("1.44.0", "1.43.2").history, PastRelease("c" * 40, rebuilt))
    repo = with_files(dev=EnvironmentFiles(release("1.44.0"), history=history, history_complete=True))
    assert rolled_back(repo=repo, version="1.43.2").reference == "1.43.2"
    older = rolled_back(repo=repo, version="c" * 40)
    assert (older.release, older.reference) == (rebuilt, "c" * 12)
    assert rolled_back(repo=repo, version=older.reference) == older


def test_releases_between_are_reverted_even_if_the_current_one_repeats():
    repo = with_files(dev=files("1.44.0", "1.43.2", "1.44.0", "1.43.1"))
    assert versions(rolled_back(repo=repo, version="1.43.1").releases_between) == ["1.44.0", "1.43.2", "1.44.0"]


def test_an_unreadable_present_release_can_be_rolled_back_from():
    broken = EnvironmentFiles(
        history=(PastRelease("a" * 40, None), *REPO.environments["dev"].history), history_complete=True
    )
    move = rolled_back(repo=with_files(dev=broken), version="1.44.0")
    assert isinstance(move, ReleaseMove)
    assert (move.current, move.releases_between, move.release.version) == (None, (), "1.44.0")


@pytest.mark.parametrize(
    ("name", "repo", "changes", "kind", "words"),
    [
        ("dev", REPO, {}, "no-version", "specify the release (--to VERSION): the history contains 1.43.2, 1.43.1"),
        ("dev", REPO, {"version": "9.9"}, "no-version", "its history does not contain 9.9"),
        ("dev", REPO, {"version": "1.44.0"}, "no-version", "its history does not contain 1.44.0"),
        ("dev", REPO, {"version": "000000"}, "no-version", "its history does not contain 000000"),
        ("prod", REPO, {"version": "1"}, "no-history", "it never had another release"),
        ("dev", with_files(dev=files(whole=None)), {"version": "1"}, "no-history", "were not read"),
        ("nope", REPO, {"version": "1"}, "no-environment", "the environment 'nope' does not exist"),
    ],
)
def test_a_rollback_that_makes_no_sense_is_refused(name, repo, changes, kind, words):
    refusal = expect_refusal(rolled_back(name, repo, **changes))
    assert refusal.kind == kind
    assert words in refusal.message


# --- the branch ---------------------------------------------------------------------------------------

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)")


def is_a_ref(name):
    """`git check-ref-format`, written out."""
    return not (_FORBIDDEN.search(name) or name.startswith(("/", "-", ".")) or name.endswith(("/", ".")) or name == "@")


AWKWARD = st.text("a1.-/@{}~^:?*[]\\ +_\u00e9\x00\x7f\n", max_size=12) | st.sampled_from(
    [
        "a.lock",
        "a.lock.lock",
        ".lock",
        "..",
        "...",
        "a..b",
        "a...b",
        "@",
        "@{",
        "-",
        "",
        "a..lock",
        "1.lock.",
        "x/.lock",
    ]
)


@given(st.text(max_size=20) | AWKWARD, st.text(max_size=20) | AWKWARD)
def test_a_branch_is_a_valid_ref_for_any_version(environment, version):
    for action in ("promote", "rollback"):
        name = branch_name(action, environment, version)
        assert is_a_ref(name)
        assert name.isascii()
        assert name.count("/") == 3
        assert name.startswith(f"anchor-tui/{action}/")


@given(st.lists(AWKWARD, min_size=1, max_size=4))
def test_the_same_change_has_the_same_branch(versions_):
    for version in versions_:
        assert branch_name("promote", "prod", version) == branch_name("promote", "prod", version)


def test_git_accepts_the_awkward_branch_names():
    names = {
        branch_name("promote", "prod", version) for version in ("a.lock.lock", "...", "é", "-", "@{", "a..b", "1.0")
    }
    for name in sorted(names | {"a..b", "a.lock", "a/.b", "a b", "-a", "a@{b", "a.", "a//b"}):
        asked = subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, check=False)
        assert (asked.returncode == 0) == is_a_ref(name), name


@pytest.mark.parametrize(
    ("version", "branch"),
    [
        ("1.44.0", "anchor-tui/promote/prod/1.44.0"),
        ("1.44.0+build_7-rc", "anchor-tui/promote/prod/1.44.0+build_7-rc"),
        ("a/b c", "anchor-tui/promote/prod/a-b-c"),
        ("..", "anchor-tui/promote/prod/release"),
    ],
)
def test_a_branch_is_named_after_the_environment_and_the_version(version, branch):
    assert branch_name("promote", "prod", version) == branch
