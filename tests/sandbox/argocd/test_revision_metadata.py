from __future__ import annotations

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox
from tests.sandbox.argocd.json_shapes import describe_recorded_bodies, describe_shape, list_unknown_keys

APPLICATION = "/api/v1/applications/anchor-msp-prod"


async def test_a_full_commit_id_has_message_and_author(box: Sandbox, argocd: httpx.AsyncClient) -> None:
    head = box.git.head
    answer = await argocd.get(f"{APPLICATION}/revisions/{head}/metadata")
    assert answer.status_code == 200
    assert answer.json()["message"] == box.git.read_commit(head).message
    assert list_unknown_keys(describe_shape(answer.json()), describe_recorded_bodies("revision-metadata*")) == []


@pytest.mark.parametrize("revision", ["main", "0" * 40])
async def test_a_branch_or_unknown_commit_has_no_metadata(argocd: httpx.AsyncClient, revision: str) -> None:
    answer = await argocd.get(f"{APPLICATION}/revisions/{revision}/metadata")
    assert answer.status_code == 500
    assert revision in answer.json()["message"]
