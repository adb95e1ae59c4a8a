"""Files of the ops repo as bytes, at the head and after earlier commits."""

from __future__ import annotations

import base64

import pytest

from anchor_tui.domain.actions.repo_state import blob_oid
from anchor_tui.domain.source_data import OpsRepoData
from anchor_tui.sources.errors import (
    InvalidResponse,
)
from anchor_tui.sources.github.file_contents import read_file_at, read_files
from tests.sources.github.fakes import rest_client

REPO = "anchor/anchor-msp-ops"


PATHS = ("environments/prod/release.yaml", "infra/helm/platform/environments/prod/values.yaml")


def with_file(text, content):
    return OpsRepoData(REPO, "https://x", "main", files={"f.yaml": text}, blobs={"f.yaml": blob_oid(content)})


def encoded(content):
    """As GitHub sends it: base64 in lines."""
    return {"content": base64.encodebytes(content).decode(), "encoding": "base64"}


AWKWARD = {
    "CRLF": b"version: 1\r\ncommit: x\r\n",
    "a byte order mark": b"\xef\xbb\xbfversion: 1\n",
    "no last line end": b"version: 1",
    "nothing": b"",
    "not UTF-8": b"version: \xff\n",
}


@pytest.mark.parametrize("name", AWKWARD)
async def test_bytes_are_read_if_the_text_lost_some(name):
    content = AWKWARD[name]
    lossy = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    path = f"/repos/{REPO}/git/blobs/{blob_oid(content)}"
    client = rest_client(**{path: encoded(content)})
    found = await read_files(client, with_file(lossy, content), ["f.yaml", "f.yaml"])  # type: ignore[arg-type]
    assert found["f.yaml"].content == content
    assert found["f.yaml"].oid == blob_oid(content)
    assert client.got == ([path] if lossy.encode() != content else [])


async def test_a_text_with_its_oid_needs_no_request():
    client = rest_client()
    found = await read_files(client, with_file("ä: 1\n", "ä: 1\n".encode()), ["f.yaml", "gone.yaml"])  # type: ignore[arg-type]
    assert found.keys() == {"f.yaml"}
    assert found["f.yaml"].content == "ä: 1\n".encode()
    assert client.got == []


@pytest.mark.parametrize(
    "answer", [encoded(b"another\n"), {"content": "", "encoding": "none"}, {}, {"content": None}, {"content": "%%%"}]
)
async def test_bytes_with_another_oid_are_not_used(answer):
    content = b"version: 1\r\n"
    path = f"/repos/{REPO}/git/blobs/{blob_oid(content)}"
    with pytest.raises(InvalidResponse):
        await read_files(rest_client(**{path: answer}), with_file("version: 1\n", content), ["f.yaml"])  # type: ignore[arg-type]


def contents(content, **more):
    return encoded(content) | {"sha": blob_oid(content), "type": "file", **more}


def contents_path(commit, path=PATHS[0]):
    return f"/repos/{REPO}/contents/{path}?ref={commit}"


async def test_a_file_at_a_commit_is_read_byte_for_byte():
    content = b"\xef\xbb\xbfversion: 1\r\n"
    found = await read_file_at(rest_client(**{contents_path("a" * 40): contents(content)}), REPO, PATHS[0], "a" * 40)  # type: ignore[arg-type]
    assert found is not None
    assert (found.path, found.content, found.oid) == (PATHS[0], content, blob_oid(content))


async def test_a_file_that_did_not_exist_is_none():
    assert await read_file_at(rest_client(), REPO, PATHS[0], "a" * 40) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer",
    [
        contents(b"x") | {"content": "", "encoding": "none", "size": 2_000_000},
        contents(b"x") | {"content": base64.b64encode(b"y").decode()},
        {"items": [contents(b"x")]},
        {"type": "submodule", "sha": "a" * 40},
        contents(b"x") | {"content": "eA"},
    ],
    ids=["too large", "other bytes", "a folder", "a submodule", "no base64"],
)
async def test_other_content_than_a_file_is_not_used(answer):
    with pytest.raises(InvalidResponse):
        await read_file_at(rest_client(**{contents_path("a" * 40): answer}), REPO, PATHS[0], "a" * 40)  # type: ignore[arg-type]


async def test_a_path_with_odd_characters_is_quoted():
    path = "environments/a b#c?/release.yaml"
    client = rest_client(**{contents_path("a" * 40, "environments/a%20b%23c%3F/release.yaml"): contents(b"x")})
    assert await read_file_at(client, REPO, path, "a" * 40)  # type: ignore[arg-type]
