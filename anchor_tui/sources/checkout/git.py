"""The git history of a checkout: its commit and the versions of a file, read with the `git` command.

Only reading commands run, without hooks, pager, prompts or network.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anchor_tui.domain.text_lines import split_lines

TIMEOUT_S = 30.0
MAX_COMMITS = 1000
"""The maximum number of versions of one release.yaml; enough for years."""
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
    """git is not installed or reports an error. The message is git's own."""


@dataclass(frozen=True, slots=True)
class FileHistory:
    """The versions of a file, newest first. `complete` is true if its first version is included."""

    versions: tuple[tuple[str, bytes], ...]
    """(commit, content) pairs."""
    complete: bool
    incomplete_reason: str = ""


@dataclass(frozen=True, slots=True)
class GitCheckout:
    """One checkout. `prefix` is its path inside the repository, with a slash at its end; empty at the top."""

    root: Path
    commit: str
    prefix: str
    shallow: bool

    def read_history(self, path: str, limit: int = MAX_COMMITS) -> FileHistory:
        """Return the versions of a file on the branch itself, without merged branches. Raises GitError."""
        arguments = ("log", "--first-parent", f"--max-count={limit + 1}", "--format=%H", "--", path)
        commits = _run_git(self.root, *arguments).decode().split()
        contents = tuple(_read_blobs(self.root, [f"{commit}:{self.prefix}{path}" for commit in commits[:limit]]))
        reason = ""
        if self.shallow:
            reason = (
                "this is a shallow clone: run `git fetch --unshallow`, or set `fetch-depth: 0` for actions/checkout"
            )
        elif len(commits) > limit:
            reason = f"only the last {limit} changes were read"
        versions = tuple((commit, text) for commit, text in zip(commits, contents, strict=False) if text is not None)
        return FileHistory(versions, not reason, reason)

    def read_file_at(self, commit: str, path: str) -> bytes | None:
        """Return a file at a commit, None if it did not exist. Raises GitError."""
        return self.read_repository_file_at(commit, self.prefix + path)

    def read_repository_file_at(self, commit: str, path: str) -> bytes | None:
        """Return a file by its path from the top of the repository. Raises GitError."""
        return next(_read_blobs(self.root, [f"{commit}:{path}"]), None)

    def find_fork_point(self, branch: str) -> str | None:
        """Return the commit where the checkout left a branch; None if the branch does not exist here.

        A shallow clone may lack that commit: then it is the newest commit of the branch.
        """
        name = f"{branch}^{{commit}}"
        try:
            tip = _run_git(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", name).decode().strip()
        except GitError:
            return None
        try:
            return _run_git(self.root, "merge-base", tip, "HEAD").decode().strip()
        except GitError:
            return tip

    def list_deleted_files(self, commit: str, folder: str) -> tuple[str, ...]:
        """Return the files of a folder that a commit contains and the checkout does not. Raises GitError."""
        options = ("--name-only", "--diff-filter=D", "--no-renames", "--no-ext-diff", "--relative", "-z")
        output = _run_git(self.root, "diff", *options, commit, "--", f":(literal){folder}")
        return tuple(os.fsdecode(name) for name in output.split(b"\0") if name)


def open_git_checkout(root: Path) -> GitCheckout:
    """Open the repository that contains a folder. Raises GitError without a repository or a commit."""
    lines = _run_git(root, "rev-parse", "--is-shallow-repository", "--show-prefix").decode().split("\n")
    commit = _run_git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
    return GitCheckout(root, commit, lines[1] if len(lines) > 1 else "", lines[0] == "true")


def _read_blobs(root: Path, names: Sequence[str]) -> Iterator[bytes | None]:
    """Yield the blobs of `commit:path` names; None for a name that is not a blob."""
    if not names:
        return
    output = _run_git(root, "cat-file", "--batch", data="\n".join(names).encode() + b"\n")
    position = 0
    while position < len(output):
        end = output.index(b"\n", position)
        header = output[position:end].rsplit(b" ", 2)
        position = end + 1
        if header[-1] == b"missing":
            yield None
            continue
        size = int(header[-1])
        yield output[position : position + size] if header[-2] == b"blob" else None
        position += size + 1


def _run_git(root: Path, *arguments: str, data: bytes = b"") -> bytes:
    command = ["git", *_SAFE_OPTIONS, "-C", str(root), *arguments]
    try:
        process = subprocess.run(  # noqa: S603 - fixed arguments; paths follow `--` or are in the input
            command, input=data, capture_output=True, timeout=TIMEOUT_S, check=False, env=_git_environment()
        )
    except FileNotFoundError as error:
        raise GitError("git is not on the PATH") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git did not finish within {TIMEOUT_S:g} s") from error
    except OSError as error:
        raise GitError(f"git cannot be started: {error.strerror or error}") from error
    if process.returncode != 0:
        lines = split_lines(process.stderr.decode("utf-8", "replace").strip())
        raise GitError(lines[0].removeprefix("fatal: ") if lines else "the repository has no commit")
    return process.stdout


def _git_environment() -> Mapping[str, str]:
    """Return the environment without variables that redirect git, as hooks set them, and in English."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
