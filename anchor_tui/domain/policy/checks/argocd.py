"""Checks that Argo CD keeps the cluster in line with git: auto-sync, stale resources, synced revision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from anchor_tui.domain.application_labels import label_environment
from anchor_tui.domain.formatting import format_duration, shorten_revision
from anchor_tui.domain.kubernetes.application_manifests import ManifestApplication
from anchor_tui.domain.kubernetes.managed_resources import explain_unknown_resources
from anchor_tui.domain.model import Application, EvidenceKind
from anchor_tui.domain.policy.check import Check, CheckOutcome, failed, passed, pending, unknown
from anchor_tui.domain.policy.evidence.facts import BranchHead, Facts, MissingEvidence, require
from anchor_tui.domain.source_data import split_revisions

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
            yield _check_application(application, key, _label(application, facts))


def _check_manifest(application: ManifestApplication, key: str) -> CheckOutcome:
    location = application.locate("syncPolicy", "automated", key)
    name, field = application.name, _FIELDS[key]
    automated = application.find("syncPolicy", "automated")
    if not isinstance(automated, dict):
        problem = "is not set" if automated is None else "is not a mapping"
        return failed(f"syncPolicy.automated {problem} on {name}: auto-sync is off", location, name)
    enabled = automated.get("enabled")
    if enabled is not None and enabled is not True:
        message = f"automated.enabled is {_format_value(enabled)} on {name}: auto-sync is off"
        return failed(message, application.locate("syncPolicy", "automated", "enabled"), name)
    value = automated.get(key)
    if value is True:
        return passed(f"{field} is true on {name}", location, name)
    if isinstance(value, str):
        return failed(f'{field} is the text "{value}" on {name}, which Kubernetes rejects', location, name)
    return failed(f"{field} is {'not set' if value is None else _format_value(value)} on {name}", location, name)


def _format_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"`{value}`"


def _label(application: Application, facts: Facts) -> str:
    """Return the name, with its namespace if another application of the environment has the same name."""
    name = facts.environment.name if facts.environment else ""
    return label_environment(name, require(facts.live_spec))[application.id]


def _check_application(application: Application, key: str, name: str) -> CheckOutcome:
    field = _FIELDS[key]
    if application.presence != "found":
        return unknown(f"{name} is {application.presence} in Argo CD", None, name)
    automated = application.automated
    if automated is None or not automated.enabled:
        return failed(f"auto-sync is off on {name}", None, name)
    if automated.prune if key == "prune" else automated.self_heal:
        return passed(f"{field} is true on {name}", None, name)
    return failed(f"{field} is not set on {name}", None, name)


# --- stale resources -----------------------------------------------------------------------------------


def _check_stale_resources(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    if isinstance(facts.live, MissingEvidence) and isinstance(facts.live_spec, tuple):
        yield from _check_resource_lists(facts)
        return
    live = require(facts.live)
    for resource in live.resources:
        if resource.stale:
            yield _stale_resource(str(resource), resource.prune_protection)
    yield passed(f"all {len(live.resources)} live objects are in git")


def _check_resource_lists(facts: Facts) -> Iterator[CheckOutcome]:
    """Evaluate Argo CD's resource lists. They replace live objects that could not be read."""
    for application in require(facts.live_spec):
        name = _label(application, facts)
        if reason := explain_unknown_resources(application):
            yield unknown(reason, None, name)
            continue
        for resource in application.prunable:
            yield _stale_resource(f"{resource.kind}/{resource.name}", resource.kept)
        if application.resources is None:
            yield unknown(f"Argo CD does not list the resources of {name}", None, name)
        else:
            yield passed(f"{name} has no resources to prune", None, name)


def _stale_resource(name: str, prune_protection: str | None) -> CheckOutcome:
    if prune_protection == "Prune=false":
        message = f"{name} is live but not in git, and Prune=false protects it from pruning"
        return failed(message, None, name, level="warning", fix="delete it manually, or remove the annotation")
    confirmation = "; pruning it needs a confirmation" if prune_protection else ""
    return failed(f"{name} is live but not in git: a prune would delete it{confirmation}", None, name)


