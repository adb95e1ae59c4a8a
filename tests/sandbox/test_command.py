from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from anchor_tui.config.location import CONFIG_FILE_NAME
from anchor_tui.sandbox.command import write_configuration
from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread

COMMAND = [sys.executable, "-W", "error", "-m", "anchor_tui", "sandbox", "serve"]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    with subprocess.Popen(
        [*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            if process.poll() is None:
                process.kill()


def rest(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=5)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_line_has_the_addresses_and_a_signal_stops(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "box"
    with serving("--scenario", "incident", "--write", str(folder), "--fault", "github:status=502,times=1") as (
        process,
        servers,
    ):
        assert servers.keys() == {"argocd", "github", "status_api", "scenario", "pid", "config", "env"}
        assert (servers["scenario"], servers["pid"]) == ("incident", process.pid)
        headers = {"authorization": f"Bearer {servers['argocd']['token']}"}
        assert len(httpx.get(servers["argocd"]["url"] + "/api/v1/applications", headers=headers).json()["items"]) == 3
        headers = {"authorization": f"Bearer {servers['github']['token']}"}
        repository = f"{servers['github']['url']}/repos/{servers['github']['ops_repo']}"
        assert [httpx.get(repository, headers=headers).status_code for _ in range(2)] == [502, 200]
        headers = {"authorization": f"Bearer {servers['status_api']['token']}"}
        assert httpx.get(servers["status_api"]["url"], headers=headers).json() == {"events": []}
        process.send_signal(number)
        assert rest(process) == (0, "", "")
    config = tomllib.loads(Path(servers["config"]).read_text())
    assert config == {
        "argocd": {"server": servers["argocd"]["url"], "token_env": "ARGOCD_AUTH_TOKEN"},
        "github": {
            "ops_repo": "anchor/anchor-msp-ops",
            "app_repo": "anchor/anchor-msp",
            "api_url": servers["github"]["url"],
            "token_env": "GITHUB_TOKEN",
        },
        "status_api": {"url": servers["status_api"]["url"]},
    }
    secrets = [Path(servers["env"]), folder / "argocd-config" / "config"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in secrets] == [0o600, 0o600]
    shell = subprocess.run(
        [
            "/bin/sh",
            "-c",
            '. "$0"; printf "%s %s %s" "$ARGOCD_AUTH_TOKEN" "$GITHUB_TOKEN" "$STATUS_API_TOKEN"',
            servers["env"],
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout == " ".join(servers[side]["token"] for side in ("argocd", "github", "status_api"))
    assert "plain-text: true" in secrets[1].read_text()


def test_it_stops_when_stdin_is_closed() -> None:
    with serving("--until-stdin-closes") as (process, servers):
        assert servers["config"] is None
        assert process.poll() is None
        assert rest(process) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scenario", "nope"], "choose one of steady, incident, cutover, "),
        (["--fault", "argocd:nope"], "--fault: unknown fault 'nope'"),
        (["--port-argocd", "1"], "cannot serve: "),
    ],
)
def test_an_invalid_argument_is_reported_in_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from anchor_tui.cli.sandbox import add_arguments
    from anchor_tui.sandbox import command

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    if "--port-argocd" in arguments:
        monkeypatch.setattr("anchor_tui.sandbox.server.open_listener", _refuse)
    assert command.run_sandbox_command(_parsed(add_arguments, ["serve", *arguments])) == 2
    assert words in capsys.readouterr().err


def _refuse(port: int) -> None:
    raise PermissionError(13, "Permission denied")


def _parsed(add_arguments, arguments):
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def test_a_missing_package_is_reported_with_its_installation(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from anchor_tui.cli.sandbox import add_arguments
    from anchor_tui.sandbox import command

    monkeypatch.setattr(command, "REQUIRED_PACKAGES", ("no_such_package",))
    assert command.run_sandbox_command(_parsed(add_arguments, ["serve"])) == 2
    assert "pip install 'anchor-tui[demo]'" in capsys.readouterr().err


def test_the_help_lists_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    from typing import get_args

    from anchor_tui.cli.sandbox import add_arguments
    from anchor_tui.sandbox.faults.switches import FaultKind

    with pytest.raises(SystemExit):
        _parsed(add_arguments, ["serve", "--help"])
    help_text = capsys.readouterr().out
    assert all(f"\n  {kind}" in help_text for kind in get_args(FaultKind))


def test_a_sandbox_in_a_thread_serves_callers_without_a_loop() -> None:
    before = threading.active_count()
    with run_sandbox_in_thread("steady") as box:
        headers = {"authorization": f"Bearer {box.argocd_token}"}
        assert httpx.get(box.argocd_url + "/api/v1/applications", headers=headers).status_code == 200
        sha = box.commit({"README.md": "x\n"}, "Words")
        assert box.git.head == sha
        with pytest.raises(TypeError):
            box.advance(1)
    assert threading.active_count() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(box.argocd_url)


def test_a_failed_start_raises_in_the_calling_thread() -> None:
    with pytest.raises(ValueError, match="unknown scenario"), run_sandbox_in_thread("nope"):
        raise AssertionError("it started")


async def test_it_listens_on_loopback_and_ignores_signals() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with Sandbox.start() as box:
        assert box.argocd_url.startswith("http://127.0.0.1:")
        assert box.github_url.startswith("http://127.0.0.1:")
        assert signal.getsignal(signal.SIGTERM) is before


def test_importing_the_package_does_not_import_a_server() -> None:
    code = (
        "import sys, anchor_tui.sandbox, anchor_tui.sandbox.command, anchor_tui.cli.sandbox; "
        "print([name for name in ('starlette', 'uvicorn', 'dulwich', 'graphql', 'textual') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout == "[]\n"


def test_the_sandbox_imports_nothing_else_and_no_textual() -> None:
    code = (
        "import sys, anchor_tui.sandbox.server, anchor_tui.sandbox.command, anchor_tui.sandbox.github.graphql; "
        "print(sorted(name for name in sys.modules if name.startswith('anchor_tui.') and 'sandbox' not in name), "
        "'textual' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    file_name_of_the_configuration = ["anchor_tui.config", "anchor_tui.config.location"]
    assert done.stdout == f"{file_name_of_the_configuration} False\n"


def test_the_written_environments_of_a_scale_select_by_label(tmp_path: Path) -> None:
    with run_sandbox_in_thread("scale-30") as box:
        folder = write_configuration(box, tmp_path)
        applications = list(box.applications.values())
    environments = tomllib.loads((folder / CONFIG_FILE_NAME).read_text())["environments"]
    assert [environment["name"] for environment in environments] == ["dev", "staging", "prod"]
    labels = [environment["applications"]["selector"].split("=") for environment in environments]
    selected = [app for app in applications if any(app.labels[label] == value for label, value in labels)]
    assert len(selected) == len(applications) == 30


def test_a_storm_changes_the_applications_of_a_scale(tmp_path: Path) -> None:
    with serving("--scenario", "scale-30", "--storm", "500") as (process, servers):
        headers = {"authorization": f"Bearer {servers['argocd']['token']}"}
        fields = {"fields": "items.status.health"}
        url = servers["argocd"]["url"] + "/api/v1/applications"
        health: set[str] = set()
        last = time.monotonic() + 20
        while "Progressing" not in health:
            assert time.monotonic() < last
            items = httpx.get(url, headers=headers, params=fields).json()["items"]
            health = {item["status"]["health"]["status"] for item in items}
        process.terminate()
        assert rest(process)[0] == 0


def test_an_invalid_rate_of_a_storm_is_refused() -> None:
    done = subprocess.run([*COMMAND, "--storm", "many"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'many' is not a number" in done.stderr
