"""The files of the ops repo in a GraphQL response, and the releases that they contain. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from anchor_tui.domain.model import Problem, Release
from anchor_tui.domain.source_data import EnvironmentFiles, PastRelease
from anchor_tui.sources.github.conversion import list_changed_paths
from anchor_tui.sources.github.queries import application_path
from anchor_tui.sources.github.schema import FileCommit, FileCommits, PullRequestNode, TreeEntry, convert_json
from anchor_tui.sources.json_body import to_utc

if TYPE_CHECKING:
    from anchor_tui.config.model import Config, EnvironmentConfig, ReleaseKeyPaths

CommitNode = Mapping[str, Any]
"""A commit of a response, not decoded: the aliases of its files depend on the configuration."""
ReleaseHistories = Mapping[str, tuple[tuple[PastRelease, ...], bool | None]]
"""Each environment's releases, newest first, and whether they go back to the first one; None if that is unknown."""


class RepoFiles:
    """Find the configured files in a commit of a response, and read what they contain."""

    def __init__(self, config: Config) -> None:
        self._chart = config.chart
        self.chart_values = f"{config.chart.path}/values.yaml"
        self._environments = tuple(enumerate(config.environments))
        self._keys = config.release

    def read_environments(
        self, commit: CommitNode, denied: frozenset[str] = frozenset()
    ) -> dict[str, EnvironmentFiles]:
        """Return each environment's release, with the problems of its release file and overlay.

        `denied` contains the aliases of the fields that the token may not read.
        """
        environments = {}
        for number, environment in self._environments:
            nodes = convert_json(commit.get(f"e{number}Change") or {}, FileCommits).nodes
            change = next((node for node in nodes if node), None)
            release, problems = self._read_release(_tree_entry(commit, f"e{number}Release"), environment, change)
            problems += _find_overlay_problems(_tree_entry(commit, f"e{number}Values"), environment.values)
            for alias, path in ((f"e{number}Release", environment.release), (f"e{number}Values", environment.values)):
                if alias in denied:
                    problems = (*(problem for problem in problems if problem.file != path), _denied_problem(path))
            environments[environment.name] = EnvironmentFiles(release, problems)
        return environments

    def read_texts(self, commit: CommitNode) -> dict[str, str | None]:
        """Return the text of every file by its path; None if it does not exist or is not a text file."""
        texts = {path: _read_text(_tree_entry(commit, alias), path) for path, alias in self._aliases_by_path().items()}
        return {path: None if isinstance(text, Problem) else text for path, text in texts.items()}

    def read_blob_oids(self, commit: CommitNode) -> dict[str, str]:
        """Return the oid of every existing file by its path."""
        entries = {path: _tree_entry(commit, alias) for path, alias in self._aliases_by_path().items()}
        return {path: entry.oid for path, entry in entries.items() if entry is not None}

    def _aliases_by_path(self) -> dict[str, str]:
        """Return the alias of every file in the poll's document, by the file's path."""
        paths = {"chartAbout": f"{self._chart.path}/Chart.yaml", "chartValues": self.chart_values}
        for number, environment in self._environments:
            paths[f"e{number}Release"] = environment.release
            paths[f"e{number}Values"] = environment.values
            paths[f"e{number}Application"] = application_path(self._chart, environment)
        return {path: alias for alias, path in paths.items()}

    def find_chart_problems(self, commit: CommitNode) -> tuple[Problem, ...]:
        """Return the problems of the chart's own values file, which need not exist."""
        chart = _tree_entry(commit, "chartValues")
        return _find_overlay_problems(chart, self.chart_values) if chart else ()

    def read_histories(self, commit: CommitNode) -> ReleaseHistories:
        """Return each environment's earlier releases."""
        histories: dict[str, tuple[tuple[PastRelease, ...], bool | None]] = {}
        for number, environment in self._environments:
            node = commit.get(f"e{number}History")
            commits = convert_json(node or {}, FileCommits)
            releases = tuple(self.read_past_release(change, environment) for change in commits.read_all())
            is_complete = None if node is None else not commits.page_info.has_next_page
            histories[environment.name] = releases, is_complete
        return histories

    def find_moved_releases(self, pull_request: PullRequestNode, commit: CommitNode) -> dict[str, Release | None]:
        """Return the releases that a pull request would bring, by environment; `commit` is the base's head.

        An old branch contains outdated releases that it does not change, so the list of changed files decides. GitHub
        cuts a long list; the content decides then.
        """
        changed_paths = list_changed_paths(pull_request)
        head = (pull_request.head_ref.target if pull_request.head_ref else None) or {}
        releases: dict[str, Release | None] = {}
        for number, environment in self._environments:
            proposed, current = _tree_entry(head, f"e{number}Release"), _tree_entry(commit, f"e{number}Release")
            is_changed = (
                environment.release in changed_paths
                if changed_paths is not None
                else proposed is not None and (current is None or proposed.oid != current.oid)
            )
            if is_changed:
                releases[environment.name] = self._read_release(proposed, environment, None)[0]
        return releases

    def read_past_release(self, change: FileCommit, environment: EnvironmentConfig) -> PastRelease:
        """Return the release as it was after a commit."""
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


def _tree_entry(commit: CommitNode, alias: str) -> TreeEntry | None:
    node = commit.get(alias)
    return convert_json(node, TreeEntry) if node else None


def _read_text(entry: TreeEntry | None, path: str) -> str | Problem:
    """Return the text of a file, or the problem that prevents reading it."""
    if entry is None:
        return Problem(path, "missing-file", "there is no such file on the branch", file=path)
    blob = entry.object
    if blob is None or blob.is_binary or blob.text is None:
        return Problem(path, "unreadable-file", "this is not a text file", file=path)
    if blob.is_truncated:
        return Problem(path, "unreadable-file", f"too large to be read ({blob.byte_size:,} bytes)", file=path)
    return blob.text


def _denied_problem(path: str) -> Problem:
    """Return the problem of a file that may exist."""
    return Problem(path, "denied", "the token may not read it", file=path)


def _find_overlay_problems(entry: TreeEntry | None, path: str) -> tuple[Problem, ...]:
    text = _read_text(entry, path)
    return (text,) if isinstance(text, Problem) else find_overlay_problems(text, path)


def _with_commit(release: Release, change: FileCommit | None) -> Release:
    if change is None:
        return release
    return replace(
        release,
        changed_at=to_utc(change.committed_date),
        changed_by=change.author.display_name if change.author else None,
        pull_request=change.pull_request,
    )


@lru_cache(maxsize=2048)
def parse_release_text(text: str, path: str, keys: ReleaseKeyPaths) -> tuple[Release | None, tuple[Problem, ...]]:
    """Parse a release.yaml. The result is cached: every poll returns all files, and few of them change."""
    from anchor_tui.domain.releases import read_release
    from anchor_tui.domain.yaml.document import parse_document  # ruamel: 11 ms, after the first frame
    from anchor_tui.domain.yaml.nodes import YamlDocumentError

    try:
        return read_release(parse_document(text, path), keys)
    except YamlDocumentError as error:
        return None, (error.problem,)


@lru_cache(maxsize=512)
def find_overlay_problems(text: str, path: str) -> tuple[Problem, ...]:
    """Return why a file of Helm values cannot be read; the result is cached."""
    from anchor_tui.domain.helm.overlays import read_values_file
    from anchor_tui.domain.yaml.document import parse_document
    from anchor_tui.domain.yaml.nodes import YamlDocumentError

    try:
        read_values_file(parse_document(text, path))
    except YamlDocumentError as error:
        return (error.problem,)
    return ()
