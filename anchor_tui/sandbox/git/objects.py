"""Git objects as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

FOLDER_MODE = 0o40000


class RepositoryError(Exception):
    """A ref, a path or an object that the repository does not have."""


@dataclass(frozen=True, slots=True)
class GitPerson:
    """The author of a commit. `login` is the GitHub account, if it is known."""

    name: str
    email: str
    login: str | None = None


@dataclass(frozen=True, slots=True)
class GitTreeEntry:
    """An entry of a tree: a file, or a folder with mode 0o40000."""

    path: str
    mode: int
    sha: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def is_folder(self) -> bool:
        """Report whether the entry is a tree."""
        return self.mode == FOLDER_MODE


TreeChanges = dict[str, tuple[GitTreeEntry | None, GitTreeEntry | None]]
"""Path → the entry before and after; None where the file does not exist."""


@dataclass(frozen=True, slots=True)
class GitCommit:
    """The content of a commit object."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: GitPerson
    time: datetime
    message: str

    @property
    def headline(self) -> str:
        """The first line of the message."""
        return self.message.split("\n", 1)[0]
