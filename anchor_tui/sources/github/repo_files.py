"""The ops repo's files as a query brought them, and the releases that they say. Nothing here asks or waits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from anchor_tui.domain.model import Problem, Release
from anchor_tui.domain.source_data import EnvironmentFiles, PastRelease
from anchor_tui.sources.github.queries import application_path
from anchor_tui.sources.github.schema import (
    FileCommit,
    FileCommits,
    PullRequestNode,
    TreeEntry,
    convert_json,
    list_changed_paths,
    to_utc,
)

if TYPE_CHECKING:
    from anchor_tui.config.model import Config, EnvironmentConfig, ReleaseKeyPaths

CommitNode = Mapping[str, Any]
"""A commit as it came: its files' names depend on the configuration."""
ReleaseHistories = Mapping[str, tuple[tuple[PastRelease, ...], bool | None]]
"""Each environment's releases, newest first, and whether they reach back to the first; None where that is not told."""


class RepoFiles:
    """Where each environment's files stand in an answer, and what they say."""

    def __init__(self, config: Config) -> None:
        self._chart = config.chart
        self.chart_values = f"{config.chart.path}/values.yaml"
        self._environments = tuple(enumerate(config.environments))
        self._keys = config.release

    def read_environments(
        self, target: CommitNode, denied: frozenset[str] = frozenset()
    ) -> dict[str, EnvironmentFiles]:
        """Each environment's release, and what is wrong with it and with the overlay; `denied` are fields' aliases."""
        found = {}
        for number, environment in self._environments:
            nodes = convert_json(target.get(f"e{number}Change") or {}, FileCommits).nodes or []
            change = next((each for each in nodes if each), None)
            release, problems = self._read_release(_tree_entry(target, f"e{number}Release"), environment, change)
            problems += _find_overlay_problems(_tree_entry(target, f"e{number}Values"), environment.values)
            if f"e{number}Release" in denied:
                problems = (
                    _denied_problem(environment.release),
                    *(each for each in problems if each.file != environment.release),
                )
            if f"e{number}Values" in denied:
                problems = (
                    *(each for each in problems if each.file != environment.values),
                    _denied_problem(environment.values),
                )
            found[environment.name] = EnvironmentFiles(release, problems)
        return found

    def read_texts(self, target: CommitNode) -> dict[str, str | None]:
        """Every file that was asked for, by its path; None for one that is not there or is no text."""
        found = {path: _read_text(_tree_entry(target, alias), path) for path, alias in self._aliases_by_path().items()}
        return {path: None if isinstance(text, Problem) else text for path, text in found.items()}

    def read_blob_oids(self, target: CommitNode) -> dict[str, str]:
        """The oid of every file that is there, by its path."""
        entries = {path: _tree_entry(target, alias) for path, alias in self._aliases_by_path().items()}
        return {path: entry.oid for path, entry in entries.items() if entry is not None}

    def _aliases_by_path(self) -> dict[str, str]:
        """Every file that is asked for, with the name it goes by in the answer."""
        paths = {"chartAbout": f"{self._chart.path}/Chart.yaml", "chartValues": self.chart_values}
        for number, environment in self._environments:
            paths[f"e{number}Release"] = environment.release
            paths[f"e{number}Values"] = environment.values
            paths[f"e{number}Application"] = application_path(self._chart, environment)
        return {path: alias for alias, path in paths.items()}

    def find_chart_problems(self, target: CommitNode) -> tuple[Problem, ...]:
        """What is wrong with the chart's own values; a chart need not have any."""
        chart = _tree_entry(target, "chartValues")
        return _find_overlay_problems(chart, self.chart_values) if chart else ()

    def read_histories(self, target: CommitNode) -> ReleaseHistories:
        """Each environment's earlier releases."""
        found: dict[str, tuple[tuple[PastRelease, ...], bool | None]] = {}
        for number, environment in self._environments:
            told = target.get(f"e{number}History")
            changes = convert_json(told or {}, FileCommits)
            past = tuple(self.read_past_release(node, environment) for node in changes.nodes or () if node)
            found[environment.name] = past, None if told is None else not changes.page_info.has_next_page
        return found

    def find_moved_releases(self, pull: PullRequestNode, target: CommitNode) -> dict[str, Release | None]:
        """The releases that a pull request would bring.

        A branch that was cut some time ago holds old releases without changing them: the list of changed
        files tells which count; where GitHub names only a part of a long list, the content has to.
        """
        paths = list_changed_paths(pull)
        head = (pull.head_ref.target if pull.head_ref else None) or {}
        releases: dict[str, Release | None] = {}
        for number, environment in self._environments:
            theirs, ours = _tree_entry(head, f"e{number}Release"), _tree_entry(target, f"e{number}Release")
            moved = theirs is not None and (ours is None or theirs.oid != ours.oid)
            if environment.release in paths if paths is not None else moved:
                releases[environment.name] = self._read_release(theirs, environment, None)[0]
        return releases

    def read_past_release(self, change: FileCommit, environment: EnvironmentConfig) -> PastRelease:
        """The release that a commit left behind."""
        release, _ = self._read_release(change.release, environment, change)
        return PastRelease(change.oid, release)

    def _read_release(
        self, entry: TreeEntry | None, environment: EnvironmentConfig, change: FileCommit | None
    ) -> tuple[Release | None, tuple[Problem, ...]]:
        text = _read_text(entry, environment.release)
        if isinstance(text, Problem):
            return None, (text,)
        release, problems = parse_release_text(text, environment.release, self._keys)
        return (_with_commit(release, change) if release else None), problems


