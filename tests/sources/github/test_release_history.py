"""Every release of an environment, page by page."""

from __future__ import annotations

import pytest

from anchor_tui.domain.source_data import OpsRepoData
from anchor_tui.sources.github.release_history import MAX_PAGES, read_release_history
from tests.sources.github.fakes import FakeGitHub, release_yaml, tree_entry
from tests.values import config

REPO = "anchor/anchor-msp-ops"


PATHS = ("environments/prod/release.yaml", "infra/helm/platform/environments/prod/values.yaml")


def history_page(*versions, more=None, at_=0):
    nodes = [
        {
            "oid": f"{at_ + index:040x}",
            "committedDate": "2026-11-22T10:00:00Z",
            "author": {"name": "A. Lee", "user": {"login": "a.lee"}},
            "associatedPullRequests": {"nodes": [{"number": 7, "title": "Release", "url": "https://x/7"}]},
            "release": tree_entry(release_yaml(version) if version else None),
        }
        for index, version in enumerate(versions)
    ]
    info = {"hasNextPage": more is not None, "endCursor": more}
    return {"repository": {"ref": {"target": {"oid": "a" * 40, "past": {"pageInfo": info, "nodes": nodes}}}}}


async def read_pages(*pages):
    client = FakeGitHub(HistoryPage=list(pages))
    repo = OpsRepoData(REPO, "https://x", "main")
    found = await read_release_history(client, config(), config().environments[2], repo)  # type: ignore[arg-type]
    return client, found


async def test_history_is_read_page_by_page():
    client, found = await read_pages(history_page("1.44.0", None, more="c1"), history_page("1.43.1", at_=2))
    assert [past.release and past.release.version for past in found] == ["1.44.0", None, "1.43.1"]
    assert [variables["after"] for _, variables in client.asked] == [None, "c1"]
    assert all(variables["path"] == PATHS[0] for _, variables in client.asked)
    assert found[0].release is not None
    assert found[0].release.pull_request is not None
    assert (found[0].release.changed_by, found[0].release.pull_request.number) == ("a.lee", 7)


async def test_an_endless_history_ends_at_the_page_limit():
    client, found = await read_pages(history_page("1.44.0", more="again"))
    assert len(client.asked) == len(found) == MAX_PAGES


@pytest.mark.parametrize("answer", [{"repository": None}, {"repository": {"ref": None}}])
async def test_a_missing_history_is_empty(answer):
    assert (await read_pages(answer))[1] == ()
