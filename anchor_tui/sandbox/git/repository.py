"""A git repository in memory, kept by dulwich: commit ids are those that git computes.

Branches move only through `commit`, `commit_tree` and `set_branch`; each listener in `on_push` is called then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from difflib import diff_bytes, unified_diff
from functools import lru_cache
from typing import TypeVar

from dulwich.diff_tree import tree_changes
from dulwich.errors import NotTreeError
from dulwich.graph import can_fast_forward, find_merge_base
from dulwich.merge import Merger
from dulwich.object_store import commit_tree_changes, tree_lookup_path
from dulwich.objects import Blob, Commit, ObjectID, Tree, valid_hexsha
from dulwich.repo import MemoryRepo
from dulwich.walk import Walker

from anchor_tui.sandbox.git.objects import GitCommit, GitPerson, GitTreeEntry, RepositoryError, TreeChanges

FILE_MODE = 0o100644
T = TypeVar("T", Blob, Commit, Tree)
PushListener = Callable[[str, str, datetime], None]
"""Called with the branch, its new commit id and the time of the push."""


class MemoryRepository:
    """An object store, its branches, and the listeners that are called for pushes."""

    def __init__(self, default_branch: str = "main") -> None:
        self.default_branch = default_branch
        self.branches: dict[str, str] = {}
        self.on_push: list[PushListener] = []
        self._people: dict[str, GitPerson] = {}
        self._repo = MemoryRepo()
        self._store = self._repo.object_store
        self.read_commit = lru_cache(maxsize=4096)(self._read_commit)
        self.find_entry = lru_cache(maxsize=65536)(self._find_entry)
        self.read_text = lru_cache(maxsize=4096)(self._read_text)
        self.list_history = lru_cache(maxsize=1024)(self._list_history)
        self.find_merge_base = lru_cache(maxsize=4096)(self._find_merge_base)
        self.merge_commits = lru_cache(maxsize=4096)(self._merge_commits)

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
    ) -> str:
        """Commit `files` (path → content; None deletes the file) on a branch and return the commit id.

        A branch that does not exist yet begins at `start`, or without a parent. Raises RepositoryError if a file to
        delete does not exist.
        """
        branch = branch or self.default_branch
        parent = self.branches.get(branch) or start
        tree = self._write_files(self.read_commit(parent).tree if parent else None, parent, files)
        return self.commit_tree(tree, message, author=author, time=time, branch=branch, parents=(parent,))

    def commit_tree(
        self,
        tree: str,
        message: str,
        *,
        author: GitPerson,
        time: datetime,
        branch: str,
        parents: tuple[str | None, ...],
    ) -> str:
        """Commit a tree that is in the object store on a branch and return the commit id."""
        commit = Commit()
        commit.tree = _to_id(tree)
        commit.parents = [_to_id(parent) for parent in parents if parent]
        commit.author = commit.committer = f"{author.name} <{author.email}>".encode()
        commit.author_time = commit.commit_time = int(time.timestamp())
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message.encode()
        self._people.setdefault(author.email, author)
        self._store.add_object(commit)
        sha = commit.id.decode()
        self.set_branch(branch, sha, time)
        return sha

    def set_branch(self, branch: str, sha: str, time: datetime) -> None:
        """Point a branch at a commit and call the listeners."""
        self.branches[branch] = sha
        for listener in self.on_push:
            listener(branch, sha, time)

    def _write_files(self, tree: str | None, parent: str | None, files: Mapping[str, str | bytes | None]) -> str:
        """Store the tree that results from changing `files` and return its id."""
        changes: list[tuple[bytes, int | None, ObjectID | None]] = []
        for path, content in files.items():
            path = path.strip("/")
            entry = self.find_entry(parent, path) if parent else None
            if content is None:
                if entry is None:
                    raise RepositoryError(f"no file {path} to delete")
                changes.append((path.encode(), None, None))
                continue
            blob = Blob.from_string(content.encode() if isinstance(content, str) else content)
            self._store.add_object(blob)
            changes.append((path.encode(), entry.mode if entry else FILE_MODE, blob.id))
        return commit_tree_changes(self._store, _to_id(tree) if tree else Tree(), changes).decode()

    # --- reading ---------------------------------------------------------------------------------

    @property
    def head(self) -> str:
        """The commit id of the default branch."""
        return self.branches[self.default_branch]

    def resolve_ref(self, ref: str) -> str | None:
        """Return the commit id that a branch, `refs/heads/…`, `HEAD` or a full commit id names."""
        if ref in {"HEAD", ""}:
            return self.branches.get(self.default_branch)
        name = ref.removeprefix("refs/heads/")
        if name in self.branches:
            return self.branches[name]
        return ref if self._get_object(ref, Commit) else None

    def _get_object(self, sha: str, kind: type[T]) -> T | None:
        """Return an object of the given kind; None if there is none with this id."""
        if not valid_hexsha(sha) or _to_id(sha) not in self._store:
            return None
        found = self._store[_to_id(sha)]
        return found if isinstance(found, kind) else None

    def _read_commit(self, sha: str) -> GitCommit:
        commit = self._get_object(sha, Commit)
        if commit is None:
            raise RepositoryError(f"no commit {sha}")
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
        """Return the file or folder at a path of a commit; None if there is none."""
        path = path.strip("/")
        try:
            mode, entry_id = tree_lookup_path(
                self._store.__getitem__, _to_id(self.read_commit(sha).tree), path.encode()
            )
        except (KeyError, NotTreeError):
            return None
        return GitTreeEntry(path, mode, entry_id.decode())

    def list_folder(self, sha: str, path: str = "") -> tuple[GitTreeEntry, ...]:
        """Return the entries of a folder of a commit. Raises RepositoryError if it is not a folder."""
        folder = self.find_entry(sha, path)
        if folder is None or not folder.is_folder:
            raise RepositoryError(f"no folder {path} in {sha}")
        prefix = f"{folder.path}/" if folder.path else ""
        items = self._read_tree(folder.sha).iteritems()
        return tuple(GitTreeEntry(prefix + item.path.decode(), item.mode, item.sha.decode()) for item in items)

    def _read_tree(self, sha: str) -> Tree:
        tree = self._get_object(sha, Tree)
        if tree is None:
            raise RepositoryError(f"no tree {sha}")
        return tree

    def read_blob(self, sha: str) -> bytes:
        """Return the bytes of a blob. Raises RepositoryError if it does not exist."""
        blob = self._get_object(sha, Blob)
        if blob is None:
            raise RepositoryError(f"no blob {sha}")
        return bytes(blob.data)

    def _read_text(self, sha: str) -> str:
        """Return a blob as text."""
        return self.read_blob(sha).decode()

    def read_file(self, path: str, ref: str = "HEAD") -> str:
        """Return the text of a file at a ref. Raises RepositoryError if it does not exist."""
        commit = self.resolve_ref(ref)
        found = self.find_entry(commit, path) if commit else None
        if found is None or found.is_folder:
            raise RepositoryError(f"no file {path} at {ref}")
        return self.read_text(found.sha)

    # --- history ---------------------------------------------------------------------------------

    def _list_history(self, tip: str, path: str | None = None, *, exclude: str | None = None) -> tuple[GitCommit, ...]:
        """Return `tip` and its ancestors, newest first; with `path` only the commits that changed it.

        As `git log`: a merge that changed nothing at the path is left out. The ancestors of `exclude` are left out.
        """
        walker = Walker(
            self._store,
            [_to_id(tip)],
            exclude=[_to_id(exclude)] if exclude else None,
            paths=[path.encode()] if path else None,
            simplify_history=True,
        )
        return tuple(self.read_commit(entry.commit.id.decode()) for entry in walker)

    def is_ancestor(self, sha: str, descendant: str) -> bool:
        """Report whether `descendant` contains `sha`, or is it."""
        return can_fast_forward(self._repo, _to_id(sha), _to_id(descendant))

    def _find_merge_base(self, first: str, second: str) -> str | None:
        """Return the newest commit that both descend from; None if the histories are unrelated."""
        bases = find_merge_base(self._repo, [_to_id(first), _to_id(second)])
        return bases[0].decode() if bases else None

    def diff_commits(self, base: str, head: str) -> TreeChanges:
        """Return the files that differ between two commits, in the order of their paths."""
        old, new = (_to_id(self.read_commit(sha).tree) for sha in (base, head))
        changes: TreeChanges = {}
        for change in tree_changes(self._store, old, new):
            before, after = (
                GitTreeEntry(side.path.decode(), side.mode, side.sha.decode()) if side and side.path else None
                for side in (change.old, change.new)
            )
            entry = after or before
            if entry:
                changes[entry.path] = (before, after)
        return dict(sorted(changes.items()))

    def count_changed_lines(self, before: GitTreeEntry | None, after: GitTreeEntry | None) -> tuple[int, int]:
        """Return the number of lines added to a file and the number removed from it."""
        blobs = (None if entry is None else self._get_object(entry.sha, Blob) for entry in (before, after))
        old, new = ([] if blob is None else blob.splitlines() for blob in blobs)
        lines = list(diff_bytes(unified_diff, old, new, n=0))[2:]
        return sum(line.startswith(b"+") for line in lines), sum(line.startswith(b"-") for line in lines)

    def build_patch(self, before: GitTreeEntry | None, after: GitTreeEntry | None) -> str | None:
        """Return the hunks of a change, as GitHub does: without the names of the files. None for a binary file."""
        blobs = [b"" if entry is None else self.read_blob(entry.sha) for entry in (before, after)]
        if any(b"\0" in blob for blob in blobs):
            return None
        old, new = (blob.splitlines() for blob in blobs)
        lines = list(diff_bytes(unified_diff, old, new, lineterm=b""))[2:]
        return b"\n".join(lines).decode(errors="replace")

    def _merge_commits(self, base: str, ours: str, theirs: str) -> str | None:
        """Store the three-way merge of two commits and return its tree id; None if there is a conflict."""
        base_tree, our_tree, their_tree = (self._read_tree(self.read_commit(sha).tree) for sha in (base, ours, theirs))
        merged, conflicts = Merger(self._store).merge_trees(base_tree, our_tree, their_tree)
        if conflicts:
            return None
        self._store.add_object(merged)
        return merged.id.decode()


def _to_id(sha: str) -> ObjectID:
    return ObjectID(sha.encode())
