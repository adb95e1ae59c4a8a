"""Promotion: the release of the environment before, moved into this one, as a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from anchor_tui.domain.actions import moving, preflight
from anchor_tui.domain.actions.choosing import Move, branch_name, brought_by, choose, commit_words, described
from anchor_tui.domain.actions.evidence import Evidence, confirmed, option
from anchor_tui.domain.actions.following import FollowHealth, FollowPullRequest, FollowRollout, FollowRun
from anchor_tui.domain.actions.opening import opening, seen
from anchor_tui.domain.actions.parts import AppTarget
from anchor_tui.domain.actions.plan import (
    Change,
    FileDiff,
    Line,
    Order,
    Plan,
    PullRequestDraft,
    Refusal,
    Seen,
    priced,
)
from anchor_tui.domain.actions.steps import Dispatch, Step
from anchor_tui.domain.actions.workbench import Workbench
from anchor_tui.domain.formatting import format_count, shorten_revision
from anchor_tui.domain.model import Image
from anchor_tui.domain.policy.evidence.facts_builder import read_repo_evidence


def plan(order: Order, evidence: Evidence) -> Plan | Refusal:
    """The Plan of a promotion into `order.environments[0]`."""
    bench, config = evidence.workbench, evidence.config
    if not isinstance(bench, Workbench):
        return bench or Refusal("GitHub", "unread", "the ops repo was not read")
    move = choose(order, config, bench.repo)
    if isinstance(move, Refusal):
        return move
    checked = _preflight(order, move, bench, evidence)
    if refusal := next((each for each in checked if isinstance(each, Refusal)), None):
        return refusal
    lines = [each for each in checked if isinstance(each, Line)]
    if config.promotion.via == "workflow":
        return _by_workflow(order, move, bench, evidence, lines)
    return _by_pull_request(order, move, bench, evidence, lines)


def _preflight(order: Order, move: Move, bench: Workbench, evidence: Evidence) -> list[Line | Refusal]:
    found: list[Line | Refusal] = [preflight.allowed_to_write(bench, evidence)]
    if order.without_argocd:
        found.append(Line("warning", f"Argo CD was not asked: whether {move.source.name} is healthy was NOT looked at"))
    else:
        found += preflight.upstream_health(move, evidence)
        if (target := evidence.snapshot.find_environment(move.environment.name)) is not None:
            for line in preflight.freeze(target, evidence):
                frozen = line.kind == "failed"
                wait = f"{line.text}: wait until it is over"
                found.append(Refusal(move.environment.name, "window", wait) if frozen else line)
    is_ours = evidence.config.promotion.via == "pull-request"
    found += preflight.other_pull_requests(move, bench.repo, [pull.number for pull in bench.pulls if is_ours])
    return found


def _by_pull_request(
    order: Order, move: Move, bench: Workbench, evidence: Evidence, lines: list[Line]
) -> Plan | Refusal:
    config, name = evidence.config, move.environment.name
    edited = moving.edit(move, bench, config, read_repo_evidence(config, bench.repo).get(name))
    if isinstance(edited, Refusal):
        return edited
    if not edited.contents:
        return Refusal(name, "same", f"its files say {move.release.version} already", settled=True)
    judged = list(preflight.result_policy(name, bench, edited.contents, evidence))
    if refusal := next((each for each in judged if isinstance(each, Refusal)), None):
        return refusal
    lines += [each for each in judged if isinstance(each, Line)]
    draft = PullRequestDraft(
        branch_name("promote", name, move.release.version),
        order.title or f"Promote {move.release.version} to {name}",
        text_of(order, body(order, move, lines, edited.images)),
        config.promotion.labels,
        config.promotion.reviewers,
    )
    opened = opening(draft, edited.contents, bench, config, order.request_id)
    if isinstance(opened, Refusal):
        return opened
    follow = (FollowPullRequest(bench.repo.name, opened.number), *rollout(name, evidence, order))
    return _plan(
        order,
        move,
        evidence,
        (*moved_lines(move, edited.images), *([Line("note", opened.note)] if opened.note else []), *lines),
        (*opened.steps, *follow),
        seen(bench.files, bench.source, bench, draft.branch),
        draft,
        moving.diffs(edited, bench.files),
    )


def _by_workflow(order: Order, move: Move, bench: Workbench, evidence: Evidence, lines: list[Line]) -> Plan | Refusal:
    config, name = evidence.config, move.environment.name
    workflow = config.promotion.workflow
    if not workflow:
        message = 'no workflow is named: say promotion.workflow = "promote.yaml" in the configuration'
        return Refusal(name, "workflow", message)
    if evidence.environ_is_workflow:
        message = (
            f"this runs inside GitHub Actions, and {workflow} would be started from there: a workflow that calls us "
            'would call itself. Say promotion.via = "pull-request"'
        )
        return Refusal(name, "workflow", message)
    inputs = {"from": move.source.name, "to": name}
    if not move.is_current_upstream:
        inputs["version"] = move.release.version
    steps: tuple[Step, ...] = (
        Dispatch(bench.repo.name, workflow, config.github.branch, inputs),
        FollowRun(bench.repo.name, workflow, name, move.release.version),
        FollowPullRequest(bench.repo.name),
        *rollout(name, evidence, order),
    )
    note = Line("note", f"{workflow} of {bench.repo.name} makes the change and opens the pull request itself")
    head = Seen(f"the release of {move.source.name}", move.release.version)
    return _plan(order, move, evidence, (*moved_lines(move, ()), note, *lines), steps, (head,), None, ())


def _plan(
    order: Order,
    move: Move,
    evidence: Evidence,
    lines: Iterable[Line],
    steps: tuple[Step, ...],
    facts: tuple[Seen, ...],
    draft: PullRequestDraft | None,
    diffs: tuple[FileDiff, ...],
) -> Plan:
    name, protected = move.environment.name, move.environment.protected
    price, phrase = priced(protected=protected, names=name)
    return Plan(
        order=order,
        title=f"Promote {move.release.version} to {name}",
        verb="Open pull request" if draft else "Start workflow",
        price=price,
        phrase=phrase,
        protected=protected,
        reason_required=protected,
        command=_command(order, move, phrase),
        made_at=evidence.now,
        lines=tuple(lines),
        diffs=diffs,
        changes=(Change(f"release of {name}", steps),),
        seen=facts,
        pull_request=draft,
    )


def _command(order: Order, move: Move, phrase: str) -> str:
    words = ["anchor-tui", "promote", move.environment.name]
    words += option("--from", order.source) if order.source else []
    words += option("--version", order.version) if order.version else []
    words += ["--without-argocd"] if order.without_argocd else []
    return confirmed(words, order, phrase, wants_reason=bool(phrase))


def rollout(name: str, evidence: Evidence, order: Order) -> tuple[Step, ...]:
    """What is followed after the merge, for each application of the environment."""
    environment = evidence.snapshot.find_environment(name)
    if environment is None or order.without_argocd:
        return ()
    return tuple(
        step
        for application in environment.applications
        if application.presence == "found"
        for target in [AppTarget(application.id, application.project)]
        for step in (FollowRollout(target), FollowHealth(target))
    )


# --- words --------------------------------------------------------------------------------------------


def moved_lines(move: Move, images: Sequence[tuple[Image, Image]]) -> tuple[Line, ...]:
    """What moves, a line an image, and what comes along."""
    was = commit_words(move.present) if move.present else "something unreadable"
    found = [Line("change", f"{move.environment.name}: {was} → {commit_words(move.release)}")]
    found += [Line("change", f"{old.name}  {old.tag or '?'} → {described(new)}") for old, new in images]
    if pulls := brought_by(move.between):
        listed = ", ".join(f"#{each.number} {each.title}" for each in pulls[:6])
        more = f" and {format_count(len(pulls) - 6, 'more', 'more')}" if len(pulls) > 6 else ""
        found.append(Line("note", f"comes along: {listed}{more}"))
    return tuple(found)


def text_of(order: Order, made: str) -> str:
    """The pull request's text: ours, or what somebody wrote in its place, with the reason that came after it."""
    if not order.body:
        return made
    if not order.reason or order.reason in order.body:
        return order.body
    return f"{order.body.rstrip()}\n\n**Reason:** {order.reason}\n"


