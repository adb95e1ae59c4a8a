"""Files of the ops repo as bytes, at the head or after an earlier commit."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from anchor_tui.domain.actions.repo_state import RepoFile, blob_oid
from anchor_tui.domain.source_data import OpsRepoData
from anchor_tui.sources.errors import InvalidResponse, NotFound

if TYPE_CHECKING:
    from anchor_tui.sources.github.client import GitHubClient


async def read_files(client: GitHubClient, repo: OpsRepoData, paths: Iterable[str]) -> dict[str, RepoFile]:
    """Return files of the branch's head as bytes, without those that do not exist. Raises SourceError.

    GraphQL returns decoded text. If its bytes do not have the blob's oid, the bytes are read by REST.
    """
    files = {}
    for path in dict.fromkeys(paths):
        text, oid = repo.files.get(path), repo.blobs.get(path)
        if oid is None:
            continue
        content = text.encode() if text is not None else b""
        if blob_oid(content) != oid:
            content = await _read_blob(client, repo.name, oid)
        files[path] = RepoFile(path, oid, content)
    return files


async def _read_blob(client: GitHubClient, repository: str, oid: str) -> bytes:
    content = _decode_content(await client.get_json(f"/repos/{repository}/git/blobs/{oid}"))
    if blob_oid(content) != oid:
        raise InvalidResponse(f"GitHub returned other content than that of blob {oid[:7]}: it is not used")
    return content


async def read_file_at(client: GitHubClient, repository: str, path: str, commit: str) -> RepoFile | None:
    """Return a file as it was after a commit; None if it did not exist. Raises SourceError."""
    try:
        answer = await client.get_json(f"/repos/{repository}/contents/{quote(path)}?ref={quote(commit)}")
    except NotFound:
        return None
    content = _decode_content(answer)
    if blob_oid(content) != answer.get("sha"):  # a file over 1 MB comes without content; a folder, a submodule
        raise InvalidResponse(f"GitHub returned other content than that of {path} at {commit[:7]}: it is not used")
    return RepoFile(path, blob_oid(content), content)


def _decode_content(answer: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(answer.get("content", "")), validate=False)
    except binascii.Error as error:
        raise InvalidResponse("GitHub's file content is not valid base64") from error
