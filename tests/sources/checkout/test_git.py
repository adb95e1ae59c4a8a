"""The git history of a checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from anchor_tui.sources.checkout.git import GitError, open_git_checkout
from tests.sources.checkout.checkouts import run_git


def test_a_repository_without_a_commit_is_reported(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "--quiet")

    with pytest.raises(GitError, match="no commit"):
        open_git_checkout(tmp_path)


def test_a_missing_git_command_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(GitError, match="not on the PATH"):
        open_git_checkout(tmp_path)
