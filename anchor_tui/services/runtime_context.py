"""Which estate a command speaks of: the configured one, or the embedded demo's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import subprocess

    from anchor_tui.config.model import Config

_DEMO_VARIABLES = (
    "HOME",
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "TMPDIR",
    "SYSTEMROOT",
)


STATE_FOLDER_VARIABLE = "ANCHOR_TUI_STATE"
"""Names another folder for what is kept between two starts."""


class DemoError(Exception):
    """The embedded servers did not start; the message says why and what to do."""


class RuntimeContext(NamedTuple):
    """A configuration with the surroundings that its credentials are looked up in."""

    config: Config
    environ: Mapping[str, str]
    home: Path
    state: Path | None = None
    """Where the audit is kept; None is the user's own state folder."""

    @property
    def state_folder(self) -> Path:
        """The folder that the audit is kept in."""
        return self.state or find_state_folder(self.environ)


def find_state_folder(environ: Mapping[str, str]) -> Path:
    """The user's folder for what is kept between two starts; $ANCHOR_TUI_STATE names another."""
    if given := environ.get(STATE_FOLDER_VARIABLE):
        return Path(given).expanduser()
    from platformdirs import user_state_path  # only when something is done, or asked about

    return user_state_path("anchor-tui", appauthor=False)


def load_context(
    path: Path | None, *, read_only: bool, actions: Mapping[str, Collection[str]] | None = None
) -> RuntimeContext:
    """The estate of the configuration file, `actions` as in `config.load.load`. Raises `config.load.ConfigErrors`."""
    from anchor_tui.config.load import load_config  # tomllib and the checks: not for --help

    config = load_config(path, os.environ, cwd=Path.cwd(), read_only=read_only, actions=actions)
    if config.policy.disable or config.policy.waivers:
        from anchor_tui.domain.policy.registry import (
            CHECKS_BY_ID,  # 40 ms that only a configuration which names checks pays
        )

        config = load_config(
            path, os.environ, cwd=Path.cwd(), read_only=read_only, actions=actions, checks=CHECKS_BY_ID
        )
    return RuntimeContext(config, os.environ, Path.home())


@contextmanager
def start_demo(scenario: str, *, read_only: bool) -> Iterator[RuntimeContext]:
    """The embedded servers in a process of their own, and a configuration that knows nothing else.

    Ambient servers and tokens are ignored; everything that is written goes to a temporary folder. The servers
    end when this process does, however it ends: they watch their stdin. Raises DemoError.
    """
    import shutil
    import subprocess
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="anchor-tui-demo-"))
    command = [sys.executable, "-m", "anchor_tui", "sandbox", "serve", "--until-stdin-closes"]
    servers = subprocess.Popen(  # noqa: S603 - our own module with our own arguments
        [*command, "--scenario", scenario, "--write", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_clean_environment(os.environ),
    )
    try:
        yield _read_demo_context(servers, folder, read_only=read_only)
    finally:
        servers.terminate()
        servers.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def _read_demo_context(servers: subprocess.Popen[bytes], folder: Path, *, read_only: bool) -> RuntimeContext:
    import json

    from anchor_tui.config.load import load_config

    assert servers.stdout is not None
    assert servers.stderr is not None
    line = servers.stdout.readline()
    if not line:
        said = servers.stderr.read().decode(errors="replace").strip().removeprefix("anchor-tui: ")
        raise DemoError(said or "the embedded servers ended at once")
    told = json.loads(line)
    environ = _clean_environment(os.environ) | {
        "ARGOCD_AUTH_TOKEN": told["argocd"]["token"],
        "GITHUB_TOKEN": told["github"]["token"],
        "STATUS_API_TOKEN": told["status_api"]["token"],
    }
    config = load_config(Path(told["config"]), environ, cwd=folder, read_only=read_only)
    return RuntimeContext(config, environ, folder, folder / "state")


def _clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Without proxies, servers and tokens of the surroundings, and with our own modules importable."""
    kept = {name: environ[name] for name in _DEMO_VARIABLES if name in environ}
    paths = [str(Path(__file__).parents[2]), *filter(None, [environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}
