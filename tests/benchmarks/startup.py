"""Measure the start as an operator sees it: on a pseudo-terminal, until a text is on the screen.

python -m tests.benchmarks.startup [--runs N]     # prints medians of N interleaved runs
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import pty
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from anchor_tui.sources.argocd.endpoints import LIST_REQUEST  # noqa: E402

SIZE = {"COLUMNS": "180", "LINES": "50"}


def build_environment(**more: str) -> dict[str, str]:
    """Return the environment of a measured process: byte code is written and read, as in daily use."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | SIZE | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)} | more


def measure_until_seen(command: list[str], env: Mapping[str, str], *wanted: tuple[bytes, int]) -> list[float]:
    """Return the milliseconds from the start until each text was seen the given number of times."""
    started = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.execve(command[0], command, dict(env))
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 180, 0, 0))
    seen, times = b"", [0.0] * len(wanted)
    try:
        while not all(times) and time.perf_counter() - started < 20:
            if select.select([terminal], [], [], 0.2)[0]:
                with contextlib.suppress(OSError):
                    seen += os.read(terminal, 65536)
            now = (time.perf_counter() - started) * 1000
            for index, (text, count) in enumerate(wanted):
                if not times[index] and seen.count(text) >= count:
                    times[index] = now
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
    if not all(times):
        raise SystemExit(f"{command}: {wanted} was not seen:\n{seen[-2000:]!r}")
    return times


@contextlib.contextmanager
def serve_sandbox(*more: str) -> Iterator[dict[str, object]]:
    """Run the embedded servers in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "anchor_tui", "sandbox", "serve", "--write", folder, *more]
        servers = subprocess.Popen(command, stdout=subprocess.PIPE, env=build_environment(), cwd=folder)
        assert servers.stdout is not None
        try:
            yield json.loads(servers.stdout.readline())
        finally:
            servers.terminate()
            servers.wait()


def measure_list_request(url: str, token: str) -> float:
    """Return the milliseconds of the one request that the screen waits for."""
    address = urlsplit(url)
    path, params = LIST_REQUEST
    started = time.perf_counter()
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    connection.request("GET", f"/{path}?{urlencode(params)}", headers={"Authorization": f"Bearer {token}"})
    connection.getresponse().read()
    connection.close()
    return (time.perf_counter() - started) * 1000


def measure_command(*arguments: str) -> float:
    """Return the milliseconds of a command without a screen."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "anchor_tui", *arguments], env=build_environment(), stdout=subprocess.DEVNULL, check=True
    )
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    minimal = [sys.executable, str(Path(__file__).with_name("minimal.py"))]
    figures: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        figures.setdefault(name, []).append(value)

    with serve_sandbox("--scenario", "steady", "--fault", "argocd:latency=0.3") as served:
        argocd, github = served["argocd"], served["github"]
        assert isinstance(argocd, dict)
        assert isinstance(github, dict)
        env = build_environment(ARGOCD_AUTH_TOKEN=argocd["token"], GITHUB_TOKEN=github["token"])
        ours = [sys.executable, "-m", "anchor_tui", "--config", str(served["config"])]
        for run in range(runs + 1):
            bare = measure_until_seen(minimal, build_environment(), (b"row 9", 1))[0]
            first, complete = measure_until_seen(ours, env, (b"loading", 1), (b"Healthy", 3))
            answer = measure_list_request(argocd["url"], argocd["token"])
            version, usage = measure_command("--version"), measure_command("--help")
            if run:  # the first one writes the byte code
                note("minimal Textual app, first frame", bare)
                note("fleet, first frame", first)
                note("fleet, Argo CD's half complete", complete)
                note("Argo CD's list alone", answer)
                note("--version", version)
                note("--help", usage)
    medians = {name: statistics.median(values) for name, values in figures.items()}
    for name, median in medians.items():
        print(f"{median:7.0f} ms  {name}  (of {runs}: {min(figures[name]):.0f}-{max(figures[name]):.0f})")
    bare, first, complete, answer = list(medians.values())[:4]
    print(f"{first / bare:7.2f}     first frame / minimal app                           (at most 1.40)")
    print(f"{complete / max(bare, answer):7.2f}     complete / the slower of minimal app and answer  (at most 1.50)")


if __name__ == "__main__":
    main()
