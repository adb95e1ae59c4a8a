"""Log lines made readable: level, message and the other fields of a JSON line."""

from __future__ import annotations

import json
from typing import Literal, NamedTuple, TypeAlias

from anchor_tui.domain.json_access import JsonMapping, get_text

LogLevel: TypeAlias = Literal["error", "warning", "info", "debug", ""]

LEVEL_KEYS = ("level", "severity", "lvl", "levelname", "log.level")
MESSAGE_KEYS = ("msg", "message", "event", "text")
_TIME_KEYS = frozenset({"time", "ts", "timestamp", "@timestamp", "asctime"})
ERROR_LEVELS = frozenset({"error", "err", "fatal", "critical", "panic", "alert", "emergency"})
_WARNING_LEVELS = frozenset({"warning", "warn", "notice"})
_DEBUG_LEVELS = frozenset({"debug", "trace", "verbose"})
_MAX_PARSED = 64 * 1024
"""A longer line is shown as it is."""


class ReadableLine(NamedTuple):
    """A line in parts. `details` are the other fields, as `name=value`; a line that is not JSON is a message only."""

    level: LogLevel
    level_text: str
    message: str
    details: str = ""


def parse_log_fields(text: str) -> JsonMapping | None:
    """Return the fields of a JSON line; None for any other line."""
    if not text.lstrip().startswith("{") or len(text) > _MAX_PARSED:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def make_readable(text: str) -> ReadableLine:
    """Return the parts of a line. The time of a JSON line is left out: the cluster adds its own."""
    fields = parse_log_fields(text)
    if fields is None:
        return ReadableLine("", "", text)
    level_key = next((key for key in LEVEL_KEYS if get_text(fields, key)), "")
    message_key = next((key for key in MESSAGE_KEYS if get_text(fields, key)), "")
    level_text = get_text(fields, level_key)
    details = " ".join(
        f"{name}={_format_value(value)}"
        for name, value in fields.items()
        if name not in {level_key, message_key} and name.lower() not in _TIME_KEYS
    )
    return ReadableLine(_classify_level(level_text), level_text, get_text(fields, message_key), details)


def format_whole_line(text: str) -> str:
    """Return a JSON line as indented JSON, and any other line as it is."""
    fields = parse_log_fields(text)
    return text if fields is None else json.dumps(fields, indent=2, ensure_ascii=False)


def _classify_level(text: str) -> LogLevel:
    lower = text.lower()
    if lower in ERROR_LEVELS:
        return "error"
    if lower in _WARNING_LEVELS:
        return "warning"
    if lower in _DEBUG_LEVELS:
        return "debug"
    return "info" if lower else ""


def _format_value(value: object) -> str:
    if isinstance(value, str):
        return value if value and " " not in value else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
