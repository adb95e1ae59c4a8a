"""The source over real sockets, against the sandbox."""

from __future__ import annotations

import pytest

from anchor_tui.config.model import ApplicationName, EnvironmentConfig, ServerConfig
from anchor_tui.domain.readings import Fresh
from anchor_tui.sandbox.server import Sandbox
from anchor_tui.services.clock import utc_now
from anchor_tui.sources.argocd import source as module
from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.argocd.connection import resolve_connection
from anchor_tui.sources.argocd.evidence import EvidenceLimits
from anchor_tui.sources.argocd.source import ArgoSource
from anchor_tui.sources.credentials.secret import Secret
from anchor_tui.sources.errors import Unauthenticated
from tests.sources.argocd.fakes import (
    applications_by_id,
    has_application,
    make_access,
    run_source,
)


def sandbox_source(box: Sandbox, *names: str, token: str | None = None) -> ArgoSource:
    async def connect() -> ArgoClient:
        access = make_access(box.argocd_url, token=Secret(token or box.argocd_token))
        return ArgoClient(resolve_connection(access), read_only=True)

    wanted = tuple(ApplicationName(name) for name in names)
    environments = (EnvironmentConfig(name="prod", applications=wanted),)
    return ArgoSource(ServerConfig(), environments, connect, utc_now, EvidenceLimits(200))


async def test_an_embedded_argo_cd_is_read_and_followed():
    async with Sandbox.start("incident") as box:
        once = applications_by_id(await sandbox_source(box, "anchor-msp-prod").read())
        assert once["argocd/anchor-msp-prod"].health == "Degraded"
        assert once["argocd/anchor-msp-prod"].unhealthy
        async with run_source(sandbox_source(box, "anchor-msp-prod", "anchor-msp-staging")) as seen:
            reading = await seen.wait_until(
                lambda reading: (
                    isinstance(reading, Fresh)
                    and len(applications_by_id(reading)) == 2
                    and all(application.reconciled_at for application in applications_by_id(reading).values())
                )
            )
            assert len(applications_by_id(reading)["argocd/anchor-msp-staging"].prunable) == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("argocd:status=401", "unauthenticated"),
        ("argocd:status=403", "forbidden"),
        ("argocd:status=429", "rate-limited"),
        ("argocd:status=500", "server"),
        ("argocd:status=503", "server"),
        ("argocd:html", "bad-answer"),
        ("argocd:truncated", "bad-answer"),
        ("argocd:reset", "unreachable"),
    ],
)
async def test_every_fault_has_its_error_and_ends(monkeypatch, fault, kind):
    monkeypatch.setattr(module, "UNAUTHENTICATED_RETRY_S", 0.0)
    async with Sandbox.start("steady") as box:
        box.faults.add(f"{fault},path=/api/v1/applications")
        one = sandbox_source(box, "anchor-msp-prod")
        async with run_source(one) as seen:
            missing = await seen.wait_until(lambda reading: not isinstance(reading, Fresh))
            assert missing.error.kind == kind
            assert box.argocd_token not in missing.error.message
            box.faults.clear()
            await seen.wait_until(has_application("argocd/anchor-msp-prod", sync="Synced"))


@pytest.mark.parametrize("fault", ["argocd:cut-stream", "argocd:next-line"])
async def test_a_damaged_stream_leaves_no_application_without_details(fault):
    names = ("anchor-msp-dev", "anchor-msp-staging", "anchor-msp-prod")
    async with Sandbox.start("incident") as box:
        box.faults.add(fault)
        async with run_source(sandbox_source(box, *names)) as seen:
            reading = await seen.wait_until(
                lambda reading: (
                    isinstance(reading, Fresh)
                    and not reading.problems
                    and all(application.reconciled_at for application in applications_by_id(reading).values())
                )
            )
            assert applications_by_id(reading)["argocd/anchor-msp-prod"].unhealthy
        assert not box.errors


async def test_a_wrong_token_is_unauthenticated():
    async with Sandbox.start("steady") as box:
        with pytest.raises(Unauthenticated, match="401"):
            await sandbox_source(box, "anchor-msp-prod", token="eyJ.wrong.token").read()
