"""Merging texts line by line, and commits file by file, as `git merge` does."""

from __future__ import annotations

from difflib import SequenceMatcher, unified_diff

from anchor_tui.sandbox.git.repository import GitTreeEntry, MemoryRepository

Hunk = tuple[int, int, list[str]]
"""Lines of the base from, to, and what stands there instead."""


def merge_texts(base: str, ours: str, theirs: str) -> str | None:
    """Both changes in one text; None if they touch the same or neighbouring lines differently."""
    lines = base.splitlines(keepends=True)
    hunks = sorted(_list_hunks(lines, ours), key=lambda hunk: hunk[:2])
    others = sorted(_list_hunks(lines, theirs), key=lambda hunk: hunk[:2])
    for start, end, text in hunks:
        for other_start, other_end, other_text in others:
            apart = end < other_start or other_end < start
            if not apart and (start, end, text) != (other_start, other_end, other_text):
                return None
    both = hunks + [hunk for hunk in others if hunk not in hunks]
    for start, end, text in sorted(both, key=lambda hunk: hunk[:2], reverse=True):
        lines[start:end] = text
    return "".join(lines)


def count_changed_lines(
    git: MemoryRepository, before: GitTreeEntry | None, after: GitTreeEntry | None
) -> tuple[int, int]:
    """How many lines were added to a file, and how many removed from it."""
    old, new = ([] if entry is None else git.read_text(entry.sha).splitlines() for entry in (before, after))
    lines = list(unified_diff(old, new, n=0))[2:]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def merge_trees(git: MemoryRepository, start: str, head: str, onto: str) -> dict[str, bytes | None] | None:
    """What `head` changed since `start`, to be written over `onto`: path → content, None where it deletes. None for
    all of it if it cannot be done.
    """
    moved = git.diff_commits(start, onto)
    files: dict[str, bytes | None] = {}
    for path, (before, ours) in git.diff_commits(start, head).items():
        theirs = moved[path][1] if path in moved else before
        if (theirs and theirs.sha) == (ours and ours.sha):
            continue
        if path not in moved:
            files[path] = git.read_blob(ours.sha) if ours else None
            continue
        if before is None or ours is None or theirs is None:
            return None
        merged = merge_texts(*(git.read_text(entry.sha) for entry in (before, ours, theirs)))
        if merged is None:
            return None
        files[path] = merged.encode()
    return files


def _list_hunks(base: list[str], changed: str) -> list[Hunk]:
    lines = changed.splitlines(keepends=True)
    matcher = SequenceMatcher(a=base, b=lines, autojunk=False)
    return [
        (start, end, lines[new_start:new_end])
        for tag, start, end, new_start, new_end in matcher.get_opcodes()
        if tag != "equal"
    ]
