"""The state of GitHub that actions need: a branch of ours, a pull request, and permissions."""

from __future__ import annotations

import pytest

from anchor_tui.sources.errors import InvalidResponse, NotFound
from anchor_tui.sources.github import pull_request_queries
from anchor_tui.sources.github.pull_request_queries import read_branch_state, read_pull_request
from tests.sources.github.fakes import FakeGitHub

REPO = "anchor/anchor-msp-ops"


PATHS = ("environments/prod/release.yaml", "infra/helm/platform/environments/prod/values.yaml")


NODE = {
    "id": "PR_1",
    "number": 232,
    "title": "Promote",
    "url": "https://github.com/a/b/pull/232",
    "state": "OPEN",
    "isCrossRepository": False,
}


WHOLE = NODE | {
    "isDraft": True,
    "baseRefName": "main",
    "headRefName": "anchor-tui/promote/prod/1.43.2",
    "headRefOid": "d" * 40,
    "mergeable": "CONFLICTING",
    "mergeStateStatus": "DIRTY",
    "reviewDecision": "CHANGES_REQUESTED",
    "author": {"login": "on-call"},
    "mergedAt": "2026-11-23T14:00:00Z",
    "mergedBy": {"login": "a-lee"},
    "mergeCommit": {"oid": "e" * 40},
    "labels": {"nodes": [{"name": "promotion"}, None]},
    "reviewRequests": {
        "nodes": [
            {"requestedReviewer": {"login": "b.lee"}},
            {"requestedReviewer": {"slug": "ops"}},
            {"requestedReviewer": None},
            {"requestedReviewer": {}},
            None,
        ]
    },
    "latestOpinionatedReviews": {"nodes": [{"author": {"login": "c.lee"}}, {"author": None}, None]},
    "autoMergeRequest": {"enabledAt": "2026-11-23T14:00:00Z"},
    "isMergeQueueEnabled": True,
    "mergeQueueEntry": {"position": 2},
    "viewerCanEnableAutoMerge": True,
    "statusCheckRollup": {
        "state": "FAILURE",
        "contexts": {
            "nodes": [
                {"__typename": "CheckRun", "name": "sync", "status": "COMPLETED", "conclusion": "FAILURE"},
                {"__typename": "CheckRun", "name": "policy", "status": "IN_PROGRESS", "conclusion": None},
                {"__typename": "StatusContext", "context": "ci", "state": "SUCCESS"},
                {"__typename": "StatusContext", "context": "old", "state": "PENDING"},
                {"__typename": "CheckRun", "name": "approval", "status": "COMPLETED", "conclusion": "ACTION_REQUIRED"},
            ]
        },
    },
}


PERMISSIONS = {
    "isArchived": False,
    "viewerPermission": "WRITE",
    "autoMergeAllowed": True,
    "mergeCommitAllowed": True,
    "squashMergeAllowed": True,
    "rebaseMergeAllowed": False,
    "viewerDefaultMergeMethod": "MERGE",
}


def response(**repository):
    return {"viewer": {"login": "on-call"}, "repository": PERMISSIONS | repository}


async def read_state(found):
    return await read_branch_state(FakeGitHub(ExistingBranch=found), REPO, "anchor-tui/x", "main", PATHS)  # type: ignore[arg-type]


async def test_without_a_branch_the_permissions_are_known():
    permissions, branch, pulls = await read_state(response(ref=None, pullRequests={"nodes": []}))
    assert (branch, pulls) == (None, ())
    assert (permissions.viewer, permissions.push, permissions.auto_merge, permissions.archived) == (
        "on-call",
        "yes",
        True,
        False,
    )
    assert permissions.merge_methods == ("merge", "squash"), "the usual one first, and what is not allowed left out"


