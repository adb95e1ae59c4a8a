"""Argo CD keeps the cluster as git says: it prunes, it heals, nothing stale is left, and it is at the head."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from anchor_tui.domain.formatting import format_duration, shorten_revision
from anchor_tui.domain.kubernetes.application_manifests import ManifestApplication
from anchor_tui.domain.kubernetes.managed_resources import explain_unknown_resources
from anchor_tui.domain.model import Application, EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, unknown
from anchor_tui.domain.policy.evidence.facts import BranchHead, Facts, MissingEvidence, require

SYNC_GRACE = timedelta(minutes=5)
_FIELDS = {"prune": "automated.prune", "selfHeal": "automated.selfHeal"}


def _check_prune(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_automated(facts, evidence, "prune")


def _check_self_heal(facts: Facts, evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    yield from _check_automated(facts, evidence, "selfHeal")


def _check_automated(facts: Facts, evidence: EvidenceKind, key: str) -> Iterator[CheckOutcome]:
    if evidence == "manifest":
        for manifest in require(facts.manifest):
            yield _check_manifest(manifest, key)
    else:
        for application in require(facts.live_spec):
            yield _check_application(application, key)


def _check_manifest(application: ManifestApplication, key: str) -> CheckOutcome:
    where = application.locate("syncPolicy", "automated", key)
    name, word = application.name, _FIELDS[key]
    automated = application.find("syncPolicy", "automated")
    if not isinstance(automated, dict):
        what = "is not set" if automated is None else "is no map"
        return failed(f"syncPolicy.automated {what} on {name}: auto-sync is off", where, name)
    enabled = automated.get("enabled")
    if enabled is not None and enabled is not True:
        place = application.locate("syncPolicy", "automated", "enabled")
        return failed(f"automated.enabled is {_format_value(enabled)} on {name}: auto-sync is off", place, name)
    value = automated.get(key)
    if value is True:
        return passed(f"{word} is true on {name}", where, name)
    if isinstance(value, str):
        return failed(f'{word} is the text "{value}" on {name}, which Kubernetes refuses', where, name)
    return failed(f"{word} is {'not set' if value is None else _format_value(value)} on {name}", where, name)


def _format_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"`{value}`"


def _check_application(application: Application, key: str) -> CheckOutcome:
    name, word = application.name, _FIELDS[key]
    if application.presence != "found":
        return unknown(f"{name} is {application.presence} in Argo CD", None, name)
    automated = application.automated
    if automated is None or not automated.enabled:
        return failed(f"auto-sync is off on {name}", None, name)
    on = automated.prune if key == "prune" else automated.self_heal
    if on:
        return passed(f"{word} is true on {name}", None, name)
    return failed(f"{word} is not set on {name}", None, name)


# --- stale resources -----------------------------------------------------------------------------------


def _check_stale_resources(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    if isinstance(facts.live, MissingEvidence) and isinstance(facts.live_spec, tuple):
        yield from _check_resource_lists(facts)
        return
    live = require(facts.live)
    for resource in live.resources:
        if resource.stale:
            yield _stale_resource(str(resource), resource.prune_protection)
    yield passed(f"every one of the {len(live.resources)} live objects is in git")


def _check_resource_lists(facts: Facts) -> Iterator[CheckOutcome]:
    """What Argo CD's own list of resources tells, where the objects themselves did not come."""
    for application in require(facts.live_spec):
        if reason := explain_unknown_resources(application):
            yield unknown(reason, None, application.name)
            continue
        for each in application.prunable:
            yield _stale_resource(f"{each.kind}/{each.name}", each.kept)
        if application.resources is None:
            yield unknown(f"Argo CD does not tell the resources of {application.name}", None, application.name)
        else:
            yield passed(f"nothing of {application.name} would be pruned", None, application.name)


def _stale_resource(name: str, kept: str | None) -> CheckOutcome:
    if kept == "Prune=false":
        message = f"{name} is live and not in git, and Prune=false keeps it"
        return failed(message, None, name, level="warning", fix="delete it by hand, or take the annotation away")
    asks = "; its prune waits for a confirmation" if kept else ""
    return failed(f"{name} is live and not in git: a prune would delete it{asks}", None, name)


# --- the head ------------------------------------------------------------------------------------------


