"""Snapshot documents in files: compressed, of other versions, and everything that is not one."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from anchor_tui.services import snapshot_files
from anchor_tui.services.snapshot_files import SnapshotFileError, parse_snapshot, read_snapshot_file
from anchor_tui.services.snapshot_json import SnapshotFormatError, snapshot_to_document, snapshot_to_json
from anchor_tui.services.snapshot_tolerance import _CLOSED_SETS, _ROOTS
from tests import rich

DOCUMENT = snapshot_to_json(rich.snapshot())


def write(folder: Path, content: bytes) -> str:
    (folder / "file").write_bytes(content)
    return str(folder / "file")


@pytest.mark.parametrize("encode", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_document_is_read(tmp_path: Path, encode: Any) -> None:
    assert read_snapshot_file(write(tmp_path, encode(DOCUMENT))) == rich.snapshot()


def test_a_dash_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(DOCUMENT))))
    assert read_snapshot_file("-") == rich.snapshot()


def changed(**changes: Any) -> bytes:
    document = snapshot_to_document(rich.snapshot())
    document |= changes
    return json.dumps({key: value for key, value in document.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"[]", "no key `schema`"),
        (changed(schema=...), "its key `schema` is missing"),
        (changed(schema=7), "its key `schema` is '7'"),
        (changed(schema="anchor-tui/check/v1"), "its key `schema` is 'anchor-tui/check/v1'"),
        (changed(schema="anchor-tui/snapshot/v2"), "'anchor-tui/snapshot/v2', and this version reads"),
        (changed(taken_at=...), "`taken_at`"),
        (changed(taken_at="yesterday"), "$.taken_at"),
        (changed(environments=[7]), "$.environments[0]"),
        (gzip.compress(DOCUMENT, mtime=0)[:-20], "ends too early"),
        (gzip.compress(DOCUMENT, mtime=0)[:50] + b"\xff" * 90, "is damaged"),
        (gzip.compress(b"", mtime=0), "it is empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "document",
)
def test_the_error_names_file_reason_and_remedy(tmp_path: Path, content: bytes, words: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(SnapshotFileError) as caught:
        read_snapshot_file(file)
    assert str(caught.value).startswith(f"cannot read {file}: ")
    assert words in str(caught.value)


def test_a_newer_major_contract_asks_for_an_upgrade() -> None:
    with pytest.raises(SnapshotFormatError, match="upgrade anchor-tui"):
        parse_snapshot(changed(schema="anchor-tui/snapshot/v2"))


def test_missing_files_folders_and_nul_are_explained(tmp_path: Path) -> None:
    for name, words in (
        (str(tmp_path / "absent.json"), "does not exist"),
        (str(tmp_path), "it is a folder"),
        ("a\x00b", "null byte"),
    ):
        with pytest.raises(SnapshotFileError, match=words):
            read_snapshot_file(name)


def test_large_documents_are_refused_before_they_are_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_files, "MAX_DOCUMENT_BYTES", 1024 * 1024)
    for content in (b" " * (1024 * 1024 + 1), gzip.compress(b" " * (1024 * 1024 + 1))):
        with pytest.raises(SnapshotFileError, match="larger than 1 MiB"):
            read_snapshot_file(write(tmp_path, content))


def test_later_keys_are_ignored_and_older_documents_get_defaults() -> None:
    document = snapshot_to_document(rich.snapshot())
    document["weather"] = "sunny"
    document["environments"][0]["weather"] = {"sky": ["blue"]}
    del document["verdict"]["cause"]
    for environment in document["environments"]:
        for application in environment["applications"]:
            application.pop("diagnosis")
    read = parse_snapshot(json.dumps(document).encode())
    assert read.taken_at == rich.snapshot().taken_at
    assert all(app.diagnosis is None for app in read.all_applications)
    assert read.problems == rich.snapshot().problems


def find_parts(value: Any, path: tuple[str, ...]) -> list[Any]:
    if not path:
        return [value] if isinstance(value, dict) else []
    items = value if path[0] == "*" else [value[path[0]]] if value and path[0] in value else []
    return [part for item in items for part in find_parts(item, path[1:])]


@pytest.mark.parametrize("closed", _CLOSED_SETS, ids=lambda closed: f"{closed.root} {closed.key}")
def test_a_later_value_of_a_closed_set_is_replaced_visibly(closed: Any) -> None:
    document = snapshot_to_document(rich.snapshot())
    parts = [part for path in _ROOTS[closed.root] for part in find_parts(document, path)]
    assert parts
    parts[-1][closed.key] = "of-a-later-version"
    read = parse_snapshot(json.dumps(document).encode())
    assert [problem.kind for problem in read.problems].count("later-version") == 1
    assert read.problems[-1].message.startswith("1 value of a later version")
