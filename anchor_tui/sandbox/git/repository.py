"""A git repository in memory: real blobs, trees and commits, so that shas are what git would compute.

Branches move only through `commit` and `set_branch`; whoever wants to know hands `on_push` a function.
History is followed as git does by default: a merge that changed nothing at a path is not its history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from dulwich.objects import Blob, Commit, ObjectID, Tree

PushListener = Callable[[str, str, datetime], None]
"""Called with the branch, its new sha, and when."""


class RepositoryError(Exception):
    """A ref, a path or an object that the repository does not have."""


@dataclass(frozen=True, slots=True)
class GitPerson:
    """Who commits: `login` is the account, where it is known."""

    name: str
    email: str
    login: str | None = None


@dataclass(frozen=True, slots=True)
class GitTreeEntry:
    """One entry of a tree: a file, or a folder with mode 0o40000."""

    path: str
    mode: int
    sha: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def is_folder(self) -> bool:
        """Whether it is a tree."""
        return self.mode == 0o40000


@dataclass(frozen=True, slots=True)
class GitCommit:
    """A commit, read."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: GitPerson
    time: datetime
    message: str

    @property
    def headline(self) -> str:
        """The message's first line."""
        return self.message.split("\n", 1)[0]


class MemoryRepository:
    """One repository: an object store, branches, and those who listen for pushes."""

    def __init__(self, default_branch: str = "main") -> None:
        self.default_branch = default_branch
        self.branches: dict[str, str] = {}
        self.on_push: list[PushListener] = []
        self._people: dict[str, GitPerson] = {}
        self._objects: dict[str, Any] = {}
        self.read_commit = lru_cache(maxsize=4096)(self._read_commit)
        self.find_entry = lru_cache(maxsize=65536)(self._find_entry)
        self.read_text = lru_cache(maxsize=4096)(self._read_text)
        self.list_ancestors = lru_cache(maxsize=256)(self._list_ancestors)
        self.find_merge_base = lru_cache(maxsize=4096)(self._find_merge_base)

    # --- writing ---------------------------------------------------------------------------------

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        message: str,
        *,
        author: GitPerson,
        time: datetime,
        branch: str | None = None,
        start: str | None = None,
        merged: str | None = None,
    ) -> str:
        """Commit `files` (path → content; None deletes) on a branch and return the sha.

        A branch that does not exist yet begins at `start`, or with no parent at all. `merged` is a second parent.
        """
        branch = branch or self.default_branch
        parent = self.branches.get(branch) or start
        tree = self.read_commit(parent).tree if parent else None
        for path, content in files.items():
            tree = self._write_path(tree, path.strip("/").split("/"), content)
        commit = Commit()
        commit.tree = (tree or self._add_object(Tree())).encode()
        commit.parents = [ObjectID(each.encode()) for each in (parent, merged) if each]
        commit.author = commit.committer = f"{author.name} <{author.email}>".encode()
        commit.author_time = commit.commit_time = int(time.timestamp())
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message.encode()
        self._people.setdefault(author.email, author)
        sha = self._add_object(commit)
        self.set_branch(branch, sha, time)
        return sha

    def set_branch(self, branch: str, sha: str, time: datetime) -> None:
        """Point a branch at a commit, and tell those who listen."""
        self.branches[branch] = sha
        for listener in self.on_push:
            listener(branch, sha, time)

    # --- reading ---------------------------------------------------------------------------------

    @property
    def head(self) -> str:
        """The sha of the default branch."""
        return self.branches[self.default_branch]

    def resolve_ref(self, ref: str) -> str | None:
        """The commit that a branch, `refs/heads/…`, `HEAD`, a sha or a unique beginning of one names."""
        if ref in {"HEAD", ""}:
            return self.branches.get(self.default_branch)
        name = ref.removeprefix("refs/heads/")
        if name in self.branches:
            return self.branches[name]
        if len(ref) == 40 and all(letter in "0123456789abcdef" for letter in ref):
            return ref if self._is_commit(ref) else None
        return None

    def _is_commit(self, sha: str) -> bool:
        return sha in self._objects and isinstance(self._objects[sha], Commit)

    def _read_commit(self, sha: str) -> GitCommit:
        if not self._is_commit(sha):
            raise RepositoryError(f"no commit {sha}")
        commit = self._objects[sha]
        name, _, email = commit.author.decode().rpartition(" <")
        email = email.removesuffix(">")
        return GitCommit(
            sha=sha,
            tree=commit.tree.decode(),
            parents=tuple(parent.decode() for parent in commit.parents),
            author=self._people.get(email, GitPerson(name, email)),
            time=datetime.fromtimestamp(commit.commit_time, UTC),
            message=commit.message.decode(),
        )

    def _find_entry(self, sha: str, path: str) -> GitTreeEntry | None:
        """What stands at a path in a commit; None if nothing does."""
        mode, found = 0o40000, self.read_commit(sha).tree
        for part in filter(None, path.split("/")):
            if mode != 0o40000:
                return None
            tree = self._objects[found]
            if part.encode() not in tree:
                return None
            mode, raw = tree[part.encode()]
            found = raw.decode()
        return GitTreeEntry(path.strip("/"), mode, found)

    def list_folder(self, sha: str, path: str = "") -> tuple[GitTreeEntry, ...]:
        """What a folder holds in a commit."""
        folder = self.find_entry(sha, path)
        if folder is None or not folder.is_folder:
            raise RepositoryError(f"no folder {path} in {sha}")
        return self._list_tree(folder)

    def read_blob(self, sha: str) -> bytes:
        """A blob's bytes."""
        if sha not in self._objects or not isinstance(self._objects[sha], Blob):
            raise RepositoryError(f"no blob {sha}")
        return bytes(self._objects[sha].data)

    def _read_text(self, sha: str) -> str:
        """A blob as text."""
        return self.read_blob(sha).decode()

    def read_file(self, path: str, ref: str = "HEAD") -> str:
        """A file's text at a ref."""
        commit = self.resolve_ref(ref)
        found = self.find_entry(commit, path) if commit else None
        if found is None or found.is_folder:
            raise RepositoryError(f"no file {path} at {ref}")
        return self.read_text(found.sha)

    def list_commits_between(self, start: str, tip: str) -> list[GitCommit]:
        """The commits that lead to `tip` and not to `start`, newest first."""
        known = self.list_ancestors(start)
        return [each for each in self.walk_history(tip) if each.sha not in known]

    def walk_history(self, start: str, path: str | None = None) -> Iterator[GitCommit]:
        """The commits that lead to `start`, newest first; with `path` only those that changed it."""
        waiting = [start]
        seen: set[str] = set()
        while waiting:
            waiting.sort(key=lambda sha: self.read_commit(sha).time)
            sha = waiting.pop()
            if sha in seen:
                continue
            seen.add(sha)
            commit = self.read_commit(sha)
            if path is None:
                yield commit
                waiting.extend(commit.parents)
                continue
            own = self.find_entry(sha, path)
            same = next(
                (parent for parent in commit.parents if self._is_same(self.find_entry(parent, path), own)), None
            )
            if same:
                waiting.append(same)
                continue
            if commit.parents or own is not None:
                yield commit
            waiting.extend(commit.parents)

    @staticmethod
    def _is_same(one: GitTreeEntry | None, other: GitTreeEntry | None) -> bool:
        return (one and (one.mode, one.sha)) == (other and (other.mode, other.sha))

    def _list_ancestors(self, sha: str) -> frozenset[str]:
        """A commit and all that lead to it."""
        return frozenset(commit.sha for commit in self.walk_history(sha))

    def _find_merge_base(self, one: str, other: str) -> str | None:
        """The newest commit that both descend from."""
        if one == other or one in self.read_commit(other).parents:
            return one
        ancestors = self.list_ancestors(one)
        return next((commit.sha for commit in self.walk_history(other) if commit.sha in ancestors), None)

    def diff_commits(self, base: str, head: str) -> dict[str, tuple[GitTreeEntry | None, GitTreeEntry | None]]:
        """What differs between two commits' files: path → (before, after), by path."""
        found: dict[str, tuple[GitTreeEntry | None, GitTreeEntry | None]] = {}
        self._compare(self.find_entry(base, ""), self.find_entry(head, ""), found)
        return dict(sorted(found.items()))

    def _compare(
        self,
        before: GitTreeEntry | None,
        after: GitTreeEntry | None,
        found: dict[str, tuple[GitTreeEntry | None, GitTreeEntry | None]],
    ) -> None:
        """Walk two trees side by side, but not into what is the same."""
        if self._is_same(before, after):
            return
        old, new = ({each.name: each for each in self._list_tree(entry)} for entry in (before, after))
        for name in old.keys() | new.keys():
            self._compare(old.get(name), new.get(name), found)
        files = tuple(entry if entry and not entry.is_folder else None for entry in (before, after))
        if any(files):
            path = next(entry.path for entry in files if entry)
            found[path] = (files[0], files[1])

    def _list_tree(self, entry: GitTreeEntry | None) -> tuple[GitTreeEntry, ...]:
        if entry is None or not entry.is_folder:
            return ()
        prefix = f"{entry.path}/" if entry.path else ""
        tree = self._objects[entry.sha]
        return tuple(
            GitTreeEntry(prefix + item.path.decode(), item.mode, item.sha.decode()) for item in tree.iteritems()
        )

    # --- objects ---------------------------------------------------------------------------------

    def _add_object(self, thing: Blob | Tree | Commit) -> str:
        sha = str(thing.id.decode())
        self._objects[sha] = thing
        return sha

    def _write_path(self, tree_sha: str | None, parts: list[str], content: str | bytes | None) -> str:
        """The tree `tree_sha` with one path changed."""
        tree: Any = self._objects[tree_sha].copy() if tree_sha else Tree()
        name = parts[0].encode()
        below = tree[name] if name in tree else None  # noqa: SIM401 - a dulwich Tree has no get
        if len(parts) > 1:
            folder = below[1].decode() if below and below[0] == 0o40000 else None
            changed = self._write_path(folder, parts[1:], content)
            if len(self._objects[changed]):
                tree[name] = (0o40000, changed.encode())
            elif below is not None:
                del tree[name]
        elif content is None:
            if below is None:
                raise RepositoryError(f"no file {parts[0]} to delete")
            del tree[name]
        else:
            blob = Blob.from_string(content.encode() if isinstance(content, str) else content)
            tree[name] = (below[0] if below else 0o100644, self._add_object(blob).encode())
        return self._add_object(tree)
