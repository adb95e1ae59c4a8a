"""Run commands in this process, on a sandbox; and golden texts without values that change."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import pytest

from anchor_tui.__main__ import run_command_line
from anchor_tui.cli import actions
from tests.services.sandbox_operator import QUICK_TIMEOUTS, Operator

Command = Callable[..., tuple[int, str, str]]


def make_commander(op: Operator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs a command as this operator, with short timeouts."""
    for name, value in {**op.environ, "ANCHOR_TUI_STATE": str(op.folder / "state"), **_config_of(op)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.chdir(op.folder)
    timeouts_of = actions._timeouts_of
    monkeypatch.setattr(
        actions,
        "_timeouts_of",
        lambda arguments: dataclasses.replace(
            timeouts_of(arguments),
            argocd_poll_s=QUICK_TIMEOUTS.argocd_poll_s,
            github_poll_s=QUICK_TIMEOUTS.github_poll_s,
            settle_s=QUICK_TIMEOUTS.settle_s,
            degraded_s=QUICK_TIMEOUTS.degraded_s,
        ),
    )

    def command(*argv: str) -> tuple[int, str, str]:
        capfd.readouterr()
        try:
            code = run_command_line(list(argv))
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return command


def _config_of(op: Operator) -> dict[str, str]:
    return {"ANCHOR_TUI_CONFIG": str(op.folder / "anchor-tui.toml")}


def mask_changing_values(text: str) -> str:
    """Replace commits, times, durations, ids and ports, which differ in every run."""
    text = re.sub(r"\b[0-9a-f]{40}\b", "<commit>", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "<request>", text)
    text = re.sub(r"(?<![:\w.])[0-9a-f]{7}\b(?!\.)", "<short>", text)
    text = re.sub(r"\b\d+ (s|min|h|d)\b", "<span>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "<minute>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z", "<moment>", text)
    return re.sub(r"127\.0\.0\.1:\d+", "<address>", text)
