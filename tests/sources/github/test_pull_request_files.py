"""The files of a pull request, at the merge base and at the head."""

from __future__ import annotations

import base64

import pytest

from anchor_tui.domain.actions.repo_state import ProposedFile, PullRequestFiles, blob_oid
from anchor_tui.sources.errors import InvalidResponse
from anchor_tui.sources.github.pull_request_files import MAX_READ_FILES, read_pull_request_files
from tests.sources.github.fakes import rest_client

REPO = "/repos/anchor/anchor-msp-ops"
BRANCH, BASE, HEAD = "a" * 40, "b" * 40, "c" * 40


def content(path: str, commit: str, text: bytes) -> dict[str, object]:
    answer = {"sha": blob_oid(text), "content": base64.encodebytes(text).decode(), "encoding": "base64"}
    return {f"{REPO}/contents/{path}?ref={commit}": answer}


def comparison(*files: dict[str, str]) -> dict[str, object]:
    answer = {"status": "diverged", "merge_base_commit": {"sha": BASE}, "files": list(files)}
    return {f"{REPO}/compare/{BRANCH}...{HEAD}": answer}


async def read(answers: dict[str, object]) -> PullRequestFiles:
    return await read_pull_request_files(rest_client(**answers), "anchor/anchor-msp-ops", BRANCH, HEAD)  # type: ignore[arg-type]


async def test_files_are_read_at_the_merge_base_and_the_head():
    found = await read(
        comparison(
            {"filename": "changed", "status": "modified"},
            {"filename": "new", "status": "added"},
            {"filename": "gone", "status": "removed"},
            {"filename": "to", "status": "renamed", "previous_filename": "from"},
        )
        | content("changed", BASE, b"1\r\n")
        | content("changed", HEAD, b"2\r\n")
        | content("new", HEAD, b"n")
        | content("gone", BASE, b"g")
        | content("from", BASE, b"f")
        | content("to", HEAD, b"t")
    )
    assert found == PullRequestFiles(
        HEAD,
        (
            ProposedFile("changed", b"1\r\n", b"2\r\n"),
            ProposedFile("new", None, b"n"),
            ProposedFile("gone", b"g", None),
            ProposedFile("to", b"f", b"t", "from"),
        ),
    )


async def test_a_file_without_content_is_named_with_its_error():
    large = {f"{REPO}/contents/large?ref={BASE}": {"sha": "d" * 40, "content": "", "encoding": "none"}}
    (file,) = (await read(comparison({"filename": "large", "status": "modified"}) | large)).files
    assert (file.before, file.after) == (None, None)
    assert "other content than that of large" in file.error


async def test_more_files_than_are_read_are_counted():
    listed = [{"filename": f"f{number}", "status": "modified"} for number in range(MAX_READ_FILES + 3)]
    found = await read(comparison(*listed))
    assert (len(found.files), found.omitted) == (MAX_READ_FILES, 3)


async def test_a_comparison_without_files_is_an_invalid_response():
    with pytest.raises(InvalidResponse, match="does not list the files"):
        await read({f"{REPO}/compare/{BRANCH}...{HEAD}": {"merge_base_commit": {"sha": BASE}}})
