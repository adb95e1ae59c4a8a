"""The snapshot as OpenMetrics text, for a textfile collector or a push gateway.

Levels are numbers, so that an alert can say `> 1`: 0 ok, 1 attention, 2 unknown, 3 failing. What is not known
has no sample: a gap is seen, a zero would lie.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.policy.check_results import group_by_check

Sample = tuple[dict[str, str], float]


def render(snapshot: Snapshot) -> str:
    """The exposition, ended by `# EOF`."""
    lines = []
    for name, kind, words, samples in _build_families(snapshot):
        lines += [f"# TYPE {name} {kind}", f"# HELP {name} {words}"]
        suffix = "_info" if kind == "info" else ""
        lines += [f"{name}{suffix}{_format_labels(labels)} {value:.15g}" for labels, value in samples]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _build_families(snapshot: Snapshot) -> Iterator[tuple[str, str, str, list[Sample]]]:
    engine = {"engine": snapshot.engine_id}
    apps = [
        ({**engine, "environment": env.name, "source": app.source, "namespace": app.namespace, "name": app.name}, app)
        for env in snapshot.environments
        for app in env.applications
    ]
    yield (
        "anchor_environment_level",
        "gauge",
        "Verdict of an environment: 0 ok, 1 attention, 2 unknown, 3 failing.",
        [({**engine, "environment": each.name}, each.verdict.level.rank) for each in snapshot.environments],
    )
    yield (
        "anchor_release",
        "info",
        "What an environment's release.yaml says.",
        [
            (
                {
                    **engine,
                    "environment": each.name,
                    "version": each.release.version,
                    "commit": each.release.commit or "",
                },
                1,
            )
            for each in snapshot.environments
            if each.release
        ],
    )
    yield (
        "anchor_application_synced",
        "gauge",
        "Whether Argo CD says Synced.",
        [(labels, app.sync == "Synced") for labels, app in apps if app.sync],
    )
    yield (
        "anchor_application_healthy",
        "gauge",
        "Whether Argo CD says Healthy.",
        [(labels, app.health == "Healthy") for labels, app in apps if app.health],
    )
    yield (
        "anchor_checks",
        "gauge",
        "Checks of policy by what they came to: fail, warn, unknown, waived, pass, skipped.",
        _count_checks(snapshot, engine),
    )
    yield (
        "anchor_open_pull_requests",
        "gauge",
        "Open pull requests of the ops repo by what they do.",
        [
            ({**engine, "kind": kind}, number)
            for kind, number in sorted(Counter(pull.kind for pull in snapshot.all_pull_requests).items())
        ],
    )
    sources = [({**engine, "source": each.id}, each) for each in snapshot.sources]
    yield (
        "anchor_source_up",
        "gauge",
        "Whether a source gave an answer that counts.",
        [(labels, each.state == "fresh") for labels, each in sources],
    )
    yield (
        "anchor_source_age_seconds",
        "gauge",
        "Age of a source's last answer.",
        [(labels, each.age_s) for labels, each in sources if each.age_s is not None],
    )
    yield (
        "anchor_github_points_remaining",
        "gauge",
        "What is left of GitHub's hourly allowance.",
        [(labels, each.budget.remaining) for labels, each in sources if each.budget],
    )
    yield (
        "anchor_snapshot_timestamp_seconds",
        "gauge",
        "When the snapshot was taken.",
        [(engine, snapshot.taken_at.timestamp())],
    )


def _count_checks(snapshot: Snapshot, engine: dict[str, str]) -> list[Sample]:
    samples: list[Sample] = []
    for name, findings in (*((each.name, each.findings) for each in snapshot.environments), ("", snapshot.findings)):
        counted = Counter(
            "warn" if each.status == "fail" and each.level == "warning" else each.status
            for each in group_by_check(findings)
        )
        samples += [({**engine, "environment": name, "status": status}, counted[status]) for status in sorted(counted)]
    return samples


def _format_labels(labels: dict[str, str]) -> str:
    inner = ",".join(f'{name}="{_escape_label(value)}"' for name, value in labels.items())
    return f"{{{inner}}}"


def _escape_label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
