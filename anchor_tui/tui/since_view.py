"""Sync and health of an application with the time since when it is so."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from anchor_tui.domain.model import Application
from anchor_tui.domain.since import Since, format_since, format_since_briefly, get_health_since, get_sync_since
from anchor_tui.domain.status_marks import StatusMark, get_health_mark, get_sync_mark
from anchor_tui.tui.style import marked_text


def draw_sync(application: Application, now: datetime) -> Content:
    """Draw the sync status, and since when it is out of sync if that is recorded."""
    return _draw(get_sync_mark(application), get_sync_since(application), now)


def draw_health(application: Application, now: datetime) -> Content:
    """Draw the health, and since when it has it."""
    return _draw(get_health_mark(application), get_health_since(application), now)


def list_since(application: Application, now: datetime) -> list[str]:
    """Return since when an application is not healthy, and since when it is out of sync, as sentences."""
    health, sync = get_health_since(application), get_sync_since(application)
    is_wrong = application.health not in {"Healthy", None}
    return [
        *([f"{application.health} {format_since(health, now)}"] if health is not None and is_wrong else []),
        *([f"{application.sync} {format_since(sync, now)}"] if sync is not None else []),
    ]


def _draw(marked_word: tuple[StatusMark, str], since: Since | None, now: datetime) -> Content:
    mark, word = marked_word
    return marked_text(mark, f"{word} {format_since_briefly(since, now)}" if since is not None else word)
