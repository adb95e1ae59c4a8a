"""What is looked at before a release moves: each a line with its mark, the grave ones a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from anchor_tui.domain.actions.plan import PlanLine, Refusal
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
    """Whether the token may open a pull request in the ops repo."""
    if repo_state.permissions.archived:
        return Refusal(
            repo_state.repo.name, "archived", f"{repo_state.repo.name} is archived: nothing can be changed in it"
        )
    if repo_state.permissions.push == "no":
        who = f" of {repo_state.permissions.viewer}" if repo_state.permissions.viewer else ""
        message = (
            f"the token{who} may not write to {repo_state.repo.name} (contents and pull requests: write): "
            "use one that may, see [github] token_env"
        )
        return Refusal(repo_state.repo.name, "forbidden", message)
    if inputs.in_github_actions or repo_state.permissions.viewer.endswith("[bot]"):
        who = repo_state.permissions.viewer or "a workflow's own token"
        return PlanLine("warning", f"as {who}: a pull request opened with a workflow's own token starts no checks")
    if repo_state.permissions.push == "unknown":
        return PlanLine("warning", "whether the token may write could not be asked")
    return PlanLine("ok", f"{repo_state.permissions.viewer or 'the token'} may write to {repo_state.repo.name}")


def check_upstream_health(move: ReleaseMove, inputs: PlanInputs) -> Iterator[Refusal | PlanLine]:
    """The environment before runs this release, is well, and has been for long enough."""
    name, soak = move.source.name, inputs.config.promotion.soak_minutes
    environment = inputs.snapshot.find_environment(name)
    state = inputs.snapshot.find_source(move.source.server)
    if environment is None or state is None or state.state != "fresh":
        why = state.error.message if state and state.error else state.state if state else "not asked"
        yield Refusal(
            name,
            "stale",
            f"whether {name} is well is not known (Argo CD: {why}): mend that, or promote with --without-argocd",
        )
        return
    if not move.is_current_upstream:
        words = f"{name} does not run {move.release.version} any more: how it does there cannot be seen now"
        yield (
            Refusal(name, "not-soaked", f"{words}, and soak_minutes = {soak} wants it")
            if soak
            else PlanLine("warning", words)
        )
        return
    if not environment.applications:
        yield Refusal(name, "unread", f"{name} has no application that is known: whether it is well cannot be told")
        return
    if all(is_asleep(app, environment) for app in environment.applications):
        words = f"{name} is asleep: how {move.release.version} does there cannot be seen"
        yield (
            Refusal(name, "not-soaked", f"{words}; wake it up first, as soak_minutes = {soak} wants")
            if soak
            else PlanLine("warning", words)
        )
        return
    ill = [
        f"{app.name} is {app.sync or 'not told'} and {app.health or 'not told'}"
        for app in environment.applications
        if (app.sync, app.health) != ("Synced", "Healthy")
    ]
    if ill:
        yield Refusal(
            name,
            "unhealthy",
            f"{name} is not well: {'; '.join(ill)}. Let it become well first, or promote another version (--version)",
        )
        return
    since = max(
        filter(None, (moment for app in environment.applications for moment in (app.health_since, app.synced_at))),
        default=None,
    )
    span = inputs.now - since if since else None
    if soak and (span is None or span.total_seconds() < soak * 60):
        so_far = format_duration(span) if span else "not known how long"
        yield Refusal(
            name, "not-soaked", f"{name} has run it well for {so_far}, and soak_minutes = {soak} wants more: wait"
        )
        return
    yield PlanLine("ok", f"{name} is Synced and Healthy" + (f" for {format_duration(span)}" if span else ""))


def sync_window_lines(environment: Environment, inputs: PlanInputs) -> Iterator[PlanLine]:
    """The sync windows of the target: what is merged now is not synced while one forbids it."""
    for application in environment.applications:
        state = inputs.application_state(application)
        if isinstance(state, Refusal):
            yield PlanLine(
                "warning", f"whether a sync window is open for {application.name} is not known: {state.message}"
            )
        elif state.windows is not None and not state.windows.can_sync:
            which = "; ".join(state.windows.active) or "no allow window is open"
            yield PlanLine("failed", f"{application.name} is in a freeze: a sync window forbids syncs ({which})")
        elif state.windows is not None:
            yield PlanLine("ok", f"no sync window forbids a sync of {application.name}")


def check_other_pull_requests(move: ReleaseMove, repo: OpsRepoData, own: Iterable[int]) -> Iterator[Refusal | PlanLine]:
    """Open pull requests that move the same environment; where one says just this, none is opened beside it."""
    known, environment = frozenset(own), move.environment.name
    for opened in repo.pull_requests:
        pull = opened.pull_request
        if environment not in opened.releases or pull.number in known:
            continue
        release = opened.releases[environment]
        if release is not None and release.content_key == move.release.content_key:
            message = (
                f"#{pull.number} “{pull.title}” is open already, and says just this: merge it (m), "
                "or close it to make it anew"
            )
            yield Refusal(environment, "open", message, pull.url, already_done=True)
            continue
        what = f"to {release.version}" if release else "to something unreadable"
        yield PlanLine("warning", f"#{pull.number} moves {environment} too, {what}: one of them will conflict")


def check_resulting_policy(
    name: str, repo_state: RepoState, contents: Mapping[str, bytes], inputs: PlanInputs
) -> Iterator[Refusal | PlanLine]:
    """What policy says of an environment's files as they would be: new errors refuse, old ones only warn."""
    before = _errors_by_check(_git_findings(inputs, repo_state.repo, name))
    texts = {path: content.decode() for path, content in contents.items()}
    after_findings = _git_findings(inputs, replace(repo_state.repo, files={**repo_state.repo.files, **texts}), name)
    after = _errors_by_check(after_findings)
    if new := [each for each in after if each not in before]:
        words = "; ".join(f"{check}: {after[check].message}" for check in new)
        yield Refusal(name, "policy", f"the change would bring in {format_count(len(new), 'policy error')}: {words}")
        return
    held = sum(result.status == "pass" for result in group_by_check(after_findings))
    yield PlanLine("ok", f"{format_count(held, 'check')} hold for the files as they would be")
    for check in after:
        yield PlanLine("warning", f"{check} fails already, and still would: {after[check].message}")


def _git_findings(inputs: PlanInputs, repo: OpsRepoData, name: str) -> tuple[Finding, ...]:
    config = inputs.config
    facts = build_facts(config, PolicyInputs({}, repo), read_repo_evidence(config, repo))
    findings = evaluate_policy(config, facts, inputs.now).environments.get(name, ())
    return tuple(each for each in findings if each.evidence == "git")


def _errors_by_check(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {each.check: each for each in findings if each.status == "fail" and each.level == "error"}
