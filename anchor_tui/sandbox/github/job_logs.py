"""Logs of GitHub Actions jobs. The API redirects to a signed address on another host, which refuses the API's token."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from anchor_tui.sandbox.clock import format_rfc3339
from anchor_tui.sandbox.github.pull_requests import HostedCheckRun
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.responses import EndpointResponse, RestError
from anchor_tui.sandbox.github.rest_support import RestCall, RestRoute

DOWNLOAD_PATH = "/_downloads/job-logs"
DOWNLOAD_HOST = "localhost"
"""Another host than that of the API, as on GitHub: the API listens on 127.0.0.1."""
DIGEST = "sha256:3b1f7c0e5d9a8246c1e0b7f45a29d8e6037fb1c2d4e5f60718293a4b5c6d7e8f"


def get_job_log(call: RestCall) -> EndpointResponse:
    """GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs: 302 to the download. An unfinished job has no log."""
    if "logs" in call.denied_fields:
        error = RestError(403, "Must have admin rights to Repository.")
        return EndpointResponse(error.value, 403, {"x-accepted-github-permissions": "actions=read"})
    runs = list_check_runs(call.hosted, call.now)
    run = next((run for run in runs if run.id == call.request.path_params["job"]), None)
    if run is None or run.status != "COMPLETED" or run.app != "github-actions":
        raise RestError(404, "Not Found")
    port = f":{call.request.url.port}" if call.request.url.port else ""
    address = f"{call.request.url.scheme}://{DOWNLOAD_HOST}{port}{DOWNLOAD_PATH}/{call.hosted.id}/{run.id}"
    return EndpointResponse(None, 302, {"location": f"{address}?sig={_sign(run.id)}"})


def list_check_runs(hosted: HostedRepository, now: datetime) -> Iterator[HostedCheckRun]:
    """Yield the check runs of every commit."""
    for sha in {*hosted.checks_requested_at, *hosted.reported_check_runs}:
        yield from hosted.check_runs(sha, now)


def _sign(job_id: int) -> str:
    return hashlib.sha256(f"job-log/{job_id}".encode()).hexdigest()[:24]


def respond_with_download(request: Request, runs: Iterator[HostedCheckRun]) -> Response:
    """Return the log of a run. A request with a token, or without the signature, is refused."""
    job_id = request.path_params["job"]
    if "authorization" in request.headers or request.query_params.get("sig") != _sign(job_id):
        return PlainTextResponse("<Error><Code>InvalidAuthenticationInfo</Code></Error>", 401)
    run = next((run for run in runs if run.id == job_id), None)
    if run is None:
        return PlainTextResponse("<Error><Code>BlobNotFound</Code></Error>", 404)
    return PlainTextResponse(build_job_log(run))


def build_job_log(run: HostedCheckRun) -> str:
    """Return the log of a completed run: a checkout, a script, and the cleanup after it."""
    script = f"scripts/check-{run.name}"
    lines = [
        "Current runner version: '2.329.0'",
        "##[group]Runner Image Provisioner",
        "Hosted Compute Agent",
        "##[endgroup]",
        "Secret source: Actions",
        "##[group]Run actions/checkout@v4",
        "with:",
        "  fetch-depth: 1",
        "##[endgroup]",
        "Syncing repository",
        f"##[group]Run {script}",
        f"\x1b[36;1m{script} environments/*/release.yaml\x1b[0m",
        "shell: /usr/bin/bash -e {0}",
        "##[endgroup]",
        "environments/dev/release.yaml: ok",
    ]
    if run.is_failed:
        lines += [
            "environments/staging/release.yaml: images.gateway",
            f"  digest {DIGEST}",
            "  signature: no matching signatures: the image was built by an unknown workflow",
            "##[error]environments/staging/release.yaml: the signature of images.gateway cannot be verified",
            "##[error]Process completed with exit code 1.",
        ]
    else:
        lines += ["environments/staging/release.yaml: ok", "environments/prod/release.yaml: ok"]
    lines += ["Post job cleanup.", "Cleaning up orphan processes"]
    begin = run.started_at or run.completed_at
    assert begin is not None
    return "".join(
        f"{format_rfc3339(begin + timedelta(seconds=number)).removesuffix('Z')}.1234567Z {line}\r\n"
        for number, line in enumerate(lines)
    )


ROUTES = (RestRoute("GET", "/actions/jobs/{job:int}/logs", get_job_log),)