def _tree_entry(target: CommitNode, alias: str) -> TreeEntry | None:
    found = target.get(alias)
    return convert_json(found, TreeEntry) if found else None


def _read_text(entry: TreeEntry | None, path: str) -> str | Problem:
    """A file's text, or what keeps it from being read."""
    if entry is None:
        return Problem(path, "missing-file", "there is no such file on the branch", file=path)
    blob = entry.object
    if blob is None or blob.is_binary or blob.text is None:
        return Problem(path, "unreadable-file", "this is no text file", file=path)
    if blob.is_truncated:
        return Problem(path, "unreadable-file", f"too large to be read ({blob.byte_size:,} bytes)", file=path)
    return blob.text


def _denied_problem(path: str) -> Problem:
    """A file that may be there: the token may not read it."""
    return Problem(path, "denied", "the token may not read it", file=path)


def _find_overlay_problems(entry: TreeEntry | None, path: str) -> tuple[Problem, ...]:
    text = _read_text(entry, path)
    return (text,) if isinstance(text, Problem) else find_overlay_problems(text, path)


def _with_commit(release: Release, change: FileCommit | None) -> Release:
    if change is None:
        return release
    return replace(
        release,
        changed_at=to_utc(change.committed_date) if change.committed_date else None,
        changed_by=change.author.display_name if change.author else None,
        pull_request=change.pull_request,
    )


@lru_cache(maxsize=2048)
def parse_release_text(text: str, path: str, keys: ReleaseKeyPaths) -> tuple[Release | None, tuple[Problem, ...]]:
    """A release.yaml. The same text is parsed once: a poll brings every file anew, and few of them differ."""
    from anchor_tui.domain.releases import read_release
    from anchor_tui.domain.yaml.document import parse_document  # ruamel: 11 ms that the first frame need not wait for
    from anchor_tui.domain.yaml.nodes import YamlDocumentError

    try:
        return read_release(parse_document(text, path), keys)
    except YamlDocumentError as error:
        return None, (error.problem,)


@lru_cache(maxsize=512)
def find_overlay_problems(text: str, path: str) -> tuple[Problem, ...]:
    """Why a file of values cannot be read; the same text is parsed once."""
    from anchor_tui.domain.helm.overlays import read_values_file
    from anchor_tui.domain.yaml.document import parse_document
    from anchor_tui.domain.yaml.nodes import YamlDocumentError

    try:
        read_values_file(parse_document(text, path))
    except YamlDocumentError as error:
        return (error.problem,)
    return ()
