"""The commit behind a revision, as a real server tells it."""

from __future__ import annotations

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.argocd.json_shapes import describe_recorded_bodies, describe_shape, list_unknown_keys

APPLICATION = "/api/v1/applications/anchor-msp-prod"


async def test_a_whole_commit_is_told_with_its_message_and_author(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    head = box.git.head
    answer = await argocd.get(f"{APPLICATION}/revisions/{head}/metadata")
    assert answer.status_code == 200
    assert answer.json()["message"] == box.git.read_commit(head).message
    assert list_unknown_keys(describe_shape(answer.json()), describe_recorded_bodies("revision-metadata*")) == []


@pytest.mark.parametrize("revision", ["main", "0" * 40])
async def test_a_branch_and_an_unknown_commit_are_no_revision(argocd: httpx.AsyncClient, revision: str) -> None:
    answer = await argocd.get(f"{APPLICATION}/revisions/{revision}/metadata")
    assert answer.status_code == 500
    assert revision in answer.json()["message"]
