"""The branch that a checkout started from, to find what a pull request removes or changes."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from anchor_tui.config.discovery import MAX_CONFIG_BYTES
from anchor_tui.config.errors import ConfigErrors
from anchor_tui.config.file_reader import FileReadError, read_regular_file
from anchor_tui.config.load import decode_config, parse_config
from anchor_tui.config.model import Config
from anchor_tui.domain.policy.config_changes import list_relaxations
from anchor_tui.domain.policy.evidence.facts import ConfigChange, EvidenceResult, MissingEvidence, NotApplicable
from anchor_tui.sources.checkout.git import GitCheckout, GitError

ConfigEvidence: TypeAlias = EvidenceResult[ConfigChange]
_WITHOUT_FILE = '[github]\nops_repo = "owner/name"\n'


@dataclass(frozen=True, slots=True)
class BaseBranch:
    """The commit of a branch from which a checkout started. `name` is the branch as it was found."""

    git: GitCheckout
    name: str
    commit: str

    def read_file(self, path: str) -> bytes | None:
        """Return a file of the checkout as it is on the branch; None if it is not there."""
        try:
            return self.git.read_file_at(self.commit, path)
        except GitError:
            return None

    def list_deleted_files(self, folder: str) -> tuple[str, ...]:
        """Return the files of a folder that are on the branch and not in the checkout."""
        try:
            return self.git.list_deleted_files(self.commit, folder)
        except GitError:
            return ()


def find_base_branch(git: GitCheckout, names: Sequence[str]) -> BaseBranch | None:
    """Return the first of the branches that exists in the repository."""
    for name in names:
        if commit := git.find_fork_point(name):
            return BaseBranch(git, name, commit)
    return None


def compare_config(config: Config, root: Path, git: GitCheckout | str, base: BaseBranch | None) -> ConfigEvidence:
    """Compare the configuration file in use with the one on the base branch."""
    if config.path is None or not config.path_origin:
        return NotApplicable("no configuration file is used")
    if not isinstance(git, GitCheckout):
        return NotApplicable(f"the checkout has no git history: {git}")
    folder = os.path.relpath(config.path.parent.resolve() / config.path.name, root)
    path = posixpath.normpath(posixpath.join(git.prefix, Path(folder).as_posix()))
    if path.startswith(("..", "/")) or "\n" in path:
        return NotApplicable(f"{config.path} is not in this repository")
    if base is None:
        reason = "the base branch is not in this clone: fetch it, or name it with --base"
        return MissingEvidence(f"unknown if {path} was changed: {reason}")
    try:
        before = git.read_repository_file_at(base.commit, path)
        after = read_regular_file(config.path, MAX_CONFIG_BYTES)
    except (GitError, FileReadError) as error:
        return MissingEvidence(f"unknown if {path} was changed: {error}")
    if before == after:
        return ConfigChange(path, base.name, is_changed=False)
    relaxations = list_relaxations(_parse_base_config(before, config.path), config)
    return ConfigChange(path, base.name, is_changed=True, relaxations=relaxations)


def _parse_base_config(content: bytes | None, file: Path) -> Config:
    """Return the configuration on the base branch; the defaults if there is none, or an invalid one."""
    if content is not None:
        try:
            return parse_config(decode_config(content, file), file, os.environ)
        except ConfigErrors:
            pass
    return parse_config(_WITHOUT_FILE, file, os.environ)
