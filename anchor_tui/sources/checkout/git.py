"""What `git` tells of a checkout: its commit, and what a file said after each commit of the branch.

Only commands that read are run, without hooks, pager, prompt or the network.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 30.0
MAX_COMMITS = 1000
"""So many changes of one release.yaml are looked at: years of them."""
_SAFE_OPTIONS = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.pager=cat",
    "-c",
    "log.showSignature=false",
    "-c",
    "core.quotePath=off",
)


class GitError(Exception):
    """git is not there, or refused; the message is its own."""


@dataclass(frozen=True, slots=True)
class FileHistory:
    """The contents that a file had, newest first, and whether they reach back to its first."""

    versions: tuple[tuple[str, bytes], ...]
    """(commit, text) pairs."""
    complete: bool
    incomplete_reason: str = ""


@dataclass(frozen=True, slots=True)
class GitCheckout:
    """One checkout. `prefix` is where it lies below the repository's top, with a slash at its end."""

    root: Path
    commit: str
    prefix: str
    shallow: bool

    def read_history(self, path: str, limit: int = MAX_COMMITS) -> FileHistory:
        """What a file said after each commit that changed it on the branch itself. Raises GitError."""
        arguments = ("log", "--first-parent", f"--max-count={limit + 1}", "--format=%H", "--", path)
        commits = _run_git(self.root, *arguments).decode().split()
        contents = tuple(_read_blobs(self.root, [f"{commit}:{self.prefix}{path}" for commit in commits[:limit]]))
        ends = ""
        if self.shallow:
            ends = (
                "this is a shallow clone: `git fetch --unshallow`, "
                "or `fetch-depth: 0` for actions/checkout, brings the rest"
            )
        elif len(commits) > limit:
            ends = f"only the last {limit} changes were looked at"
        found = tuple((commit, text) for commit, text in zip(commits, contents, strict=False) if text is not None)
        return FileHistory(found, not ends, ends)

    def read_file_at(self, commit: str, path: str) -> bytes | None:
        """What a file said at a commit; None where it was not there. Raises GitError."""
        return next(_read_blobs(self.root, [f"{commit}:{self.prefix}{path}"]), None)


def open_git_checkout(root: Path) -> GitCheckout:
    """The repository that a folder lies in; GitError where it lies in none, or has no commit."""
    said = _run_git(root, "rev-parse", "--is-shallow-repository", "--show-prefix").decode().split("\n")
    commit = _run_git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
    return GitCheckout(root, commit, said[1] if len(said) > 1 else "", said[0] == "true")


def _read_blobs(root: Path, names: Sequence[str]) -> Iterator[bytes | None]:
    """The blobs of `commit:path` names; None for one that is not there."""
    if not names:
        return
    answer = _run_git(root, "cat-file", "--batch", data="\n".join(names).encode() + b"\n")
    position = 0
    while position < len(answer):
        end = answer.index(b"\n", position)
        header = answer[position:end].rsplit(b" ", 2)
        position = end + 1
        if header[-1] == b"missing" or header[-2] != b"blob":
            yield None
            size = 0 if header[-1] == b"missing" else int(header[-1]) + 1
            position += size
            continue
        size = int(header[-1])
        yield answer[position : position + size]
        position += size + 1


def _run_git(root: Path, *arguments: str, data: bytes = b"") -> bytes:
    command = ["git", *_SAFE_OPTIONS, "-C", str(root), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - our own words, and paths after `--` or in the data
            command, input=data, capture_output=True, timeout=TIMEOUT_S, check=False, env=_git_environment()
        )
    except FileNotFoundError as error:
        raise GitError("git is not on the PATH") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git gave no answer within {TIMEOUT_S:g} s") from error
    except OSError as error:
        raise GitError(f"git cannot be started: {error.strerror or error}") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(said[0].removeprefix("fatal: ") if said else "there is no commit here")
    return done.stdout


def _git_environment() -> Mapping[str, str]:
    """Without variables that point git elsewhere (as hooks set them), and in English."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