# --- the head ------------------------------------------------------------------------------------------


def _check_at_head(facts: Facts, _evidence: EvidenceKind) -> Iterator[CheckOutcome]:
    """Compare the synced revision in Argo CD with the head in git.

    Pending comparisons come first, so that a passed application does not hide them.
    """
    applications, head = require(facts.live_spec), require(facts.head)
    outcomes = [_compare_with_head(application, head, facts) for application in applications]
    yield from sorted(outcomes, key=lambda outcome: outcome.status != "skipped")


def _compare_with_head(application: Application, head: BranchHead, facts: Facts) -> CheckOutcome:
    name, target = application.name, application.target_revision or "HEAD"
    if application.presence != "found":
        return unknown(f"{name} is {application.presence} in Argo CD", None, name)
    if target not in {head.branch, f"refs/heads/{head.branch}", "HEAD"}:
        message = f"{name} follows {shorten_revision(target)}, but only the head of {head.branch} is read"
        return unknown(message, None, name)
    short_head = shorten_revision(head.oid)
    revisions = split_revisions(application.synced_revision)
    if application.sync == "Synced" and head.oid in split_revisions(application.compared_revision):
        revisions = (head.oid,)
    if head.oid in revisions:
        return passed(f"{name} is at {short_head}, the head of {head.branch}", None, name)
    if newer := next((revision for revision in revisions if revision in head.newer), None):
        short_newer = shorten_revision(newer)
        return pending(f"{name} is at {short_newer}, which is newer than the last reading of git ({short_head})", name)
    if head.committed_at is not None and facts.now - head.committed_at < SYNC_GRACE:
        age, grace = format_duration(facts.now - head.committed_at), format_duration(SYNC_GRACE)
        return passed(f"the head of {head.branch} is {age} old: {name} has {grace} to sync it", None, name)
    if not revisions:
        return unknown(f"Argo CD does not report the synced revision of {name}", None, name)
    synced = next((revision for revision in revisions if revision in head.changed), revisions[0])
    return _compare_revisions(name, synced, head)


def _compare_revisions(name: str, synced: str, head: BranchHead) -> CheckOutcome:
    """Fail if a file that the application reads differs between its synced revision and the head."""
    short_synced, short_head = shorten_revision(synced), shorten_revision(head.oid)
    difference = f"the difference between {short_synced} and {short_head}"
    if synced in head.incomparable:
        return unknown(f"{difference} is unknown: {head.incomparable[synced]}", None, name)
    if synced not in head.changed and head.comparison_pending:
        return CheckOutcome("skipped", f"{difference} has not been read yet", None, name)
    if synced not in head.changed or name not in head.paths_read:
        return unknown(f"{difference} is unknown", None, name)
    changed = [path for path in head.changed[synced] if _is_read(head.paths_read[name], path)]
    if not changed:
        return passed(f"no file that {name} reads differs between {short_synced} and the head", None, name)
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    verb = "differ" if more else "differs"
    message = f"{name} is at {short_synced}, the head is {short_head}: {changed[0]}{more} {verb}"
    return failed(message, None, name)


def _is_read(paths_read: tuple[str, ...], path: str) -> bool:
    return any(path == root or root in {"", "."} or path.startswith(root.rstrip("/") + "/") for root in paths_read)


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
        title="Auto-sync self-heals",
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
        title="No stale resources are live",
        level="error",
        rules=("staging", "prod"),
        evidence=("live",),
        section="Production No-Mock Cutover",
        why="Run a hard refresh + prune sync on staging and prod Argo applications to remove stale mock resources.",
        fix="hard refresh, review the resources to prune, then sync with prune",
        evaluate=_check_stale_resources,
    ),
    Check(
        id="argo.at-head",
        title="The synced revision is the head",
        level="warning",
        rules=("dev", "staging", "prod"),
        evidence=("live-spec",),
        section="Promotion model",
        why="Argo CD reconciles ops repo manifests and deploys `dev`.",
        fix="refresh the application; if that does not help, check its conditions",
        evaluate=_check_at_head,
    ),
)
