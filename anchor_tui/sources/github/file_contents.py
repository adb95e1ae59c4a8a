"""Files of the ops repo byte for byte, at the head or after an earlier commit."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from anchor_tui.domain.actions.repo_state import RepoFile, blob_oid
from anchor_tui.domain.source_data import OpsRepoData
from anchor_tui.sources.errors import InvalidResponse, NotFound
from anchor_tui.sources.github.writer import request_json

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient


async def read_files(door: GitHubClient, repo: OpsRepoData, paths: Iterable[str]) -> dict[str, RepoFile]:
    """Files of the branch's head as bytes; one that is not there is left out. Raises SourceError.

    GraphQL hands them over as decoded text: where that is not what the blob's oid says, the bytes come by REST.
    """
    found = {}
    for path in dict.fromkeys(paths):
        text, oid = repo.files.get(path), repo.blobs.get(path)
        if oid is None:
            continue
        content = text.encode() if text is not None else b""
        found[path] = RepoFile(
            path, oid, content if blob_oid(content) == oid else await _read_blob(door, repo.name, oid)
        )
    return found


async def _read_blob(door: GitHubClient, repository: str, oid: str) -> bytes:
    answer = await request_json(door, "GET", f"/repos/{repository}/git/blobs/{oid}")
    content = _decode_content(answer)
    if blob_oid(content) != oid:
        raise InvalidResponse(f"GitHub's blob {oid[:7]} is not what its name says: it is not used")
    return content


async def read_file_at(door: GitHubClient, repository: str, path: str, commit: str) -> RepoFile | None:
    """One file as it stood after a commit; None where it was not there. Raises SourceError."""
    try:
        answer = await request_json(door, "GET", f"/repos/{repository}/contents/{quote(path)}?ref={quote(commit)}")
    except NotFound:
        return None
    content = _decode_content(answer)
    if blob_oid(content) != answer.get("sha"):  # too large to be sent along, a folder, a submodule
        raise InvalidResponse(f"GitHub's {path} at {commit[:7]} is not what its name says: it is not used")
    return RepoFile(path, blob_oid(content), content)


def _decode_content(answer: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(answer.get("content", "")), validate=False)
    except binascii.Error as error:
        raise InvalidResponse("GitHub's file is not in base64, as it should be") from error
