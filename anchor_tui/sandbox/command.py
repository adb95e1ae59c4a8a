"""`anchor-tui sandbox serve`: all servers in one process. It prints their addresses as one line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from anchor_tui.config.location import CONFIG_FILE_NAME

if TYPE_CHECKING:
    from anchor_tui.sandbox.server import Sandbox

REQUIRED_PACKAGES = ("starlette", "uvicorn", "dulwich", "merge3", "graphql")
INSTALL_HINT = (
    "the sandbox needs packages that are not installed. Install them with: pip install 'anchor-tui[demo]' (in a clone: "
    "pip install '.[demo]')"
)
USAGE_ERROR = 2

CONFIGURATION_TEMPLATE = """\
# Written by `anchor-tui sandbox serve`. The tokens are in the file `env` beside this one.
[argocd]
server = "{argocd}"
token_env = "ARGOCD_AUTH_TOKEN"

[github]
ops_repo = "{ops_repo}"
app_repo = "{app_repo}"
api_url = "{github}"
token_env = "GITHUB_TOKEN"

[status_api]
url = "{status}"
"""
SELECTOR_TEMPLATE = """
[[environments]]
name = "{name}"
applications = {{ selector = "{label}={name}" }}
"""
ENVIRONMENT_TEMPLATE = """\
export ARGOCD_AUTH_TOKEN='{argocd_token}'
export GITHUB_TOKEN='{github_token}'
export STATUS_API_TOKEN='{status_token}'
"""
ARGOCD_CONFIG_TEMPLATE = """\
contexts:
- name: sandbox
  server: {address}
  user: sandbox
current-context: sandbox
servers:
- grpc-web: true
  plain-text: true
  server: {address}
users:
- auth-token: {argocd_token}
  name: sandbox
"""


def run_sandbox_command(arguments: argparse.Namespace) -> int:
    """Serve until a signal or the end of stdin, and return the exit code."""
    if any(importlib.util.find_spec(name) is None for name in REQUIRED_PACKAGES):
        return _print_error(INSTALL_HINT)
    from anchor_tui.sandbox.faults.switches import parse_fault
    from anchor_tui.sandbox.scenarios.catalog import UnknownScenarioError, find_scenario

    try:
        find_scenario(arguments.scenario)
        for fault in arguments.fault:
            parse_fault(fault)
    except UnknownScenarioError as error:
        return _print_error(str(error))
    except ValueError as error:
        return _print_error(f"--fault: {error}")
    try:
        asyncio.run(_serve_until_stopped(arguments))
    except OSError as error:
        return _print_error(f"cannot serve: {error.strerror or error}")
    finally:
        if arguments.until_stdin_closes and arguments.write:
            shutil.rmtree(arguments.write, ignore_errors=True)  # a killed parent cannot remove it
    return 0


def _print_error(message: str) -> int:
    print(f"anchor-tui: {message}", file=sys.stderr)  # noqa: T201 - the command's voice
    return USAGE_ERROR


async def _serve_until_stopped(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end(*_: object) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    from anchor_tui.sandbox.server import Sandbox

    async with Sandbox.start(
        arguments.scenario,
        faults=arguments.fault,
        storm_per_s=arguments.storm,
        port_argocd=arguments.port_argocd,
        port_github=arguments.port_github,
        port_status=arguments.port_status,
    ) as box:
        written = write_configuration(box, arguments.write) if arguments.write else None
        print(json.dumps(describe_servers(box, written)), flush=True)  # noqa: T201 - the command's result
        if arguments.until_stdin_closes:
            threading.Thread(target=_await_end_of_stdin, args=(end,), daemon=True).start()
        await stop.wait()


def _await_end_of_stdin(end: Callable[[], None]) -> None:
    """Discard stdin and call `end` when it is closed."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass  # stdin is closed
    end()


def describe_servers(box: Sandbox, folder: Path | None = None) -> dict[str, object]:
    """Return the addresses and tokens for the line of JSON."""
    return {
        "argocd": {"url": box.argocd_url, "token": box.argocd_token},
        "github": {
            "url": box.github_url,
            "token": box.github_token,
            "ops_repo": box.ops_repo,
            "app_repo": box.app_repo,
        },
        "status_api": {"url": box.status_url, "token": box.status_token},
        "scenario": box.scenario.name,
        "pid": os.getpid(),
        "config": str(folder / CONFIG_FILE_NAME) if folder else None,
        "env": str(folder / "env") if folder else None,
    }


def write_configuration(box: Sandbox, folder: Path) -> Path:
    """Write a configuration, the tokens and a folder for `ARGOCD_CONFIG_DIR`; return the absolute folder."""
    folder = folder.resolve()
    for path in (folder, folder / "argocd-config"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    values = {
        "argocd": box.argocd_url,
        "address": box.argocd_url.removeprefix("http://"),
        "argocd_token": box.argocd_token,
        "github": box.github_url,
        "github_token": box.github_token,
        "status": box.status_url,
        "status_token": box.status_token,
        "ops_repo": box.ops_repo,
        "app_repo": box.app_repo,
    }
    text = CONFIGURATION_TEMPLATE.format(**values)
    if box.scenario.tenant_count:
        text += _format_selectors()
    (folder / CONFIG_FILE_NAME).write_text(text, encoding="utf-8")
    _write_private_file(folder / "env", ENVIRONMENT_TEMPLATE.format(**values))
    _write_private_file(folder / "argocd-config" / "config", ARGOCD_CONFIG_TEMPLATE.format(**values))
    return folder


def _format_selectors() -> str:
    """Return the environments of a configuration that selects their applications by a label."""
    from anchor_tui.sandbox.scenarios.tenants import ENVIRONMENT_LABEL, ENVIRONMENTS

    return "".join(SELECTOR_TEMPLATE.format(name=name, label=ENVIRONMENT_LABEL) for name in ENVIRONMENTS)


def _write_private_file(path: Path, text: str) -> None:
    """Write a file that only the owner can read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