async def test_an_existing_branch_has_tip_parents_and_blobs():
    target = {
        "oid": "e" * 40,
        "parents": {"nodes": [{"oid": "a" * 40}, None]},
        "release": {"oid": "b" * 40},
        "values": None,
    }
    _, branch, _ = await read_state(response(ref={"target": target}, pullRequests={"nodes": [NODE, None]}))
    assert branch is not None
    assert (branch.name, branch.oid, branch.parents) == ("anchor-tui/x", "e" * 40, ("a" * 40,))
    assert branch.blobs == {PATHS[0]: "b" * 40}


async def test_the_query_contains_the_branch_and_the_paths():
    client = FakeGitHub(ExistingBranch=response(ref=None))
    await read_branch_state(client, REPO, "anchor-tui/x", "main", PATHS)  # type: ignore[arg-type]
    ((_, variables),) = client.asked
    assert variables == {
        "owner": "anchor",
        "name": "anchor-msp-ops",
        "ours": "refs/heads/anchor-tui/x",
        "head": "anchor-tui/x",
        "base": "main",
        "release": PATHS[0],
        "values": PATHS[1],
    }


async def test_every_field_of_a_pull_request_is_read():
    _, pull = await read_pull_request(FakeGitHub(PullRequest=response(pullRequest=WHOLE)), REPO, 232)  # type: ignore[arg-type]
    assert pull is not None
    assert (pull.number, pull.node_id, pull.state, pull.draft, pull.base) == (232, "PR_1", "open", True, "main")
    assert (pull.mergeable, pull.merge_state, pull.review) == ("conflicting", "dirty", "changes_requested")
    assert (pull.checks, pull.failed_checks, pull.pending_checks) == (
        "failure",
        ("sync", "approval"),
        ("policy", "old"),
    )
    assert (pull.checks_awaiting_person, pull.from_fork) == (("approval",), False)
    assert (pull.labels, pull.reviewers) == (("promotion",), ("b.lee", "ops", "c.lee"))
    assert (pull.auto_merge, pull.queue_required, pull.queue_position, pull.may_auto_merge) == (True, True, 2, True)
    assert (pull.merge_oid, pull.merged_by) == ("e" * 40, "a-lee")
    assert pull.merged_at is not None


async def test_missing_fields_of_a_pull_request_are_unknown():
    _, pull = await read_pull_request(FakeGitHub(PullRequest=response(pullRequest=NODE)), REPO, 232)  # type: ignore[arg-type]
    assert pull is not None
    assert (pull.mergeable, pull.merge_state, pull.review, pull.queue_position) == ("unknown", "unknown", None, None)
    assert (pull.auto_merge, pull.queue_required, pull.may_auto_merge) == (False, False, False)


async def test_an_unknown_number_is_none_an_invisible_repository_an_error():
    assert (await read_pull_request(FakeGitHub(PullRequest=response(pullRequest=None)), REPO, 1))[1] is None  # type: ignore[arg-type]
    for name, asked in (
        ("PullRequest", read_pull_request(FakeGitHub(PullRequest={"repository": None}), REPO, 1)),  # type: ignore[arg-type]
        ("ExistingBranch", read_state({"repository": None})),
    ):
        with pytest.raises(NotFound, match="the token may not see"):
            await asked
        assert name


@pytest.mark.parametrize(
    ("answer", "push"),
    [("ADMIN", "yes"), ("MAINTAIN", "yes"), ("WRITE", "yes"), ("TRIAGE", "no"), ("READ", "no"), (None, "unknown")],
)
async def test_a_permission_decides_whether_we_may_push(answer, push):
    permissions, _, _ = await read_state(response(ref=None, viewerPermission=answer))
    assert permissions.push == push


async def test_without_an_allowed_merge_method_squash_is_used():
    none = {f"{name}Allowed": False for name in ("mergeCommit", "squashMerge", "rebaseMerge")}
    permissions, _, _ = await read_state(response(ref=None, **none))
    assert permissions.merge_methods == ("squash",)


# --- forks and further pages --------------------------------------------------------------------------


