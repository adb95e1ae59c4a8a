"""The checks before a release moves. Each returns lines with a mark, or a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from anchor_tui.domain.actions.plan import Order, PlanLine, Refusal
from anchor_tui.domain.actions.plan_inputs import PlanInputs
from anchor_tui.domain.actions.release_selection import ReleaseMove
from anchor_tui.domain.actions.repo_state import RepoState
from anchor_tui.domain.formatting import format_count, format_duration
from anchor_tui.domain.model import Environment, Finding
from anchor_tui.domain.policy.check_results import group_by_check
from anchor_tui.domain.policy.engine import evaluate_policy
from anchor_tui.domain.policy.evidence.facts_builder import PolicyInputs, build_facts, read_repo_evidence
from anchor_tui.domain.source_data import OpsRepoData
from anchor_tui.domain.verdict import is_asleep


def check_write_permission(repo_state: RepoState, inputs: PlanInputs) -> Refusal | PlanLine:
    """Check whether the token may open a pull request in the ops repo."""
    if repo_state.permissions.archived:
        return Refusal(repo_state.repo.name, "archived", f"{repo_state.repo.name} is archived and cannot be changed")
    if repo_state.permissions.push == "no":
        who = f" of {repo_state.permissions.viewer}" if repo_state.permissions.viewer else ""
        message = (
            f"the token{who} may not write to {repo_state.repo.name} (contents and pull requests: write): "
            "use another token, see [github] token_env"
        )
        return Refusal(repo_state.repo.name, "forbidden", message)
    if inputs.in_github_actions or repo_state.permissions.viewer.endswith("[bot]"):
        who = repo_state.permissions.viewer or "a workflow's own token"
        return PlanLine("warning", f"as {who}: a pull request opened with a workflow's token does not start checks")
    if repo_state.permissions.push == "unknown":
        return PlanLine("warning", "it is unknown whether the token may write")
    return PlanLine("ok", f"{repo_state.permissions.viewer or 'the token'} may write to {repo_state.repo.name}")


def check_clusters(move: ReleaseMove, order: Order, inputs: PlanInputs) -> Iterator[Refusal | PlanLine]:
    """Check the health of the previous environment and the sync windows of the target, before a promotion."""
    if order.without_argocd:
        yield PlanLine("warning", f"without Argo CD: the health of {move.source.name} was NOT checked")
        return
    yield from check_upstream_health(move, inputs)
    if (target := inputs.snapshot.find_environment(move.environment.name)) is not None:
        for line in sync_window_lines(target, inputs):
            message = f"{line.text}: wait until it is over"
            yield Refusal(move.environment.name, "window", message) if line.kind == "failed" else line


def check_upstream_health(move: ReleaseMove, inputs: PlanInputs) -> Iterator[Refusal | PlanLine]:
    """Check that the previous environment runs this release and has been healthy long enough."""
    name, soak = move.source.name, inputs.config.promotion.soak_minutes
    environment = inputs.snapshot.find_environment(name)
    state = inputs.snapshot.find_source(move.source.server)
    if environment is None or state is None or state.state != "fresh":
        why = state.error.message if state and state.error else state.state if state else "not asked"
        yield Refusal(
            name,
            "stale",
            f"the health of {name} is unknown (Argo CD: {why}): fix that, or promote with --without-argocd",
        )
        return
    if not move.is_current_upstream:
        words = f"{name} no longer runs {move.release.version}, so its health there is unknown"
        yield (
            Refusal(name, "not-soaked", f"{words}, but soak_minutes = {soak} requires it")
            if soak
            else PlanLine("warning", words)
        )
        return
    if not environment.applications:
        yield Refusal(name, "unread", f"{name} has no known application, so its health is unknown")
        return
    if all(is_asleep(app, environment) for app in environment.applications):
        words = f"{name} is asleep, so the health of {move.release.version} there is unknown"
        yield (
            Refusal(name, "not-soaked", f"{words}; wake it up first: soak_minutes = {soak} requires it")
            if soak
            else PlanLine("warning", words)
        )
        return
    unhealthy = [
        f"{inputs.label_application(app)} is {app.sync or 'of unknown sync'} and {app.health or 'of unknown health'}"
        for app in environment.applications
        if (app.sync, app.health) != ("Synced", "Healthy")
    ]
    if unhealthy:
        yield Refusal(
            name,
            "unhealthy",
            f"{name} is not healthy: {'; '.join(unhealthy)}. Wait until it is, or promote another version (--version)",
        )
        return
    since = max(
        filter(None, (moment for app in environment.applications for moment in (app.health_since, app.synced_at))),
        default=None,
    )
    span = inputs.now - since if since else None
    if soak and (span is None or span.total_seconds() < soak * 60):
        so_far = format_duration(span) if span else "an unknown time"
        yield Refusal(
            name,
            "not-soaked",
            f"{name} has been healthy with it for {so_far}; soak_minutes = {soak} requires more: wait",
        )
        return
    yield PlanLine("ok", f"{name} is Synced and Healthy" + (f" for {format_duration(span)}" if span else ""))


def sync_window_lines(environment: Environment, inputs: PlanInputs) -> Iterator[PlanLine]:
    """Return the state of the target's sync windows: a forbidding one delays the sync of the merged commit."""
    for application in environment.applications:
        state, name = inputs.application_state(application), inputs.label_application(application)
        if isinstance(state, Refusal):
            yield PlanLine("warning", f"the sync windows of {name} are unknown: {state.message}")
        elif state.windows is not None and not state.windows.can_sync:
            which = "; ".join(state.windows.active) or "no allow window is open"
            yield PlanLine("failed", f"{name} is in a freeze: a sync window forbids syncs ({which})")
        elif state.windows is not None:
            yield PlanLine("ok", f"no sync window forbids a sync of {name}")


