"""Time of all checks for many environments with separate files; no network.

The first judging parses every file; a repeated one finds that nothing has changed.
"""

from __future__ import annotations

import time

from anchor_tui.domain.source_data import ManagedResources
from anchor_tui.services.observe.policy import PolicyEvaluator
from tests.argocd_recordings import load_recording
from tests.domain.policy.sample_repo import CONFIG, sample
from tests.values import NOW, application, argocd, environment_config, fresh, ops_repo, readings, replace

RELEASE = "environments/{}/release.yaml"
VALUES = "infra/helm/platform/environments/{}/values.yaml"


def judged_ms(environments: int) -> list[float]:
    """Return the milliseconds of a first and a second evaluation of copies of prod."""
    names = [f"env-{number}" for number in range(environments)]
    files = dict(sample())
    for name in names:
        files |= {
            RELEASE.format(name): files[RELEASE.format("prod")],
            VALUES.format(name): files[VALUES.format("prod")],
        }
    configured = tuple(
        environment_config(name, release=RELEASE.format(name), values=VALUES.format(name), rules="prod")
        for name in names
    )
    items = tuple(load_recording("managed-resources-prod").body["items"])
    apps = [application(f"anchor-msp-{name}") for name in names]
    live = argocd(*apps, managed={app.id: ManagedResources(NOW, items) for app in apps})
    policy = PolicyEvaluator(replace(CONFIG, environments=configured))
    read = readings(fresh(live), fresh(ops_repo(files=files)))
    took = []
    for _ in range(2):
        started = time.perf_counter()
        policy.evaluate(read, NOW)
        took.append((time.perf_counter() - started) * 1000)
    return took
