"""The first requests: sent before slow modules are loaded."""

from __future__ import annotations

import subprocess
import sys

from anchor_tui.sandbox.server import run_sandbox_in_thread
from anchor_tui.services.observe.prefetch import start_prefetch
from tests.services.observe.test_observer import sandbox_config, sandbox_environ

PREFETCH_MODULES = """
import sys
import anchor_tui.services.observe.prefetch
import anchor_tui.sources.argocd.connection
import anchor_tui.sources.argocd.endpoints
import anchor_tui.sources.argocd.prefetch
print(*sorted({"asyncio", "httpx", "anchor_tui.domain.model"} & sys.modules.keys()))
"""


def test_the_prefetch_loads_no_slow_module():
    done = subprocess.run([sys.executable, "-c", PREFETCH_MODULES], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_first_request_is_answered(tmp_path):
    with run_sandbox_in_thread("steady") as box:
        prefetches = start_prefetch(sandbox_config(box), sandbox_environ(box), tmp_path)
        responses = prefetches["argocd"].responses
        assert all(response.body.result(timeout=10) for response in responses.values())
    assert {path for path, _ in responses} == {"api/v1/applications", "api/version", "api/v1/settings"}


def test_a_server_without_credentials_is_not_prefetched(tmp_path):
    with run_sandbox_in_thread("steady") as box:
        assert start_prefetch(sandbox_config(box), {}, tmp_path) == {}
