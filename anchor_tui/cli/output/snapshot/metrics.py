"""The snapshot as metrics, for the formats `prometheus` and `openmetrics`.

Levels are numbers, so that an alert can say `> 1`: 0 ok, 1 attention, 2 unknown, 3 failing. An unknown
value has no sample, because a zero would be wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from anchor_tui.cli.output.escaping import format_line
from anchor_tui.domain.model import Snapshot
from anchor_tui.domain.policy.check_results import group_by_check

Sample = tuple[dict[str, str], float]


class MetricFamily(NamedTuple):
    """A metric with its samples. The samples of the type "info" have the suffix `_info`."""

    name: str
    type: str
    description: str
    samples: list[Sample]

    @property
    def sample_name(self) -> str:
        """The name of every sample."""
        return f"{self.name}_info" if self.type == "info" else self.name


def render_samples(family: MetricFamily) -> list[str]:
    """Render the samples of a family, one a line. The line is the same in both formats."""
    return [f"{family.sample_name}{_format_labels(labels)} {value:.15g}" for labels, value in family.samples]


def build_families(snapshot: Snapshot) -> Iterator[MetricFamily]:
    """Build every metric of a snapshot."""
    engine = {"engine": snapshot.engine_id}
    apps = [
        ({**engine, "environment": env.name, "source": app.source, "namespace": app.namespace, "name": app.name}, app)
        for env in snapshot.environments
        for app in env.applications
    ]
    yield MetricFamily(
        "anchor_environment_level",
        "gauge",
        "Verdict of an environment: 0 ok, 1 attention, 2 unknown, 3 failing.",
        [({**engine, "environment": env.name}, env.verdict.level.rank) for env in snapshot.environments],
    )
    yield MetricFamily(
        "anchor_release",
        "info",
        "Release of an environment, from its release.yaml.",
        [
            (
                {
                    **engine,
                    "environment": env.name,
                    "version": env.release.version,
                    "commit": env.release.commit or "",
                },
                1,
            )
            for env in snapshot.environments
            if env.release
        ],
    )
    yield MetricFamily(
        "anchor_application_synced",
        "gauge",
        "1 if Argo CD reports Synced, otherwise 0.",
        [(labels, app.sync == "Synced") for labels, app in apps if app.sync],
    )
    yield MetricFamily(
        "anchor_application_healthy",
        "gauge",
        "1 if Argo CD reports Healthy, otherwise 0.",
        [(labels, app.health == "Healthy") for labels, app in apps if app.health],
    )
    yield MetricFamily(
        "anchor_checks",
        "gauge",
        "Policy checks by status: fail, warn, unknown, waived, pass, skipped.",
        _count_checks(snapshot, engine),
    )
    yield MetricFamily(
        "anchor_open_pull_requests",
        "gauge",
        "Open pull requests of the ops repo by kind.",
        [
            ({**engine, "kind": kind}, number)
            for kind, number in sorted(Counter(pull.kind for pull in snapshot.all_pull_requests).items())
        ],
    )
    sources = [({**engine, "source": source.id}, source) for source in snapshot.sources]
    yield MetricFamily(
        "anchor_source_up",
        "gauge",
        "1 if the data of a source is up to date, otherwise 0.",
        [(labels, source.state == "fresh") for labels, source in sources],
    )
    yield MetricFamily(
        "anchor_source_age_seconds",
        "gauge",
        "Age of the last response of a source.",
        [(labels, source.age_s) for labels, source in sources if source.age_s is not None],
    )
    yield MetricFamily(
        "anchor_github_points_remaining",
        "gauge",
        "Remaining points of GitHub's hourly budget.",
        [(labels, source.budget.remaining) for labels, source in sources if source.budget],
    )
    yield MetricFamily(
        "anchor_snapshot_timestamp_seconds",
        "gauge",
        "Time of the snapshot.",
        [(engine, snapshot.taken_at.timestamp())],
    )


def _count_checks(snapshot: Snapshot, engine: dict[str, str]) -> list[Sample]:
    samples: list[Sample] = []
    by_environment = [(env.name, env.findings) for env in snapshot.environments]
    for name, findings in (*by_environment, ("", snapshot.findings)):
        counted = Counter(
            "warn" if result.status == "fail" and result.level == "warning" else result.status
            for result in group_by_check(findings)
        )
        samples += [({**engine, "environment": name, "status": status}, counted[status]) for status in sorted(counted)]
    return samples


def _format_labels(labels: dict[str, str]) -> str:
    inner = ",".join(f'{name}="{_escape_label(value)}"' for name, value in labels.items())
    return f"{{{inner}}}"


def _escape_label(value: str) -> str:
    return format_line(value).replace("\\", "\\\\").replace('"', '\\"')
