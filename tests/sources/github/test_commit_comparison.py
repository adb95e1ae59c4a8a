"""The paths that differ between two commits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from anchor_tui.domain.inspection.commit_range import RangeFile
from anchor_tui.sources.errors import InvalidResponse
from anchor_tui.sources.github.commit_comparison import CommitComparisons, compare_commits, read_commit_range
from tests.sources.github.fakes import (
    FakeRestGitHub,
    comparison_answer,
    comparison_path,
)

HEAD, OLD = "a" * 40, "b" * 40


async def compare_with_head(client: FakeRestGitHub, base: str = OLD) -> tuple[str, ...]:
    return (await compare_commits(client, "anchor/anchor-msp-ops", base, HEAD)).paths  # type: ignore[arg-type]


async def test_a_renamed_file_is_listed_under_both_names():
    client = FakeRestGitHub()
    client.answers[comparison_path(OLD, HEAD)] = {
        "status": "ahead",
        "files": [{"filename": "new", "previous_filename": "old"}, {"filename": "a"}],
    }
    assert await compare_with_head(client) == ("a", "new", "old")


@pytest.mark.parametrize("status", ["diverged", "behind"])
async def test_diverged_commits_are_compared_both_ways(status):
    client = FakeRestGitHub()
    client.answers[comparison_path(OLD, HEAD)] = comparison_answer(status=status)
    client.answers[comparison_path(HEAD, OLD)] = comparison_answer("only there")
    assert await compare_with_head(client) == ("only there",)


@pytest.mark.parametrize(("status", "newer"), [("behind", {OLD}), ("ahead", set()), ("diverged", set())])
async def test_a_commit_that_contains_the_head_is_newer(status, newer):
    client, comparisons = FakeRestGitHub(), CommitComparisons("anchor/anchor-msp-ops")
    client.answers[comparison_path(OLD, HEAD)] = comparison_answer(status=status)
    client.answers[comparison_path(HEAD, OLD)] = comparison_answer("release.yaml")
    comparisons.set_head(HEAD)
    comparisons.set_revisions([OLD])
    await comparisons.compare_pending(client)  # type: ignore[arg-type]
    assert comparisons.newer_revisions(HEAD) == newer
    comparisons.set_head("c" * 40)
    assert comparisons.newer_revisions("c" * 40) == comparisons.newer_revisions(HEAD) == set()


async def test_a_list_of_the_maximum_length_is_invalid():
    client = FakeRestGitHub()
    client.answers[comparison_path(OLD, HEAD)] = comparison_answer(*map(str, range(300)))
    with pytest.raises(InvalidResponse, match="only 300"):
        await compare_with_head(client)


async def test_each_commit_is_compared_once_with_each_head():
    client, comparisons = FakeRestGitHub(), CommitComparisons("anchor/anchor-msp-ops")
    revisions = [f"{number:040x}" for number in range(7)]
    client.answers |= {
        comparison_path(revision, head): comparison_answer("x") for revision in revisions for head in (HEAD, OLD)
    }
    comparisons.set_revisions([*revisions, HEAD])
    assert comparisons.pending_revisions == ()
    comparisons.set_head(HEAD)
    assert await comparisons.compare_pending(client)  # type: ignore[arg-type]
    assert len(client.got) == 5
    await comparisons.compare_pending(client)  # type: ignore[arg-type]
    assert not await comparisons.compare_pending(client)  # type: ignore[arg-type]
    assert len(client.got) == 7
    assert comparisons.changed_paths(HEAD) == dict.fromkeys(revisions, ("x",))
    comparisons.set_head(OLD)
    assert comparisons.changed_paths(HEAD) == comparisons.changed_paths(OLD) == {}
    assert comparisons.pending_revisions == (*revisions, HEAD)


async def test_an_unknown_commit_is_not_compared_again():
    client, comparisons = FakeRestGitHub(), CommitComparisons("anchor/anchor-msp-ops")
    comparisons.set_head(HEAD)
    comparisons.set_revisions([OLD])
    await comparisons.compare_pending(client)  # type: ignore[arg-type]
    assert "does not know it" in comparisons.failure_reasons(HEAD)[OLD]
    assert comparisons.pending_revisions == ()


async def test_an_internal_error_is_the_reason_of_its_comparison():
    client, comparisons = FakeRestGitHub(), CommitComparisons("anchor/anchor-msp-ops")
    client.answers[comparison_path(OLD, HEAD)] = ZeroDivisionError()
    comparisons.set_head(HEAD)
    comparisons.set_revisions([OLD])
    await comparisons.compare_pending(client)  # type: ignore[arg-type]
    assert comparisons.failure_reasons(HEAD) == {OLD: "internal error in anchor-tui: ZeroDivisionError"}


def range_answer(status: str, *commits: str) -> dict[str, object]:
    author = {"name": "A. Lee", "date": "2026-11-23T10:00:00+01:00"}
    return {
        "status": status,
        "total_commits": 9,
        "behind_by": 2,
        "commits": [{"sha": sha, "commit": {"message": f"{sha}\n\nBody", "author": author}} for sha in commits],
        "files": [{"filename": "a", "status": "renamed", "previous_filename": "b", "additions": 3}],
    }


async def test_the_commits_of_a_range_come_newest_first():
    client = FakeRestGitHub()
    client.answers[comparison_path(OLD, HEAD)] = range_answer("ahead", "1", "2")
    found = await read_commit_range(client, "anchor/anchor-msp-ops", OLD, HEAD)  # type: ignore[arg-type]
    assert [commit.subject for commit in found.commits] == ["2", "1"]
    assert found.commits[0].committed_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert (found.commit_count, found.only_in_base, found.is_reversed) == (9, 0, False)
    assert found.files == (RangeFile("a", "renamed", 3, 0, "b"),)


async def test_a_range_to_an_older_commit_is_reversed():
    client = FakeRestGitHub()
    client.answers[comparison_path(HEAD, OLD)] = range_answer("behind")
    client.answers[comparison_path(OLD, HEAD)] = range_answer("ahead", "1")
    found = await read_commit_range(client, "anchor/anchor-msp-ops", HEAD, OLD)  # type: ignore[arg-type]
    assert found.is_reversed
    assert [commit.revision for commit in found.commits] == ["1"]


async def test_commits_of_the_base_alone_are_counted():
    client = FakeRestGitHub()
    client.answers[comparison_path(OLD, HEAD)] = range_answer("diverged", "1")
    found = await read_commit_range(client, "anchor/anchor-msp-ops", OLD, HEAD)  # type: ignore[arg-type]
    assert found.only_in_base == 2
