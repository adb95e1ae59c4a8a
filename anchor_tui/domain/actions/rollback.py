"""Rollback: an earlier release of the same environment written again at today's head, as a pull request.

Argo CD's own rollback is not used: it needs auto-sync off and switches nothing back on, ignores sync windows, and
hangs. Auto-sync settings stay as they are; where auto-sync or self-heal is off, a sync is a step of the Plan.
"""

from __future__ import annotations

from anchor_tui.domain.actions import arrival, moving, preflight, promote
from anchor_tui.domain.actions.choosing import Move, branch_name, choose, described
from anchor_tui.domain.actions.evidence import Evidence, confirmed, option
from anchor_tui.domain.actions.following import FollowPullRequest
from anchor_tui.domain.actions.opening import opening, seen
from anchor_tui.domain.actions.plan import Change, Line, Order, Plan, PullRequestDraft, Refusal, priced
from anchor_tui.domain.actions.workbench import Workbench
from anchor_tui.domain.formatting import format_age
from anchor_tui.domain.policy.evidence.facts_builder import read_repo_evidence

EVENT = "rollback.executed"


def plan(order: Order, evidence: Evidence) -> Plan | Refusal:
    """The Plan of going back to `order.version`."""
    bench, config = evidence.workbench, evidence.config
    if not isinstance(bench, Workbench):
        return bench or Refusal("GitHub", "unread", "the ops repo was not read")
    move = choose(order, config, bench.repo)
    if isinstance(move, Refusal):
        return move
    name = move.environment.name
    allowed = preflight.allowed_to_write(bench, evidence)
    if isinstance(allowed, Refusal):
        return allowed
    edited = moving.edit(move, bench, config, read_repo_evidence(config, bench.repo).get(name))
    if isinstance(edited, Refusal):
        return edited
    if not edited.contents:
        return Refusal(name, "same", f"its files say {move.release.version} already", settled=True)
    judged = list(preflight.result_policy(name, bench, edited.contents, evidence))
    if refusal := next((each for each in judged if isinstance(each, Refusal)), None):
        return refusal
    others = list(preflight.other_pull_requests(move, bench.repo, [pull.number for pull in bench.pulls]))
    if refusal := next((each for each in others if isinstance(each, Refusal)), None):
        return refusal
    lines = [
        allowed,
        *(each for each in judged if isinstance(each, Line)),
        *(each for each in others if isinstance(each, Line)),
        *arrival.lines(move, order, evidence),
        *_frozen(move, order, evidence),
        arrival.event_line(move, order, evidence),
    ]
    draft = PullRequestDraft(
        branch_name("rollback", name, move.release.version),
        order.title or f"Roll {name} back to {move.release.version}",
        promote.text_of(order, promote.body(order, move, lines, edited.images)),
        tuple(dict.fromkeys(("rollback", *(x for x in config.promotion.labels if x != "promotion")))),
        config.promotion.reviewers,
    )
    opened = opening(draft, edited.contents, bench, config, order.request_id)
    if isinstance(opened, Refusal):
        return opened
    price, phrase = priced(protected=move.environment.protected, names=name)
    return Plan(
        order=order,
        title=f"Roll {name} back to {move.release.version}",
        verb="Open pull request",
        price=price,
        phrase=phrase,
        protected=move.environment.protected,
        reason_required=move.environment.protected,
        command=_command(order, name, move, phrase),
        made_at=evidence.now,
        lines=(*_moved(move, edited, evidence), *([Line("note", opened.note)] if opened.note else []), *lines),
        diffs=moving.diffs(edited, bench.files),
        changes=(
            Change(
                f"release of {name}",
                (
                    *opened.steps,
                    FollowPullRequest(bench.repo.name, opened.number),
                    *arrival.steps(move, order, bench, evidence),
                ),
            ),
        ),
        seen=seen(bench.files, bench.source, bench, draft.branch),
        pull_request=draft,
    )


def _command(order: Order, name: str, move: Move, phrase: str) -> str:
    words = ["anchor-tui", "rollback", name, *option("--to", move.asked)]
    words += ["--without-argocd"] if order.without_argocd else []
    return confirmed(words, order, phrase, wants_reason=bool(phrase))


def _moved(move: Move, edited: moving.Edited, evidence: Evidence) -> tuple[Line, ...]:
    was = move.present.version if move.present else "something unreadable"
    ran = (
        f", which ran from {format_age(move.release.changed_at, evidence.now)} ago on"
        if move.release.changed_at
        else ""
    )
    found = [Line("change", f"{move.environment.name}: {was} → {move.release.version}{ran}")]
    found += [Line("change", f"{old.name}  {old.tag or '?'} → {described(new)}") for old, new in edited.images]
    for release in move.between:
        pull = f"  #{release.pull_request.number} {release.pull_request.title}" if release.pull_request else ""
        found.append(Line("warning", f"lost: {release.version}{pull}"))
    if not move.between:
        found.append(Line("warning", "what lies in between could not be told from the history"))
    return tuple(found)


def _frozen(move: Move, order: Order, evidence: Evidence) -> list[Line]:
    """The sync windows that would hold up what is merged: a rollback is not refused for them."""
    environment = evidence.snapshot.find_environment(move.environment.name)
    if environment is None or order.without_argocd:
        return []
    frozen = (each for each in preflight.freeze(environment, evidence) if each.kind != "ok")
    return [Line("warning", f"{each.text}: what is merged waits until then") for each in frozen]