def _check_at_head(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    """One comparison of two witnesses, git's and Argo CD's: it is told once."""
    applications, head = require(facts.live_spec), require(facts.head)
    told = [_compare_with_head(application, head, facts) for application in applications]
    yield from sorted(told, key=lambda each: each.status != "skipped")  # what is awaited is never hidden by what holds


def _compare_with_head(application: Application, head: BranchHead, facts: Facts) -> CheckOutcome:
    name, follows = application.name, application.target_revision or "HEAD"
    if application.presence != "found":
        return unknown(f"{name} is {application.presence} in Argo CD", None, name)
    if follows not in {head.branch, f"refs/heads/{head.branch}", "HEAD"}:
        return unknown(
            f"{name} follows {shorten_revision(follows)} and not {head.branch}, whose head is known", None, name
        )
    synced = application.synced_revision
    if application.sync == "Synced" and application.compared_revision == head.oid:
        synced = head.oid
    if synced == head.oid:
        return passed(f"{name} is at {shorten_revision(head.oid)}, the head of {head.branch}", None, name)
    if head.committed_at is not None and facts.now - head.committed_at < SYNC_GRACE:
        age = format_duration(facts.now - head.committed_at)
        return passed(f"the head of {head.branch} is {age} old: {name} has five minutes to follow", None, name)
    if synced is None:
        return unknown(f"Argo CD does not tell what {name} last synced", None, name)
    if synced in head.incomparable:
        why = head.incomparable[synced]
        return unknown(
            f"what lies between {shorten_revision(synced)} and {shorten_revision(head.oid)} cannot be told: {why}",
            None,
            name,
        )
    if synced not in head.changed and head.comparison_pending:
        return CheckOutcome(
            "skipped",
            f"what lies between {shorten_revision(synced)} and {shorten_revision(head.oid)} is not compared yet",
            None,
            name,
        )
    if synced not in head.changed or name not in head.paths_read:
        return unknown(
            f"what lies between {shorten_revision(synced)} and {shorten_revision(head.oid)} is not known", None, name
        )
    ours = [path for path in head.changed[synced] if _is_read(head.paths_read[name], path)]
    if not ours:
        return passed(f"nothing that {name} reads differs between {shorten_revision(synced)} and the head", None, name)
    more = f" and {len(ours) - 1} more" if len(ours) > 1 else ""
    return failed(
        f"{name} is at {shorten_revision(synced)}, the head is {shorten_revision(head.oid)}: {ours[0]}{more} differs",
        None,
        name,
    )


def _is_read(reads: tuple[str, ...], path: str) -> bool:
    return any(path == each or each in {"", "."} or path.startswith(each.rstrip("/") + "/") for each in reads)


_OVERLAYS = "Environment overlays (ops repo)"
_AUTOMATED = (
    "Staging/prod Argo applications must run with `automated.prune=true` and `automated.selfHeal=true` "
    "to remove stale resources."
)
CHECKS = (
    Check(
        id="argo.automated-prune",
        title="Auto-sync prunes",
        level="error",
        rules=("staging", "prod"),
        evidence=("manifest", "live-spec"),
        section=_OVERLAYS,
        why=_AUTOMATED,
        fix="set spec.syncPolicy.automated.prune to true in the Application",
        evaluate=_check_prune,
    ),
    Check(
        id="argo.automated-self-heal",
        title="Auto-sync heals",
        level="error",
        rules=("staging", "prod"),
        evidence=("manifest", "live-spec"),
        section=_OVERLAYS,
        why=_AUTOMATED,
        fix="set spec.syncPolicy.automated.selfHeal to true in the Application",
        evaluate=_check_self_heal,
    ),
    Check(
        id="argo.no-stale-resources",
        title="Nothing stale is live",
        level="error",
        rules=("staging", "prod"),
        evidence=("live",),
        section="Production No-Mock Cutover",
        why="Run a hard refresh + prune sync on staging and prod Argo applications to remove stale mock resources.",
        fix="hard refresh, look at the victims, and sync with prune",
        evaluate=_check_stale_resources,
    ),
    Check(
        id="argo.at-head",
        title="What is synced is the head",
        level="warning",
        rules=("dev", "staging", "prod"),
        evidence=("live-spec",),
        section="Promotion model",
        why="Argo CD reconciles ops repo manifests and deploys `dev`.",
        fix="refresh the application, and look at its conditions where that does not help",
        evaluate=_check_at_head,
    ),
)
