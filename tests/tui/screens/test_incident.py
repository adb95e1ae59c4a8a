"""Incidents on the screen: start, mark, notes, end, and the screen of the running one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from anchor_tui.domain.history.incidents import Incident, IncidentEntry
from anchor_tui.domain.status_marks import StatusMark
from anchor_tui.services.history.database import HistoryError
from anchor_tui.services.history.incident_desk import UnavailableIncidents
from anchor_tui.tui.screens.application import ApplicationScreen
from anchor_tui.tui.screens.end_incident import EndIncidentDialog
from anchor_tui.tui.screens.environment import EnvironmentScreen
from anchor_tui.tui.screens.fleet import FleetScreen
from anchor_tui.tui.screens.incident import MAX_IMPACT_LINES, READ_EVERY, IncidentScreen
from anchor_tui.tui.screens.line_dialog import LineDialog
from tests.cli.output.hostile_values import TOKEN
from tests.cli.sample_incident import make_report
from tests.tui.harness import AppHarness, FakeBackend, open_app
from tests.tui.sample_readings import EXPLAINED, HEALTHY
from tests.values import NOW, config, replace

STARTED = NOW - timedelta(minutes=14)
RUNNING = Incident(12, "gateway is down", STARTED, "kim@laptop")
SIZES = [(80, 24), (120, 40)]


@asynccontextmanager
async def open_fleet(
    size: tuple[int, int] = (110, 32), *, running: Incident | None = None, **options: Any
) -> AsyncIterator[AppHarness]:
    """Open the fleet, with an incident that is running."""
    backend = FakeBackend()
    report = make_report()
    shift = RUNNING.started_at - report.incident.started_at
    timeline = tuple(replace(entry, at=entry.at + shift) for entry in report.facts.timeline if entry.kind != "gap")
    backend.incidents.facts = replace(report.facts, timeline=timeline)
    backend.incidents.running = running
    async with open_app(size, backend=backend, environment="prod", **options) as ui:
        await ui.show(EXPLAINED)
        await ui.wait_until(lambda: ui.app.incident is not None)
        await ui.pilot.pause()
        yield ui


async def open_screen(ui: AppHarness) -> IncidentScreen:
    """Press i and wait for the screen with its rows."""
    await ui.press("i")
    await ui.wait_until(lambda: isinstance(ui.app.screen, IncidentScreen) and "incident started" in ui.text)
    assert isinstance(ui.app.screen, IncidentScreen)
    return ui.app.screen


@pytest.mark.parametrize("size", SIZES)
async def test_picture_of_the_fleet_during_an_incident(size, picture):
    async with open_fleet(size, running=RUNNING) as ui:
        assert ui.picture() == picture


@pytest.mark.parametrize("size", SIZES)
async def test_picture_of_the_incident(size, picture):
    async with open_fleet(size, running=RUNNING) as ui:
        await open_screen(ui)
        assert ui.picture() == picture


async def test_picture_of_the_start_dialog(picture):
    async with open_fleet((80, 24)) as ui:
        await ui.press("i")
        await ui.wait_until(lambda: isinstance(ui.app.screen, LineDialog))
        assert ui.picture() == picture


async def test_picture_of_the_end_dialog(picture):
    async with open_fleet((80, 24), running=RUNNING) as ui:
        await open_screen(ui)
        await ui.press("i")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EndIncidentDialog))
        assert ui.picture() == picture


# --- start and mark ----------------------------------------------------------------------------------


async def test_enter_starts_an_incident_with_its_title():
    async with open_fleet() as ui:
        await ui.press("i", *"down", "enter")
        await ui.wait_until(lambda: "INCIDENT 12 · 0 s" in ui.text)
        assert ui.backend.incidents.running == Incident(12, "down", NOW, "kim@laptop")
        assert "Incident 12 has started" in ui.notifications


async def test_escape_starts_nothing():
    async with open_fleet() as ui:
        await ui.press("i", "x", "escape")
        assert ui.backend.incidents.running is None
        assert isinstance(ui.app.screen, FleetScreen)


async def test_a_failed_start_keeps_the_title():
    async with open_fleet() as ui:
        ui.backend.incidents.failure = HistoryError("cannot write the history h: the disk is full")
        await ui.press("i", *"down", "enter")
        await ui.wait_until(lambda: "has not started" in ui.notifications)
        assert "the disk is full; try again" in ui.notifications
        await ui.wait_until(lambda: isinstance(ui.app.screen, LineDialog) and "down" in ui.text)


async def test_a_start_joins_the_incident_of_another_process():
    async with open_fleet() as ui:
        ui.backend.incidents.running = replace(RUNNING, started_by="lee@desk")
        await ui.press("i", "enter")
        await ui.wait_until(lambda: "INCIDENT 12 · 14 min" in ui.text)
        assert "Incident 12 of lee@desk" in ui.notifications


async def test_the_incident_of_another_process_appears_and_ends():
    async with open_fleet() as ui:
        ui.backend.incidents.running = RUNNING
        ui.backend.incidents.publish()
        await ui.wait_until(lambda: "INCIDENT 12 · 14 min" in ui.text)
        ui.backend.incidents.running = None
        ui.backend.incidents.publish()
        await ui.wait_until(lambda: "INCIDENT" not in ui.text)


@pytest.mark.parametrize("size", [(80, 24), (110, 32), (120, 40)])
async def test_the_mark_takes_no_line(size):
    async with open_fleet(size) as ui:
        before = ui.text.splitlines()
        ui.backend.incidents.running = RUNNING
        ui.backend.incidents.publish()
        await ui.wait_until(lambda: "INCIDENT 12" in ui.text.splitlines()[0])
        after = ui.text.splitlines()
        changed = [place for place, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        assert set(changed) <= {0, 1}


async def test_the_mark_is_beside_read_only():
    async with open_fleet((80, 24), running=RUNNING, config=config(read_only=True)) as ui:
        assert "READ-ONLY   INCIDENT 12 · 14 min" in ui.text.splitlines()[0]


@pytest.mark.parametrize(("key", "kind"), [("enter", ApplicationScreen), ("e", EnvironmentScreen)])
async def test_other_screens_show_the_mark_and_have_the_key(key, kind):
    async with open_fleet((80, 24), running=RUNNING) as ui:
        await ui.press(key)
        await ui.wait_until(lambda: isinstance(ui.app.screen, kind) and "INCIDENT 12" in ui.text.splitlines()[0])
        await open_screen(ui)


async def test_the_environment_screen_loses_no_line_to_the_mark():
    async with open_fleet((80, 24)) as ui:
        await ui.press("e")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EnvironmentScreen) and "Releases" in ui.text)
        before = ui.text.splitlines()
        ui.backend.incidents.running = RUNNING
        ui.backend.incidents.publish()
        await ui.wait_until(lambda: "INCIDENT 12" in ui.text.splitlines()[0])
        ui.time += timedelta(seconds=1)
        ui.app._tick()
        await ui.pilot.pause()
        tabs = next(place for place, line in enumerate(before) if "Releases" in line)
        assert "Releases" in ui.text.splitlines()[tabs]


async def test_without_a_history_the_reason_is_shown():
    backend = FakeBackend()
    backend.incidents = UnavailableIncidents("incidents are part of the history, which is off")  # type: ignore[assignment]
    async with open_app(backend=backend) as ui:
        await ui.show(HEALTHY)
        await ui.press("i")
        assert "which is off" in ui.notifications
        assert isinstance(ui.app.screen, FleetScreen)


# --- the screen --------------------------------------------------------------------------------------


async def test_a_note_is_stored_and_shown():
    async with open_fleet(running=RUNNING) as ui:
        await open_screen(ui)
        await ui.press("n", *"pods", "space", *"restart", "enter")
        await ui.wait_until(lambda: bool(ui.backend.incidents.notes))
        assert ui.backend.incidents.notes[0].text == "pods restart"
        ui.time += READ_EVERY
        ui.app._tick()
        await ui.wait_until(lambda: "note: pods restart" in ui.text)


async def test_an_empty_note_is_not_stored():
    async with open_fleet(running=RUNNING) as ui:
        await open_screen(ui)
        await ui.press("n", "space", "enter")
        assert isinstance(ui.app.screen, LineDialog)
        assert ui.backend.incidents.notes == []


async def test_a_failed_note_keeps_its_text():
    async with open_fleet(running=RUNNING) as ui:
        await open_screen(ui)
        ui.backend.incidents.failure = HistoryError("cannot write the history h: it is read-only")
        await ui.press("n", *"words", "enter")
        await ui.wait_until(lambda: "the note is not stored" in ui.notifications)
        await ui.wait_until(lambda: isinstance(ui.app.screen, LineDialog) and "words" in ui.text)


async def test_a_token_in_a_note_is_masked_at_once():
    async with open_fleet(running=RUNNING) as ui:
        await open_screen(ui)
        await ui.press("n")
        await ui.wait_until(lambda: isinstance(ui.app.screen, LineDialog))
        ui.app.screen.query_one("#line").value = TOKEN
        await ui.pilot.pause()
        assert TOKEN not in ui.text


async def test_ending_asks_first():
    async with open_fleet(running=RUNNING) as ui:
        await open_screen(ui)
        await ui.press("i", "enter")
        assert isinstance(ui.app.screen, IncidentScreen)
        assert ui.backend.incidents.running.is_running
        await ui.press("i", "y")
        await ui.wait_until(lambda: not ui.backend.incidents.running.is_running)
        assert "`anchor-tui incident 12` prints the hand-over" in ui.notifications


async def test_an_ended_incident_cannot_be_ended_again():
    async with open_fleet(running=RUNNING) as ui:
        await open_screen(ui)
        await ui.press("i", "y")
        ui.time += READ_EVERY
        ui.app._tick()
        await ui.wait_until(lambda: "ended after 14 min" in ui.text)
        await ui.press("i")
        assert "it has ended" in ui.notifications
        assert "i End" not in ui.text.splitlines()[-1]


async def test_every_pane_shows_its_rows():
    async with open_fleet((120, 40), running=RUNNING) as ui:
        await open_screen(ui)
        for words in ("no notes: n takes one", "Roll back prod to 1.43.1: done", "#233 merged", "#200 is open: Bump"):
            await ui.press("tab")
            await ui.wait_until(lambda words=words: words in ui.text)  # type: ignore[misc]


@pytest.mark.parametrize("mark", ["failing", "unknown", "attention", "progress", "ok", "none"])
async def test_a_row_is_its_mark_and_the_whole_text(mark):
    async with open_fleet((120, 40), running=RUNNING) as ui:
        facts = ui.backend.incidents.facts
        entry = IncidentEntry(NOW, "action", "Sync prod: ended", mark, "prod", actor="kim")
        ui.backend.incidents.facts = replace(facts, timeline=(entry,))
        await open_screen(ui)
        glyph = "" if mark == "none" else f"{StatusMark[mark.upper()].glyph()} "
        assert f"prod  {glyph}action: Sync prod: ended, by kim" in ui.text


async def test_the_screen_reads_again_after_a_change():
    async with open_fleet(running=RUNNING) as ui:
        await open_screen(ui)
        count = ui.backend.incidents.read_count
        ui.time += timedelta(seconds=3)
        ui.app._tick()
        await ui.pilot.pause()
        assert ui.backend.incidents.read_count == count
        ui.backend.incidents.publish()
        await ui.wait_until(lambda: ui.app.incident.version == 2)
        ui.time += timedelta(seconds=1)
        ui.app._tick()
        await ui.wait_until(lambda: ui.backend.incidents.read_count == count + 1)


async def test_a_failed_reading_keeps_the_rows_and_is_shown():
    async with open_fleet(running=RUNNING) as ui:
        await open_screen(ui)
        ui.backend.incidents.failure = HistoryError("cannot read the history h: it is damaged")
        ui.time += READ_EVERY
        ui.app._tick()
        await ui.wait_until(lambda: "it is damaged" in ui.text)
        assert "incident started" in ui.text


async def test_many_environments_are_counted():
    async with open_fleet(running=RUNNING) as ui:
        (first, *_) = ui.backend.incidents.facts.impact
        many = tuple(replace(first, environment=f"env-{number}") for number in range(MAX_IMPACT_LINES + 3))
        ui.backend.incidents.facts = replace(ui.backend.incidents.facts, impact=many)
        await open_screen(ui)
        assert "(+3 more)" in ui.text


async def test_escape_returns():
    async with open_fleet(running=RUNNING) as ui:
        await open_screen(ui)
        await ui.press("escape")
        assert isinstance(ui.app.screen, FleetScreen)


async def test_the_help_names_the_keys():
    async with open_fleet(running=RUNNING) as ui:
        await open_screen(ui)
        await ui.press("question_mark")
        assert "End the incident; asks first" in ui.text
        assert "Write a note" in ui.text


async def test_a_configured_key_opens_and_ends():
    async with open_fleet(running=RUNNING, config=config(keys={"incident": "f9", "incident-note": "f8"})) as ui:
        await ui.press("f9")
        await ui.wait_until(lambda: isinstance(ui.app.screen, IncidentScreen))
        await ui.press("f8")
        await ui.wait_until(lambda: isinstance(ui.app.screen, LineDialog))
        await ui.press("escape", "f9")
        await ui.wait_until(lambda: isinstance(ui.app.screen, EndIncidentDialog))