def body(order: Order, move: Move, lines: Sequence[Line], images: Sequence[tuple[Image, Image]]) -> str:
    """The pull request's text: from, to, what comes along, the pre-flight, the reason."""
    was = move.present.version if move.present else "?"
    origin = f"from `{move.source.name}`" if move.source.name != move.environment.name else "of its own history"
    parts = [
        f"Moves `{move.environment.name}` from `{was}` to `{move.release.version}` {origin}"
        + (f" (commit `{shorten_revision(move.release.commit)}`)." if move.release.commit else "."),
    ]
    if order.reason:
        parts.append(f"**Reason:** {order.reason}")
    if images:
        rows = [f"| {old.name} | `{old.tag}` | `{new.tag}` | `{(new.digest or 'none')[:19]}` |" for old, new in images]
        parts.append("\n".join(["| image | from | to | digest |", "|---|---|---|---|", *rows]))
    if pulls := brought_by(move.between):
        title = "Comes along" if move.source.name != move.environment.name else "Is lost"
        parts.append(f"**{title}**\n" + "\n".join(f"- #{each.number} {each.title}" for each in pulls))
    if lines:
        parts.append("**Pre-flight**\n" + "\n".join(f"- {line.mark.glyph()} {line.text}" for line in lines))
    return "\n\n".join(parts) + "\n"