def check_other_pull_requests(move: ReleaseMove, repo: OpsRepoData, own: Iterable[int]) -> Iterator[Refusal | PlanLine]:
    """Check open pull requests that move the same environment. One with the same content refuses the plan."""
    known, environment = frozenset(own), move.environment.name
    for opened in repo.pull_requests:
        pull = opened.pull_request
        if environment not in opened.releases or pull.number in known:
            continue
        release = opened.releases[environment]
        if opened.from_fork:
            what = f"to {release.version}" if release else "to an unreadable release"
            yield PlanLine("warning", f"#{pull.number}, from a fork, also moves {environment}, {what}")
            continue
        if release is not None and release.content_key == move.release.content_key:
            message = (
                f"#{pull.number} “{pull.title}” is already open with the same content: merge it (m), "
                "or close it to create a new one"
            )
            yield Refusal(environment, "open", message, pull.url, already_done=True)
            continue
        what = f"to {release.version}" if release else "to an unreadable release"
        yield PlanLine("warning", f"#{pull.number} also moves {environment}, {what}: one of them will conflict")


def check_resulting_policy(
    name: str, repo_state: RepoState, contents: Mapping[str, bytes | None], inputs: PlanInputs
) -> Iterator[Refusal | PlanLine]:
    """Check the policy on an environment's changed files. New errors refuse the plan, existing ones only warn.

    A release that would not match its overlay is a new error, even if the previous one did not match either. A removed
    file is None in `contents`.
    """
    before_findings = _git_findings(inputs, repo_state.repo, name)
    before = _errors_by_check(before_findings)
    kept = {path: text for path, text in repo_state.repo.files.items() if path not in contents}
    texts = {path: content.decode() for path, content in contents.items() if content is not None}
    after_findings = _git_findings(inputs, replace(repo_state.repo, files={**kept, **texts}), name)
    after = _errors_by_check(after_findings)
    mismatches = {finding.message for finding in before_findings if _is_mismatch(finding)}
    new_mismatch = next(
        (finding for finding in after_findings if _is_mismatch(finding) and finding.message not in mismatches), None
    )
    if new_mismatch is not None:
        before.pop(_CONTRACT, None)
        after[_CONTRACT] = new_mismatch
    if new := [check for check in after if check not in before]:
        words = "; ".join(f"{check}: {after[check].message}" for check in new)
        yield Refusal(name, "policy", f"the change would cause {format_count(len(new), 'new policy error')}: {words}")
        return
    held = sum(result.status == "pass" for result in group_by_check(after_findings))
    yield PlanLine("ok", f"{format_count(held, 'check')} pass for the changed files")
    for check in after:
        yield PlanLine("warning", f"{check} already fails and still would: {after[check].message}")
    for finding in after_findings:
        if finding.check == _CONTRACT and finding.status == "unknown":
            yield PlanLine("warning", f"{_CONTRACT} would be unknown: {finding.message}")


_CONTRACT = "release.contract-aligned"


def _is_mismatch(finding: Finding) -> bool:
    return finding.check == _CONTRACT and finding.status == "fail" and finding.level == "error"


def _git_findings(inputs: PlanInputs, repo: OpsRepoData, name: str) -> tuple[Finding, ...]:
    config = inputs.config
    facts = build_facts(config, PolicyInputs({}, repo), read_repo_evidence(config, repo))
    findings = evaluate_policy(config, facts, inputs.now).environments.get(name, ())
    return tuple(finding for finding in findings if finding.evidence == "git")


def _errors_by_check(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings if finding.status == "fail" and finding.level == "error"}
