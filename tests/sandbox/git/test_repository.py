from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from anchor_tui.sandbox.git.objects import GitPerson, RepositoryError
from anchor_tui.sandbox.git.repository import MemoryRepository

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = GitPerson("Ada Lee", "a-lee@anchor.example", "a-lee")


def commit(git: MemoryRepository, message: str, files: dict[str, str | None], minutes: int = 0, **more: str) -> str:
    return git.commit(files, message, author=ADA, time=NOW + timedelta(minutes=minutes), **more)


def test_commit_ids_are_those_of_git() -> None:
    git = MemoryRepository()
    sha = commit(git, "one", {"a/b.txt": "x\n"})
    entry = git.find_entry(sha, "a/b.txt")
    assert entry is not None
    assert entry.sha == "587be6b4c3f93f93c489c0111bba5596147a26cb"  # echo x | git hash-object --stdin
    assert entry.mode == 0o100644


def test_the_history_of_a_path_has_its_changes_only() -> None:
    git = MemoryRepository()
    commit(git, "one", {"a": "1\n", "b": "1\n"})
    commit(git, "two", {"b": "2\n"}, 1)
    head = commit(git, "three", {"a": "3\n"}, 2)
    assert [commit.message for commit in git.list_history(head, "a")] == ["three", "one"]
    assert [commit.message for commit in git.list_history(head, "b")] == ["two", "one"]
    assert [commit.message for commit in git.list_history(head)] == ["three", "two", "one"]
    assert git.list_history(head, "c") == ()


def test_deleting_the_last_file_removes_its_folder() -> None:
    git = MemoryRepository()
    commit(git, "one", {"a/b/c": "1", "d": "1"})
    head = commit(git, "two", {"a/b/c": None})
    assert [entry.path for entry in git.list_folder(head)] == ["d"]
    assert [commit.message for commit in git.list_history(head, "a/b/c")] == ["two", "one"]
    with pytest.raises(RepositoryError):
        git.read_file("a/b/c")


def test_a_diff_has_added_changed_and_deleted_files() -> None:
    git = MemoryRepository()
    first = commit(git, "one", {"a/x": "1", "a/y": "1", "b": "1"})
    second = commit(git, "two", {"a/x": "2", "b": None, "c/d/e": "1"})
    changes = git.diff_commits(first, second)
    assert {path: (bool(before), bool(after)) for path, (before, after) in changes.items()} == {
        "a/x": (True, True),
        "b": (True, False),
        "c/d/e": (False, True),
    }


def test_the_merge_base_is_the_last_common_commit() -> None:
    git = MemoryRepository()
    base = commit(git, "one", {"a": "1"})
    topic = commit(git, "topic", {"b": "1"}, 1, branch="topic", start=base)
    main = commit(git, "two", {"a": "2"}, 2)
    assert git.find_merge_base(main, topic) == base
    assert (git.resolve_ref("topic"), git.resolve_ref("refs/heads/main"), git.resolve_ref(base)) == (topic, main, base)
    assert git.resolve_ref("nope") is None


def test_listeners_are_called_for_each_push() -> None:
    git = MemoryRepository()
    heard: list[tuple[str, str]] = []
    git.on_push.append(lambda branch, sha, _time: heard.append((branch, sha)))
    sha = commit(git, "one", {"a": "1"})
    assert heard == [("main", sha)]


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ("A\nb\nc\nd\n", "a\nb\nc\nD\n", "A\nb\nc\nD\n"),
        ("a\nb\nc\nd\n", "a\nc\nd\n", "a\nc\nd\n"),
        ("a\nB\nc\nd\n", "a\nB\nc\nd\n", "a\nB\nc\nd\n"),
        ("a\nB\nc\nd\n", "a\nX\nc\nd\n", None),
        ("a\nb\nc\nd\ne\n", "a\nb\nc\nd\nf\n", None),
    ],
)
def test_texts_merge_line_by_line(ours: str, theirs: str, merged: str | None) -> None:
    git = MemoryRepository()
    base = commit(git, "base", {"file": "a\nb\nc\nd\n"})
    our_commit = commit(git, "ours", {"file": ours}, branch="ours", start=base)
    their_commit = commit(git, "theirs", {"file": theirs}, branch="theirs", start=base)
    tree = git.merge_commits(base, our_commit, their_commit)
    assert (tree is None) == (merged is None)
    if tree is not None:
        sha = git.commit_tree(tree, "merge", author=ADA, time=NOW, branch="main", parents=(our_commit,))
        assert git.read_file("file", sha) == merged
