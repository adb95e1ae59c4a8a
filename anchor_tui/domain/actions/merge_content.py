"""The content of a pull request to merge: its releases, its diff, and the policy of the result."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from anchor_tui.config.model import Config
from anchor_tui.domain.actions import preflight
from anchor_tui.domain.actions.plan import FileDiff, PlanLine, Precondition, Refusal
from anchor_tui.domain.actions.plan_inputs import PlanInputs
from anchor_tui.domain.actions.repo_state import ProposedFile, PullRequestFiles, RepoState, blob_oid
from anchor_tui.domain.formatting import format_count, shorten_revision
from anchor_tui.domain.kubernetes.image_references import canonicalize_repository
from anchor_tui.domain.model import Image, Release
from anchor_tui.domain.releases import read_release
from anchor_tui.domain.source_data import OpenPullRequestData, OpsRepoData
from anchor_tui.domain.yaml.document import parse_document
from anchor_tui.domain.yaml.nodes import YamlDocumentError

_NO_FILE = "/dev/null"


def with_current_releases(
    opened: OpenPullRequestData, content: PullRequestFiles | None, config: Config
) -> OpenPullRequestData:
    """Return the pull request with the releases that its head has now: the poll may have read an earlier head."""
    if content is None:
        return opened
    changed = {file.path: file for file in content.files}
    releases = {
        environment.name: _read_release(changed[environment.release], config)
        for environment in config.environments
        if environment.release in changed
    }
    return replace(opened, releases=releases)


def _read_release(file: ProposedFile, config: Config) -> Release | None:
    if file.after is None:
        return None
    try:
        return read_release(parse_document(file.after, file.path), config.release)[0]
    except (YamlDocumentError, UnicodeDecodeError):
        return None


def affected_environments(content: PullRequestFiles, config: Config) -> tuple[str, ...]:
    """Return the environments that the changed files configure, in the order of promotion.

    A file of the chart that belongs to no environment affects them all, and so does a file that was not read.
    """
    own = {
        path: environment.name
        for environment in config.environments
        for path in (
            environment.release,
            environment.values,
            f"{config.chart.applications}/{environment.name}.yaml",
        )
    }
    paths = _changed_paths(content.files)
    everywhere = bool(content.omitted) or any(
        path not in own and path.startswith(f"{config.chart.path}/") for path in paths
    )
    affected = {own[path] for path in paths if path in own}
    return tuple(known.name for known in config.environments if everywhere or known.name in affected)


def _changed_paths(files: Iterable[ProposedFile]) -> tuple[str, ...]:
    return tuple(path for file in files for path in (file.path, file.previous_path) if path)


def image_changes(current: Release | None, release: Release) -> tuple[tuple[Image, Image], ...]:
    """Return (before, after) of each image that both releases have."""
    before = {canonicalize_repository(image.repository): image for image in (current.images if current else ())}
    pairs = ((before.get(canonicalize_repository(image.repository)), image) for image in release.images)
    return tuple((old, new) for old, new in pairs if old is not None)


# --- the diff -----------------------------------------------------------------------------------------


def file_diffs(content: PullRequestFiles) -> tuple[FileDiff, ...]:
    """Return the unified diff of each file, from the merge base to the head."""
    return tuple(FileDiff(file.path, _diff_text(file)) for file in content.files if not file.error)


def _diff_text(file: ProposedFile) -> str:
    old, new = f"a/{file.previous_path or file.path}", f"b/{file.path}"
    names = (_NO_FILE if file.before is None else old, _NO_FILE if file.after is None else new)
    try:
        before, after = (_split_lines((raw or b"").decode("utf-8-sig")) for raw in (file.before, file.after))
    except UnicodeDecodeError:
        return f"Binary files {names[0]} and {names[1]} differ\n"
    lines = list(difflib.unified_diff(before, after, *names)) or [f"--- {names[0]}\n", f"+++ {names[1]}\n"]
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def _split_lines(text: str) -> list[str]:
    """Return the lines with their ends. git splits at LF only."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1].removesuffix("\n")
    return lines if lines[-1] else lines[:-1]


def content_lines(content: PullRequestFiles, config: Config, names: Iterable[str]) -> Iterator[PlanLine]:
    """Return warnings about files that are not shown, and files other than those of the moved releases."""
    expected = {
        path
        for environment in config.environments
        if environment.name in names
        for path in (environment.release, environment.values)
    }
    if other := [path for path in _changed_paths(content.files) if path not in expected]:
        yield PlanLine("warning", f"it also changes {', '.join(other)}")
    for file in content.files:
        if file.error:
            yield PlanLine("warning", f"the change of {file.path} is not shown: {file.error}")
    if content.omitted:
        yield PlanLine("warning", f"it changes {format_count(content.omitted, 'more file')} that were not read")


# --- the result ---------------------------------------------------------------------------------------


def check_policy_of_result(
    content: PullRequestFiles, repo_state: RepoState, inputs: PlanInputs
) -> Iterator[PlanLine | Refusal]:
    """Check the policy of every affected environment with the files as the merge leaves them."""
    names = affected_environments(content, inputs.config)
    if why := _unknown_result_reason(content, repo_state.repo):
        yield PlanLine("warning", f"the policy of the result is unknown: {why}")
        return
    contents = _contents_after_merge(content.files)
    for name in names:
        for line in preflight.check_resulting_policy(name, repo_state, contents, inputs):
            if isinstance(line, Refusal) or len(names) == 1:
                yield line
            else:
                yield PlanLine(line.kind, f"{name}: {line.text}")


def _unknown_result_reason(content: PullRequestFiles, repo: OpsRepoData) -> str:
    """Return why the content of the merged files is unknown; empty if it is the content at the head."""
    if content.omitted or any(file.error for file in content.files):
        return "not every changed file could be read"
    if binary := [file.path for file in content.files if file.path in repo.files and not _is_text(file.after or b"")]:
        return f"{', '.join(binary)} is not UTF-8"
    if moved := [file.path for file in content.files if _branch_blob(file, repo) != _blob(file.before)]:
        return f"the branch has changed {', '.join(moved)} too, and git merges both changes"
    return ""


def _branch_blob(file: ProposedFile, repo: OpsRepoData) -> str:
    """Return the blob that the branch has of a file. For a file that is not polled, assume that of the merge base."""
    path = file.previous_path or file.path
    is_polled = path in repo.blobs or path in repo.files
    return repo.blobs.get(path, "") if is_polled or file.before is None else _blob(file.before)


def _blob(content: bytes | None) -> str:
    return "" if content is None else blob_oid(content)


def _contents_after_merge(files: Iterable[ProposedFile]) -> Mapping[str, bytes | None]:
    """Return the new content by path, and None for a removed file. Files that are not text have no policy."""
    contents: dict[str, bytes | None] = {}
    for file in files:
        contents |= {file.previous_path: None} if file.previous_path else {}
        if file.after is None or _is_text(file.after):
            contents[file.path] = file.after
    return contents


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def content_preconditions(content: PullRequestFiles, repo: OpsRepoData) -> tuple[Precondition, ...]:
    """Return the blobs that the branch has of the changed files. An unrelated push is not drift."""
    return tuple(
        Precondition(path, f"blob {shorten_revision(repo.blobs[path])}")
        for path in sorted(_changed_paths(content.files))
        if path in repo.blobs
    )
