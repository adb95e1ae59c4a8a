"""The last correct address of a service in the history of an environment's overlay.

A wrong address is only replaced by one that the same key had before: anchor-tui does not know any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from anchor_tui.config.model import EnvironmentConfig
from anchor_tui.domain.actions.plan import Refusal
from anchor_tui.domain.actions.repo_state import EarlierFile, RepoState
from anchor_tui.domain.formatting import shorten_revision
from anchor_tui.domain.model import Finding, ValueObject
from anchor_tui.domain.policy.checks.mocks import describe_url_faults
from anchor_tui.domain.yaml.document import parse_documents, replace_scalars
from anchor_tui.domain.yaml.nodes import KeyPath, YamlDocumentError, format_key_path

RESTORABLE_URLS = {
    "mock.control-center-url": ("EGI_CONTROL_CENTER_URL", "status-mock"),
    "mock.agentfield-url": ("AGENTFIELD_URL", "agentfield-mock"),
}
"""The checks of an address: its variable, and the mock that it must not name."""


class RestoredUrl(ValueObject, frozen=True):
    """An edit that restores an earlier address. `commit` is the last one that had it."""

    path: KeyPath
    content: bytes
    url: str
    commit: str


def restore_url(
    check: str, finding: Finding, repo_state: RepoState, environment: EnvironmentConfig
) -> RestoredUrl | Refusal:
    """Return the edit that restores the newest correct address of a key, or why there is none."""
    variable, mock = RESTORABLE_URLS[check]
    where, name = f"{finding.file}:{finding.line}", environment.name
    file = repo_state.files.get(finding.file or "")
    if file is None:
        return Refusal(name, "missing-file", f"{finding.file} is not one of the files that are read")
    if file.path != environment.values:
        message = f"{where} belongs to several environments, not only to {name}. Change it by hand"
        return Refusal(name, "shared", message)
    try:
        for document in parse_documents(file.content, file.path):
            for path, scalar in document.iterate_scalars():
                if scalar.line != finding.line or path[-1] != variable or not isinstance(scalar.value, str):
                    continue
                if not describe_url_faults(scalar.value, mock):
                    return Refusal(name, "same", f"{where} is already correct", already_done=True)
                for commit, url in _earlier_values(repo_state.earlier_files, path):
                    if "$(" not in url and not describe_url_faults(url, mock):
                        content = replace_scalars(document, {path: url}).encode()
                        return RestoredUrl(path, content, url, commit)
                words = f"`{format_key_path(path)}` had no correct value in the commits that were read"
                return Refusal(name, "no-value", f"{words}: set it by hand at {where}")
    except YamlDocumentError as error:
        return Refusal(name, error.problem.kind, str(error.problem))
    return Refusal(name, "no-value", f"{where} does not set {variable} any more: change it by hand")


def _earlier_values(files: tuple[EarlierFile, ...], path: KeyPath) -> Iterator[tuple[str, str]]:
    """Yield (commit, text) of a key, newest first. An unreadable file has no value."""
    for earlier in files:
        try:
            documents = parse_documents(earlier.content, earlier.path)
        except YamlDocumentError:
            continue
        for document in documents:
            for found, scalar in document.iterate_scalars():
                if found == path and isinstance(scalar.value, str):
                    yield shorten_revision(earlier.commit), scalar.value
