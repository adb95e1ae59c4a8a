"""Promotion on a real socket: one branch, one commit, one pull request, and every other byte as it was."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from anchor_tui.domain.actions.plan import Plan
from anchor_tui.domain.actions.steps import CommitFiles, MoveBranch
from anchor_tui.sandbox.github.pull_requests import CheckTimings
from tests.services.sandbox_operator import OVERLAY, RELEASE, operator_at, second_operator, wait_until_true

BRANCH = "anchor-tui/promote/{}/{}"
WORKFLOW = '\n[promotion]\nvia = "workflow"\nworkflow = "promote.yaml"\n'
OPENED = [
    "github POST git/refs",
    "github createCommitOnBranch",
    "github POST pulls",
    "github POST issues/{}/labels",
]
SCALAR = re.compile(rb"^(\s*(?:version|commit|released|tag|digest):\s*)(\S+)", re.MULTILINE)


def opened(number: int) -> list[str]:
    return [each.format(number) for each in OPENED]


def blanked(content: bytes) -> bytes:
    """A file without what a promotion may change."""
    return SCALAR.sub(rb"\1*", content)


def files(name: str) -> tuple[str, str]:
    return RELEASE.format(name), OVERLAY.format(name)


# --- what is committed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "source", "target", "version"),
    [("steady", "dev", "staging", "1.44.0"), ("steady", "staging", "prod", "1.43.2")],
)
async def test_a_promotion_is_one_branch_commit_and_pull_request(tmp_path, scenario, source, target, version):
    with operator_at(scenario, tmp_path) as op:
        before = {path: op.read(path) for path in files(target)}
        plan = await op.plan("promote", target)
        assert (plan.confirmation, plan.phrase) == (("phrase", "prod") if target == "prod" else ("key", ""))
        running = asyncio.create_task(op.execute(plan, reason="release day"))
        await wait_until_true(lambda: op.pulls and op.pulls[0].labels)
        (pull,) = op.pulls
        branch = BRANCH.format(target, version)
        assert op.branches == {branch}
        (commit,) = op.commits(branch)
        assert commit.message.splitlines()[0] == f"Promote {version} to {target}"
        assert f"Anchor-Tui-Request: {plan.id}" in commit.message
        changes = op.box.call_in_loop(lambda: op.box.git.diff_commits(commit.parents[0], commit.sha))
        assert set(changes) == set(files(target))
        for path, content in before.items():
            assert op.read(path, branch) != content
            assert blanked(op.read(path, branch)) == blanked(content)
        assert SCALAR.findall(op.read(files(target)[0], branch)) == SCALAR.findall(op.read(files(source)[0]))
        assert (pull.title, pull.base, pull.labels) == (f"Promote {version} to {target}", "main", ("promotion",))
        op.merge(pull.number)
        outcome = await running
        assert outcome.kind == "done", outcome.message
        assert (outcome.results[0].number, op.traffic.writes) == (pull.number, opened(pull.number))
        assert op.app(target).revision == op.box.git.head
        environment = (await op.observe("argocd", "github")).find_environment(target)
        found = [each for each in environment.findings if each.check == "release.contract-aligned"]
        assert {each.status for each in found} == {"pass"}
        assert environment.release.version == version


async def test_the_body_contains_versions_changes_checks_and_reason(tmp_path):
    with operator_at("steady", tmp_path) as op:
        await op.execute(await op.plan("promote", "staging"), reason="dev was well all night", follow=False)
        body = op.pulls[0].body
        assert body.startswith("Moves `staging` from `1.43.2` to `1.44.0` from `dev`")
        for words in (
            "**Reason:** dev was well all night",
            "| `gateway` | `1.43.2` | `1.44.0` |",
            "- #231 `Update dev to 1.44.0`",
            "- ✓ `dev is Synced and Healthy",
            "checks pass for the changed files",
        ):
            assert words in body


@pytest.mark.parametrize("ending", ["crlf", "bom", "bom and crlf", "no end of line"])
async def test_files_of_other_habits_keep_every_other_byte(tmp_path, ending):
    def written(content: bytes) -> bytes:
        content = content.replace(b"\n", b"\r\n") if "crlf" in ending else content
        content = content.rstrip(b"\n") if ending == "no end of line" else content
        return b"\xef\xbb\xbf" + content if "bom" in ending else content

    with operator_at("steady", tmp_path) as op:
        op.box.commit({path: written(op.read(path)) for path in files("staging")}, "As a Windows editor writes them")
        before = {path: op.read(path) for path in files("staging")}
        await wait_until_true(lambda: op.app("staging").revision == op.box.git.head)
        outcome = await op.act("promote", "staging", follow=False)
        assert outcome.kind == "done", outcome.message
        for path, content in before.items():
            after = op.read(path, BRANCH.format("staging", "1.44.0"))
            assert after != content
            assert blanked(after) == blanked(content)
            assert (after.startswith(b"\xef\xbb\xbf"), after.count(b"\r\n")) == (
                "bom" in ending,
                content.count(b"\r\n"),
            )


async def test_an_older_release_of_the_environment_before_can_be_named(tmp_path):
    with operator_at("release-day", tmp_path) as op:
        await op.execute(await op.plan("promote", "prod", version="1.43.0"), follow=False)
        assert op.branches == {BRANCH.format("prod", "1.43.0")}
        now = op.read(files("prod")[0], BRANCH.format("prod", "1.43.0"))
        assert b"version: 1.43.0" in now
        wrong = await op.refusal("promote", "prod", version="9.9.9")
        assert (wrong.kind, "1.43.1" in wrong.message) == ("no-version", True)


async def test_an_impossible_reviewer_does_not_stop_the_promotion(tmp_path):
    with operator_at("steady", tmp_path, more='\n[promotion]\nreviewers = ["anchor-bot", "anchor/platform"]\n') as op:
        await op.act("promote", "staging", follow=False)
        assert (op.pulls[0].reviewers, op.pulls[0].teams) == (("anchor-bot",), ("platform",))
        assert (await op.refusal("promote", "staging")).already_done
        poor = second_operator(op, "poor", more='\n[promotion]\nreviewers = ["nobody-known"]\n')
        outcome = await poor.act("promote", "prod", follow=False)
        assert (outcome.kind, "could not request reviews from nobody-known" in outcome.message) == ("done", True)
        assert len(op.pulls) == 2


# --- asked twice, and by two --------------------------------------------------------------------------


async def test_asked_twice_there_is_one_branch_and_one_pull_request(tmp_path):
    with operator_at("steady", tmp_path) as op:
        await op.act("promote", "staging", follow=False)
        refusal = await op.refusal("promote", "staging")
        assert (refusal.kind, refusal.already_done) == ("open", True)
        assert f"#{op.pulls[0].number}" in refusal.message
        assert refusal.url.endswith(f"/pull/{op.pulls[0].number}")
        assert op.traffic.writes == opened(op.pulls[0].number)


async def test_an_open_pull_request_gets_only_its_missing_label(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add("github:status=500,times=1,path=/repos/anchor/anchor-msp-ops/issues")
        outcome = await op.act("promote", "staging", follow=False)
        assert (outcome.kind, "could not add the label" in outcome.message) == ("done", True)
        assert op.pulls[0].labels == ()
        op.traffic.clear()
        outcome = await op.act("promote", "staging", follow=False)
        assert outcome.kind == "done", outcome.message
        assert op.traffic.writes == [f"github POST issues/{op.pulls[0].number}/labels"]
        assert [each.labels for each in op.pulls] == [("promotion",)]


async def test_an_old_branch_is_moved_if_main_has_moved(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add("github:status=500,times=1,path=/repos/anchor/anchor-msp-ops/pulls,method=POST")
        outcome = await op.act("promote", "staging", follow=False)
        assert outcome.kind == "failed"
        assert (op.branches, op.pulls) == ({BRANCH.format("staging", "1.44.0")}, [])
        op.box.commit({"README.md": "another\n"}, "Something else")
        head = op.box.git.head
        op.traffic.clear()
        plan = await op.plan("promote", "staging")
        assert any("exists from before" in line.text for line in plan.lines)
        outcome = await op.execute(plan, follow=False)
        assert outcome.kind == "done", outcome.message
        branch = BRANCH.format("staging", "1.44.0")
        assert op.branches == {branch}
        assert [each.parents for each in op.commits(branch)] == [(head,)]
        assert op.traffic.writes[0] == f"github PATCH git/refs/heads/{branch}"


async def test_an_old_commit_is_used_if_main_is_unchanged(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add("github:status=500,times=1,path=/repos/anchor/anchor-msp-ops/pulls,method=POST")
        await op.act("promote", "staging", follow=False)
        tip = op.commits(BRANCH.format("staging", "1.44.0"))
        op.traffic.clear()
        outcome = await op.act("promote", "staging", follow=False)
        assert outcome.kind == "done", outcome.message
        assert op.commits(BRANCH.format("staging", "1.44.0")) == tip
        assert op.traffic.writes == opened(op.pulls[0].number)[2:]


async def test_the_audit_contains_the_steps_that_were_executed(tmp_path):
    """The audited steps are the executed ones: recovery reads them after a crash."""
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add("github:status=500,times=1,operation=createCommitOnBranch")
        assert (await op.act("promote", "staging", follow=False)).kind == "failed"
        plan = await op.plan("promote", "staging")
        assert isinstance(plan.step_groups[0].steps[0], CommitFiles)
        op.box.commit({"README.md": "another\n"}, "Something else")
        assert (await op.execute(plan, follow=False)).kind == "done"
        lines = [each for each in op.entries if each.plan == plan.id]
        whole = [each.whole for each in lines if each.whole][-1]
        assert [step.title for step in whole.step_groups[0].steps[:4]] == [
            each.message for each in lines if each.entry == "intended" and each.step is not None
        ]
        assert isinstance(whole.step_groups[0].steps[0], MoveBranch)


@pytest.mark.parametrize("operation", ["nothing", "POST git/refs", "createCommitOnBranch", "POST pulls"])
async def test_of_two_simultaneous_promotions_one_is_refused(tmp_path, operation):
    """The first is held up at each of his writes in turn, while the other goes all the way."""
    with operator_at("steady", tmp_path) as one:
        other = second_operator(one, "other", login="a-lee")
        first, second = await asyncio.gather(one.plan("promote", "staging"), other.plan("promote", "staging"))
        match operation:
            case "POST git/refs":
                one.box.faults.add("github:latency=0.25,times=1,method=POST,path=/repos/anchor/anchor-msp-ops/git/refs")
            case "createCommitOnBranch":
                one.box.faults.add("github:latency=0.25,times=1,operation=createCommitOnBranch")
            case "POST pulls":
                one.box.faults.add("github:latency=0.25,times=1,method=POST,path=/repos/anchor/anchor-msp-ops/pulls")
        held = asyncio.create_task(one.execute(first, follow=False))
        if operation != "nothing":
            await wait_until_true(lambda: any(each.endswith(operation) for each in one.traffic.writes))
        outcomes = [await other.execute(second, follow=False), await held]
        assert len(one.pulls) == 1
        assert one.branches == {BRANCH.format("staging", "1.44.0")}
        assert len(one.commits(BRANCH.format("staging", "1.44.0"))) == 1
        assert {each.kind for each in outcomes} - {"done"} <= {"failed", "drifted", "refused"}
        assert all(f"#{one.pulls[0].number}" in each.message for each in outcomes if each.kind == "done")
        for op, outcome in ((other, outcomes[0]), (one, outcomes[1])):
            assert op.ends == [("release of staging", outcome.kind)]
        last = await other.refusal("promote", "staging")
        assert last.already_done


# --- what moves between plan and confirmation ---------------------------------------------------------


async def test_after_an_unrelated_push_the_commit_uses_the_new_head(tmp_path):
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("promote", "staging")
        op.box.commit({"README.md": "another\n"}, "Something else")
        outcome = await op.execute(plan, follow=False)
        assert outcome.kind == "done", outcome.message
        (commit,) = op.commits(BRANCH.format("staging", "1.44.0"))
        assert commit.parents == (op.box.git.head,)
        assert op.read("README.md", commit.sha) == b"another\n"


@pytest.mark.parametrize("which", ["touched release", "touched overlay", "copied release"])
async def test_a_push_of_a_touched_file_is_a_drift(tmp_path, which):
    path = {
        "touched release": RELEASE.format("staging"),
        "touched overlay": OVERLAY.format("staging"),
        "copied release": RELEASE.format("dev"),
    }[which]
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("promote", "staging")
        op.box.commit({path: op.read(path) + b"# looked at\n"}, "A comment")
        await wait_until_true(lambda: op.app("dev").revision == op.box.git.head and not op.app("dev").is_busy)
        outcome = await op.execute(plan, follow=False)
        assert outcome.kind == "drifted", outcome.message
        assert path in outcome.message
        assert op.traffic.writes == []
        assert isinstance(outcome.fresh, Plan)
        assert (await op.execute(outcome.fresh, follow=False)).kind == "done"
        assert len(op.pulls) == 1


async def test_a_push_between_branch_and_commit_does_no_harm(tmp_path):
    with operator_at("steady", tmp_path) as op:
        plan = await op.plan("promote", "staging")

        def push(asked):
            if asked.mutations:
                op.box.commit({"README.md": "in between\n"}, "In between")

        op.traffic.on_arrival.append(push)
        outcome = await op.execute(plan, follow=False)
        assert outcome.kind == "done", outcome.message
        assert len(op.commits(BRANCH.format("staging", "1.44.0"))) == 1


# --- pre-flight ---------------------------------------------------------------------------------------


async def test_an_environment_before_that_is_not_well_refuses(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.box.kubectl.edit_object("anchor-msp-dev", "Deployment", "anchor-web", "spec.replicas", 7)
        op.box.kubectl.patch_application("anchor-msp-dev", {"spec": {"syncPolicy": {"automated": None}}})
        await wait_until_true(lambda: op.app("dev").sync == "OutOfSync")
        refusal = await op.refusal("promote", "staging")
        assert (refusal.kind, refusal.subject) == ("unhealthy", "dev")
        assert op.traffic.writes == []


async def test_a_token_without_write_permission_is_refused_first(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.github_repo.can_write = False
        refusal = await op.refusal("promote", "staging")
        assert refusal.kind == "forbidden"
        assert op.traffic.writes == []


async def test_without_argo_cd_plan_and_body_contain_a_warning(tmp_path):
    with operator_at("steady", tmp_path) as op:
        snapshot = await op.observe("nothing")
        op.traffic.clear()
        plan = await op.plan("promote", "staging", snapshot=snapshot, without_argocd=True)
        assert any("without Argo CD" in line.text for line in plan.lines if line.kind == "warning")
        outcome = await op.execute(plan, snapshot=snapshot, follow=False)
        assert outcome.kind == "done", outcome.message
        assert "without Argo CD" in op.pulls[0].body
        assert op.traffic.of("argocd") == []


async def test_an_unreachable_argo_cd_is_refused_with_a_way_out(tmp_path):
    with operator_at("steady", tmp_path) as op:
        op.box.faults.add("argocd:status=503")
        refusal = await op.refusal("promote", "staging")
        assert (refusal.kind, "--without-argocd" in refusal.message) == ("stale", True)


# --- by the workflow ----------------------------------------------------------------------------------


async def test_by_workflow_the_run_is_followed_to_its_pull_request(tmp_path):
    with operator_at("steady", tmp_path, more=WORKFLOW) as op:
        plan = await op.plan("promote", "staging")
        assert plan.pull_request is None
        running = asyncio.create_task(op.execute(plan))
        await wait_until_true(lambda: op.pulls)
        await wait_until_true(lambda: any("waiting for the pull request to be merged" in each for each in op.told))
        op.merge(op.pulls[0].number)
        outcome = await running
        assert outcome.kind == "done", outcome.message
        assert outcome.results[0].number == op.pulls[0].number
        assert op.traffic.writes == ["github POST actions/workflows/promote.yaml/dispatches"]
        (sent,) = [each for each in op.traffic.requests if each.writes]
        assert sent.json["inputs"] == {"from": "dev", "to": "staging"}


async def test_by_workflow_an_older_release_is_an_input(tmp_path):
    with operator_at("release-day", tmp_path, more=WORKFLOW) as op:
        await op.execute(await op.plan("promote", "prod", version="1.43.0"), follow=False)
        (sent,) = [each for each in op.traffic.requests if each.writes]
        assert sent.json["inputs"] == {"from": "staging", "to": "prod", "version": "1.43.0"}


async def test_a_run_that_fails_is_a_failure(tmp_path):
    with operator_at("steady", tmp_path, more=WORKFLOW) as op:
        op.box.github_repo.failing_workflows.add("promote.yaml")
        outcome = await op.act("promote", "staging")
        assert outcome.kind == "failed"
        assert "the run of promote.yaml ended: failure" in outcome.message


async def test_by_workflow_it_is_refused_inside_a_workflow(tmp_path):
    with operator_at("steady", tmp_path, more=WORKFLOW, environ={"GITHUB_ACTIONS": "true"}) as op:
        refusal = await op.refusal("promote", "staging")
        assert (refusal.kind, "could make the workflow call itself" in refusal.message) == ("workflow", True)
        assert op.traffic.writes == []


async def test_a_workflows_own_token_is_warned_of(tmp_path):
    with operator_at("steady", tmp_path, environ={"GITHUB_ACTIONS": "true"}) as op:
        plan = await op.plan("promote", "staging")
        assert any("does not start checks" in line.text for line in plan.lines if line.kind == "warning")


async def test_by_workflow_an_open_pull_request_refuses_a_second_run(tmp_path):
    with operator_at("steady", tmp_path, more=WORKFLOW) as op:
        await op.execute(await op.plan("promote", "staging"), follow=False)
        await wait_until_true(lambda: op.pulls)
        refusal = await op.refusal("promote", "staging")
        assert (refusal.kind, f"#{op.pulls[0].number}" in refusal.message) == ("open", True)
        assert len(op.box.github_repo.workflow_runs) == 1


# --- auto-merge ---------------------------------------------------------------------------------------


async def test_merge_auto_enables_auto_merge(tmp_path):
    with operator_at("steady", tmp_path, more='\n[promotion]\nmerge = "auto"\n') as op:
        op.box.github_repo.required_reviews = 1
        running = asyncio.create_task(op.act("promote", "staging"))
        await wait_until_true(lambda: op.pulls and op.pulls[0].auto_merge)
        assert not running.done()
        op.box.approve(op.pulls[0].number)
        outcome = await running
        assert outcome.kind == "done", outcome.message
        assert op.pulls[0].state == "MERGED"


async def test_auto_merge_is_not_enabled_for_another_head(tmp_path):
    with operator_at("steady", tmp_path, more='\n[promotion]\nmerge = "auto"\n') as op:

        def push(request) -> None:
            if request.path.endswith("/labels"):
                op.box.commit({"README.md": "and this\n"}, "One more", branch=BRANCH.format("staging", "1.44.0"))

        op.traffic.on_arrival.append(push)
        outcome = await op.act("promote", "staging", follow=False)
        assert (outcome.kind, op.pulls[0].auto_merge) == ("done", None)
        assert "auto-merge is not enabled: the head is" in outcome.message


async def test_without_auto_merge_the_pull_request_stays_open(tmp_path):
    with operator_at("steady", tmp_path, more='\n[promotion]\nmerge = "auto"\n') as op:
        op.box.github_repo.allow_auto_merge = False
        outcome = await op.act("promote", "staging", follow=False)
        assert outcome.kind == "done"
        assert "auto-merge is not enabled" in outcome.message
        assert (len(op.pulls), op.pulls[0].state) == (1, "OPEN")


async def test_a_pull_request_that_is_closed_is_a_failure(tmp_path):
    with operator_at("steady", tmp_path) as op:
        running = asyncio.create_task(op.act("promote", "staging"))
        await wait_until_true(lambda: op.pulls)
        op.close(op.pulls[0].number)
        outcome = await running
        assert (outcome.kind, "was closed without being merged" in outcome.message) == ("failed", True)


async def test_a_promotion_is_called_merged_only_when_it_is(tmp_path):
    with operator_at("incident", tmp_path) as op:
        op.close(232)
        running = asyncio.create_task(op.act("promote", "staging"))
        await wait_until_true(lambda: any("to be merged" in text for text in op.told))
        assert all(step.title.startswith("waiting for") for step in wait_steps(op))
        op.merge(op.pulls[-1].number)
        await running
        merge = wait_steps(op)[0]
        assert (merge.title, merge.phase) == ("pull request merged", "done")


def wait_steps(op):
    return [step for job in op.jobs for group in job.groups for step in group.steps if not step.writes]


LONG_RUN = CheckTimings(queued=timedelta(0), running=timedelta(0), run_running=timedelta(hours=1))


async def test_by_workflow_a_run_in_progress_refuses_a_second_run(tmp_path):
    with operator_at("steady", tmp_path, more=WORKFLOW, checks=LONG_RUN) as op:
        assert (await op.act("promote", "staging", follow=False)).kind == "done"
        refusal = await op.refusal("promote", "staging")
        assert refusal.kind == "running"
        assert "wait until it has opened its pull request" in refusal.message
        assert refusal.url == "https://github.com/anchor/anchor-msp-ops/actions/runs/9120000001"
        assert len(op.box.github_repo.workflow_runs) == 1


async def test_by_workflow_two_confirmed_plans_start_one_run(tmp_path):
    """Both plans were made before the first run: the second one is made again before it is executed."""
    with operator_at("steady", tmp_path, more=WORKFLOW, checks=LONG_RUN) as op:
        plans = [await op.plan("promote", "staging") for _ in range(2)]
        outcomes = [await op.execute(plan, follow=False) for plan in plans]
        assert [outcome.kind for outcome in outcomes] == ["done", "refused"]
        assert len(op.box.github_repo.workflow_runs) == 1


def test_by_workflow_the_command_starts_one_run(tmp_path, cli):
    with operator_at("steady", tmp_path, checks=LONG_RUN) as op:
        file = op.folder / "anchor-tui.toml"
        file.write_text(file.read_text() + '\n[promotion]\nworkflow = "promote.yaml"\n')
        command = cli(op)
        argv = ("promote", "staging", "--via", "workflow", "--yes")
        code, out, err = command(*argv)
        assert code == 0, out + err
        code, out, err = command(*argv)
        assert (code, "a run of promote.yaml is queued: wait until" in out + err) == (4, True)
        assert len(op.box.github_repo.workflow_runs) == 1
