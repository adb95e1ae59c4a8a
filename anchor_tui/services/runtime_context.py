"""The configuration a command works with, and its surroundings: those of the user, or those of the embedded demo."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from anchor_tui.config.location import find_state_folder
from anchor_tui.config.usual_keys import KeysByAction

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
"""The environment variables that the demo takes over; none contains a secret or an address."""


class DemoError(Exception):
    """The embedded servers did not start. The message contains the reason and what to do."""


class RuntimeContext(NamedTuple):
    """A configuration, and the environment and home folder in which its credentials are looked up."""

    config: Config
    environ: Mapping[str, str]
    home: Path
    state: Path | None = None
    """The folder of the audit log; None means the user's own state folder."""

    @property
    def state_folder(self) -> Path:
        """The folder of the audit log."""
        return self.state or find_state_folder(self.environ)


def load_context(path: Path | None, *, read_only: bool, actions: KeysByAction | None = None) -> RuntimeContext:
    """Return the context of the configuration file. `actions` is passed to `load_config`. Raises ConfigErrors."""
    from anchor_tui.config.discovery import find_working_folder
    from anchor_tui.config.load import load_config  # loads tomllib, which --help does not need

    config = load_config(path, os.environ, cwd=find_working_folder(), read_only=read_only, actions=actions)
    if config.policy.disable or config.policy.waivers:
        # The checks take 40 ms to load: only a configuration that names some needs them.
        from anchor_tui.domain.policy.registry import CHECKS_BY_ID

        config = load_config(
            path, os.environ, cwd=find_working_folder(), read_only=read_only, actions=actions, checks=CHECKS_BY_ID
        )
    return RuntimeContext(config, os.environ, Path.home())


@contextmanager
def start_demo(scenario: str, *, read_only: bool) -> Iterator[RuntimeContext]:
    """Run the embedded servers in a separate process and return a context that contains nothing else.

    The user's servers and tokens are ignored; every file is written to a temporary folder. The servers watch their
    stdin, so they end with this process even if it is killed. Raises DemoError.
    """
    import shutil
    import subprocess
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="anchor-tui-demo-"))
    command = [sys.executable, "-m", "anchor_tui", "sandbox", "serve", "--until-stdin-closes"]
    servers = subprocess.Popen(  # noqa: S603 - this package with fixed arguments
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
        message = servers.stderr.read().decode(errors="replace").strip().removeprefix("anchor-tui: ")
        raise DemoError(
            message or "the embedded servers ended at once without a message; try `anchor-tui sandbox serve`"
        )
    announcement = json.loads(line)
    environ = _clean_environment(os.environ) | {
        "ARGOCD_AUTH_TOKEN": announcement["argocd"]["token"],
        "GITHUB_TOKEN": announcement["github"]["token"],
        "STATUS_API_TOKEN": announcement["status_api"]["token"],
    }
    config = load_config(Path(announcement["config"]), environ, cwd=folder, read_only=read_only)
    return RuntimeContext(config, environ, folder, folder / "state")


def _clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without proxies, servers and tokens, and with this package on PYTHONPATH."""
    kept = {name: environ[name] for name in _DEMO_VARIABLES if name in environ}
    paths = [str(Path(__file__).parents[2]), *filter(None, [environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}