def pull_request_page(*numbers: int, fork: bool = False, after: str | None = None):
    nodes = [NODE | {"number": number, "isCrossRepository": fork} for number in numbers]
    return {"nodes": nodes, "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}


async def test_a_namesake_in_a_fork_is_not_ours():
    nodes = [NODE | {"number": 900, "isCrossRepository": True}, NODE | {"number": 232}]
    _, _, pulls = await read_state(response(ref=None, pullRequests={"nodes": nodes}))
    assert [pull.number for pull in pulls] == [232]


async def test_a_pull_request_of_unknown_origin_is_not_ours():
    node = {key: value for key, value in NODE.items() if key != "isCrossRepository"}
    _, _, pulls = await read_state(response(ref=None, pullRequests={"nodes": [node]}))
    assert pulls == ()


async def test_our_pull_request_is_found_behind_many_of_forks():
    pages = [
        response(ref=None, pullRequests=pull_request_page(900, 901, fork=True, after="c1")),
        response(ref=None, pullRequests=pull_request_page(232)),
    ]
    client = FakeGitHub(ExistingBranch=pages)
    _, _, pulls = await read_branch_state(client, REPO, "anchor-tui/x", "main", PATHS)  # type: ignore[arg-type]
    assert [pull.number for pull in pulls] == [232]
    assert client.asked[1][1]["after"] == "c1"


async def test_an_endless_list_of_pull_requests_is_an_error():
    with pytest.raises(InvalidResponse, match="does not list all open pull requests"):
        await read_state(response(ref=None, pullRequests=pull_request_page(900, fork=True, after="the same")))


async def test_ever_new_cursors_are_an_error(monkeypatch):
    monkeypatch.setattr(pull_request_queries, "MAX_PULL_REQUEST_PAGES", 2)
    pages = [response(ref=None, pullRequests=pull_request_page(n, fork=True, after=f"c{n}")) for n in range(5)]
    with pytest.raises(InvalidResponse, match="does not list all open pull requests"):
        await read_state(pages)


def check_run(conclusion: str | None, started_at: str, name: str = "ci"):
    status = "COMPLETED" if conclusion else "IN_PROGRESS"
    return {"__typename": "CheckRun", "name": name, "status": status, "conclusion": conclusion, "startedAt": started_at}


EARLY, LATE = "2026-11-23T14:00:00Z", "2026-11-23T14:10:00Z"


def check_page(*nodes, after: str | None = None):
    page = {"hasNextPage": after is not None, "endCursor": after}
    return {"state": "FAILURE", "contexts": {"nodes": list(nodes), "pageInfo": page}}


async def test_a_check_that_has_since_passed_is_not_failed():
    rollup = check_page(check_run("FAILURE", EARLY), check_run("SUCCESS", LATE))
    client = FakeGitHub(PullRequest=response(pullRequest=NODE | {"statusCheckRollup": rollup}))
    _, pull = await read_pull_request(client, REPO, 232)  # type: ignore[arg-type]
    assert pull is not None
    assert (pull.checks, pull.failed_checks) == ("success", ())


async def test_further_pages_of_checks_are_read():
    more = {"object": {"statusCheckRollup": check_page(check_run("SUCCESS", LATE))}}
    node = NODE | {"headRefOid": "d" * 40, "statusCheckRollup": check_page(check_run("FAILURE", EARLY), after="c1")}
    client = FakeGitHub(PullRequest=response(pullRequest=node), MoreChecks={"repository": more})
    _, pull = await read_pull_request(client, REPO, 232)  # type: ignore[arg-type]
    assert pull is not None
    assert pull.checks == "success"
    assert client.asked[1][1] == {"owner": "anchor", "name": "anchor-msp-ops", "oid": "d" * 40, "after": "c1"}


async def test_checks_that_are_not_handed_out_are_unknown():
    node = NODE | {"statusCheckRollup": check_page(check_run("FAILURE", EARLY), after="c1")}
    client = FakeGitHub(PullRequest=response(pullRequest=node), MoreChecks={"repository": {"object": None}})
    _, pull = await read_pull_request(client, REPO, 232)  # type: ignore[arg-type]
    assert pull is not None
    assert (pull.checks, pull.failed_checks) == ("unknown", ())
