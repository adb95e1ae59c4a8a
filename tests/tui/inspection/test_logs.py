"""The Logs pane with fake logs: every key, every failure, bounded work."""

from __future__ import annotations

import gc

import pytest
from textual.widgets import Input

from anchor_tui.domain.inspection.log_view import LogView
from anchor_tui.domain.inspection.logs import LogBatch, LogFailure, LogLine, LogSelection, UnreadLogLine
from anchor_tui.domain.model import SourceFailure
from anchor_tui.domain.readings import Fresh
from anchor_tui.tui.inspection.log_field import LogField
from anchor_tui.tui.inspection.log_session import ALL_CONTAINERS, MAX_FOLLOWED_LOGS
from anchor_tui.tui.keys import LOG_KEYS
from anchor_tui.tui.screens.detail import DetailScreen
from tests.tui.inspection.panel_app import DEPLOYMENT, FakeInspector, at, open_logs, pod_manifest, pod_node
from tests.values import NOW

A, B = "gateway-7d9-abc", "gateway-7d9-xyz"
ERROR = LogLine('{"level":"error","msg":"upstream timed out","url":"http://db"}', A, at(1))
RESTARTED = {
    "name": "app",
    "restartCount": 2,
    "state": {"running": {"startedAt": "2026-11-23T06:30:00Z"}},
    "lastState": {"terminated": {"exitCode": 1, "finishedAt": at(-30).isoformat()}},
}


def info(text: str, seconds: float, pod: str = A) -> LogLine:
    return LogLine(text, pod, at(seconds))


def two_pods() -> FakeInspector:
    inspector = FakeInspector()
    inspector.nodes = (DEPLOYMENT, pod_node(A), pod_node(B))
    return inspector


def pods_of(inspector: FakeInspector) -> list[str]:
    return [selection.pod for selection in inspector.followed[-1]]


async def test_lines_of_all_pods_are_interleaved_with_names():
    async with open_logs(two_pods()) as ui:
        await ui.send(info("first", 0), info("third", 2))
        await ui.send(info("second", 1, B))
        rows = [row.split() for row in ui.text.splitlines()[1:4]]
        assert [row[-2:] for row in rows] == [["abc", "first"], ["xyz", "second"], ["abc", "third"]]
        assert "2 pods  app  following  3 lines" in ui.status


async def test_a_json_line_is_readable_and_enter_shows_it_whole():
    async with open_logs() as ui:
        await ui.send(ERROR)
        assert "ERROR upstream timed out url=http://db" in ui.text
        await ui.press("enter")
        assert isinstance(ui.app.screen, DetailScreen)
        await ui.wait_until(lambda: '"msg": "upstream timed out"' in ui.text)
        await ui.press("escape")
        assert not isinstance(ui.app.screen, DetailScreen)


async def test_escape_sequences_of_a_line_are_not_drawn():
    async with open_logs() as ui:
        await ui.send(info("\x1b[31mred\x1b[0m [bold]x[/]", 0))
        assert "red [bold]x[/]" in ui.text


async def test_the_newest_line_stays_in_view_while_following():
    async with open_logs(size=(80, 10)) as ui:
        await ui.send(*(info(f"line {number:03}", number) for number in range(100)))
        assert "line 099" in ui.text
        await ui.press("up", "up")
        assert "line 98 of 100" in ui.status
        await ui.send(info("line 100", 100))
        assert "line 097" in ui.text
        assert "line 100" not in ui.text
        await ui.press("f")
        assert "line 100" in ui.text
        await ui.press("home")
        assert "line 000" in ui.text


async def test_a_pause_holds_new_lines_back():
    async with open_logs() as ui:
        await ui.press("space")
        await ui.send(info("held", 0))
        assert "paused, 1 new line" in ui.status
        assert "held" not in ui.text
        await ui.press("space")
        assert "held" in ui.text


async def test_wrap_shows_the_end_of_a_long_line():
    async with open_logs(size=(40, 10)) as ui:
        await ui.send(info("start " + "x " * 40 + "end", 0))
        assert "end" not in ui.text
        await ui.press("w")
        assert "end" in ui.text


async def test_times_can_be_hidden():
    async with open_logs() as ui:
        await ui.send(info("text", 0))
        assert f"{at(0):%H:%M:%S}.000 text" in ui.text
        await ui.press("t")
        assert f"{at(0):%H:%M:%S}" not in ui.text


async def test_a_filter_selects_lines_and_escape_removes_it():
    async with open_logs() as ui:
        await ui.send(info("good", 0), info("bad thing", 1))
        await ui.press("slash", *"BAD".lower())
        assert "good" not in ui.text.partition("\n")[2]
        assert "1 of 2 match /bad/" in ui.status
        await ui.press("enter", "H")
        assert "good" in ui.text
        assert "highlights /bad/" in ui.status
        await ui.press("slash", "escape")
        assert "2 lines" in ui.status
        assert ui.app.focused is ui.panel.lines


async def test_an_invalid_pattern_is_explained():
    async with open_logs(size=(120, 24)) as ui:
        await ui.send(info("good", 0))
        await ui.press("slash", "left_parenthesis", "enter")
        assert "not a regular expression: missing )" in ui.status
        assert "good" in ui.text
        assert ui.panel.query(LogField)


async def test_a_filter_without_a_match_is_explained():
    async with open_logs() as ui:
        await ui.send(info("good", 0))
        await ui.press("slash", *"zz", "enter")
        assert "no line of 1 matches /zz/" in ui.text


async def test_e_jumps_to_the_last_error_and_then_upwards():
    async with open_logs() as ui:
        await ui.send(ERROR, info("fine", 2), info("FATAL: disk full", 3), info("fine", 4))
        await ui.press("e")
        assert ui.panel.lines.cursor_line == info("FATAL: disk full", 3)
        await ui.press("e")
        assert ui.panel.lines.cursor_line == ERROR
        await ui.press("e")
        assert "there is no error above this one" in ui.notifications


async def test_pods_are_chosen_one_after_the_other():
    async with open_logs(two_pods()) as ui:
        assert pods_of(ui.inspector) == [A, B]
        for expected in ([A], [B], [A, B]):
            count = len(ui.inspector.followed)
            await ui.press("n")
            await ui.wait_until(lambda count=count: len(ui.inspector.followed) > count)  # type: ignore[misc]
            assert pods_of(ui.inspector) == expected
        assert ui.inspector.open == 1


async def test_containers_are_chosen_one_after_the_other():
    inspector = FakeInspector()
    inspector.manifests[A] = pod_manifest(A, {"name": "app"}, {"name": "proxy"})
    async with open_logs(inspector) as ui:
        assert inspector.followed[-1][0].container == "app"
        await ui.press("i", "i")
        await ui.wait_until(lambda: inspector.followed[-1][0].container == "proxy")
        assert "proxy" in ui.status


async def test_all_containers_are_interleaved_with_their_names():
    inspector = FakeInspector()
    inspector.manifests[A] = pod_manifest(A, {"name": "app"}, {"name": "proxy"})
    async with open_logs(inspector, size=(110, 24)) as ui:
        await ui.press("i", "i", "i")
        await ui.wait_until(lambda: len(inspector.followed[-1]) == 2)
        assert [selection.origin for selection in inspector.followed[-1]] == [f"{A}/app", f"{A}/proxy"]
        assert "2 containers" in ui.status
        await ui.send(LogLine("first", A, at(0), "app"), LogLine("second", A, at(1), "proxy"))
        rows = ui.text.splitlines()
        assert any("app first" in row for row in rows)
        assert any("proxy second" in row for row in rows)
        await ui.press("i")
        await ui.wait_until(lambda: [selection.container for selection in inspector.followed[-1]] == ["app"])


async def test_the_number_of_followed_containers_is_bounded():
    inspector = FakeInspector()
    names = [f"container-{number:02}" for number in range(40)]
    inspector.manifests[A] = pod_manifest(A, *({"name": name} for name in names))
    async with open_logs(inspector) as ui:
        ui.panel.choice = ui.panel.choice._replace(container=ALL_CONTAINERS)
        await ui.wait_until(lambda: len(inspector.followed[-1]) > 1)
        assert len(inspector.followed[-1]) == MAX_FOLLOWED_LOGS
        assert "1 pod  40 containers  ! 24 of 40 logs" in ui.status


async def test_since_limits_the_age():
    async with open_logs() as ui:
        await ui.press("d")
        await ui.wait_until(lambda: ui.inspector.followed[-1][0].since_s == 300)
        assert "last 5 min" in ui.status


async def test_the_previous_process_is_shown_on_demand():
    inspector = FakeInspector()
    inspector.previous = Fresh((info("panic: before", 0),), NOW, NOW)
    async with open_logs(inspector) as ui:
        await ui.press("l")
        await ui.wait_until(lambda: "panic: before" in ui.text)
        assert inspector.read[-1][0].previous
        assert "previous process" in ui.status


async def test_the_log_before_a_recent_restart_comes_first():
    inspector = FakeInspector()
    inspector.manifests[A] = pod_manifest(A, RESTARTED)
    inspector.previous = Fresh((info("KeyError: 'URL'", -31),), NOW, NOW)
    async with open_logs(inspector, size=(110, 24)) as ui:
        await ui.send(info("starting", 0))
        rows = ui.text.splitlines()[1:4]
        assert "KeyError: 'URL'" in rows[0]
        assert "note above: the previous process of app (exit 1, 1 min ago)" in rows[1]
        assert "starting" in rows[2]
        assert inspector.after == {A: at(-31)}


async def test_another_selection_shows_other_pods():
    inspector = two_pods()
    async with open_logs(inspector) as ui:
        await ui.send(info("of all", 0))
        ui.panel.selected = pod_node(B)
        await ui.wait_until(lambda: pods_of(inspector) == [B])
        assert "of all" not in ui.text
        assert f"Pod/{B}" in ui.status


async def test_new_pods_are_followed_and_lines_stay(monkeypatch):
    monkeypatch.setattr("anchor_tui.tui.inspection.panel.InspectionPanel.poll_s", 0.2)
    async with open_logs() as ui:
        await ui.send(info("kept", 0))
        ui.inspector.nodes = two_pods().nodes
        await ui.wait_until(lambda: pods_of(ui.inspector) == [A, B])
        assert "kept" in ui.text
        assert ui.inspector.after[A] == at(0)


async def test_a_container_that_begins_to_fail_is_shown_instead(monkeypatch):
    monkeypatch.setattr("anchor_tui.tui.inspection.panel.InspectionPanel.poll_s", 0.2)
    inspector = FakeInspector()
    inspector.manifests[A] = pod_manifest(A, {"name": "main"}, {"name": "app"})
    async with open_logs(inspector, size=(110, 24)) as ui:
        await ui.send(info("of main", 10))
        inspector.nodes = (DEPLOYMENT, pod_node(A, restarts=2))
        inspector.manifests[A] = pod_manifest(A, {"name": "main"}, RESTARTED)
        inspector.previous = Fresh((info("KeyError: 'URL'", -31),), NOW, NOW)
        await ui.wait_until(lambda: inspector.followed[-1][0].container == "app")
        assert "KeyError: 'URL'" in ui.text
        assert "of main" in ui.text


async def test_hiding_the_panel_closes_the_connections():
    async with open_logs() as ui:
        ui.panel.deactivate()
        await ui.wait_until(lambda: ui.inspector.open == 0)


# --- failures -----------------------------------------------------------------------------------------


async def test_a_missing_right_is_named_and_other_lines_stay():
    async with open_logs(size=(120, 24)) as ui:
        error = SourceFailure("forbidden", "403: permission denied: logs, get, anchor-msp/prod")
        ui.inspector.feed.put_nowait(LogBatch(failures=(LogFailure(LogSelection(), error),)))
        await ui.wait_until(lambda: "the log cannot be read: 403: permission denied: logs, get" in ui.text)
        assert "logs, get" in ui.panel.note


async def test_a_refused_pod_stays_named_until_its_log_is_readable():
    async with open_logs(two_pods(), size=(120, 24)) as ui:
        error = SourceFailure("forbidden", "403: logs, get")
        ui.inspector.feed.put_nowait(LogBatch(failures=(LogFailure(LogSelection(pod=B), error),)))
        await ui.wait_until(lambda: ui.inspector.feed.qsize() == 0)
        await ui.send(info("fine", 0))
        assert "403: logs, get" in ui.status
        await ui.send(info("fine too", 1, B))
        assert "403" not in ui.status


async def test_a_readable_container_hides_no_failure_of_another():
    async with open_logs(size=(120, 24)) as ui:
        ui.panel.choice = ui.panel.choice._replace(container=ALL_CONTAINERS)
        await ui.wait_until(lambda: ui.inspector.followed[-1][0].names_container)
        refused = LogSelection(pod=A, container="proxy", names_container=True)
        error = SourceFailure("forbidden", "403: logs, get")
        ui.inspector.feed.put_nowait(LogBatch(failures=(LogFailure(refused, error),)))
        await ui.wait_until(lambda: ui.inspector.feed.qsize() == 0)
        await ui.send(LogLine("fine", A, at(0), "app"))
        assert "403: logs, get" in ui.status
        await ui.send(LogLine("fine too", A, at(1), "proxy"))
        assert "403" not in ui.status


async def test_a_lost_source_keeps_the_lines():
    async with open_logs(size=(120, 24)) as ui:
        await ui.send(info("kept", 0))
        ui.inspector.tree_error = SourceFailure("unreachable", "cannot connect")
        ui.panel.activate()
        await ui.wait_until(lambda: "stale: cannot connect" in ui.status)
        assert "kept" in ui.text


async def test_broken_json_is_shown_as_it_is():
    async with open_logs() as ui:
        await ui.send(info('{"broken": ', 0), info('["list"]', 1))
        assert '{"broken":' in ui.text
        assert '["list"]' in ui.text


async def test_an_unreadable_tree_is_explained():
    inspector = FakeInspector()
    inspector.tree_error = SourceFailure("unreachable", "cannot connect")
    async with open_logs(inspector, follows=False) as ui:
        assert "the pods cannot be read: cannot connect" in ui.text


async def test_a_resource_without_pods_is_explained():
    inspector = FakeInspector()
    inspector.nodes = (DEPLOYMENT,)
    async with open_logs(inspector) as ui:
        assert "does not have pods: select a workload or a pod" in ui.text


async def test_an_empty_log_is_explained_by_the_state():
    inspector = FakeInspector()
    waiting = {"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    inspector.manifests[A] = pod_manifest(A, waiting, phase="Pending")
    async with open_logs(inspector) as ui:
        assert f"no lines in the last 200: {A} waits: ImagePullBackOff" in ui.text


async def test_a_note_of_the_server_is_marked():
    async with open_logs() as ui:
        await ui.send(LogLine("container x is not valid for pod y"))
        assert "note container x is not valid for pod y" in ui.text


# --- save ---------------------------------------------------------------------------------------------


async def test_shown_lines_are_saved_to_a_new_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with open_logs() as ui:
        await ui.send(info("one \x1b[31m", 0), info("two", 1))
        await ui.press("slash", *"one", "enter", "S", "enter")
        await ui.wait_until(lambda: "Saved" in ui.notifications)
    (saved,) = tmp_path.iterdir()
    assert saved.name.startswith("anchor-msp-prod-")
    assert saved.read_text() == f"{at(0):%Y-%m-%dT%H:%M:%S}.000Z {A} one \n"


async def test_an_existing_file_is_not_overwritten(tmp_path):
    target = tmp_path / "x.log"
    target.write_text("mine")
    async with open_logs() as ui:
        await ui.send(info("one", 0))
        await ui.press("S")
        ui.panel.query_one("#log-path", Input).value = str(target)
        await ui.press("enter")
        await ui.wait_until(lambda: "exists and is not overwritten" in ui.notifications)
    assert target.read_text() == "mine"


@pytest.mark.parametrize("path", ["/nowhere/x.log", "/dev/full/x", "~nobody-here/x.log"])
async def test_a_path_that_cannot_be_written_is_explained(path):
    async with open_logs() as ui:
        await ui.send(info("one", 0))
        await ui.press("S")
        ui.panel.query_one("#log-path", Input).value = path
        await ui.press("enter")
        await ui.wait_until(lambda: "choose another path" in ui.notifications)


# --- bounds -------------------------------------------------------------------------------------------


async def test_a_flood_is_bounded_and_drawn_once_per_batch():
    async with open_logs() as ui:
        before = ui.panel.lines.redraws
        for batch in range(20):
            lines = [info(f"line {number}", batch + number / 10_000) for number in range(4_000)]
            ui.inspector.feed.put_nowait(LogBatch(tuple(lines), dropped=1_000))
        await ui.wait_until(lambda: ui.panel.view.dropped == 20_000)
        await ui.pilot.pause()
        assert len(ui.panel.view) == 20_000
        assert ui.panel.view.removed == 60_000
        assert ui.panel.lines.redraws - before <= 21
        assert "20,000 dropped: too fast" in ui.text


async def test_only_the_lines_on_the_screen_are_decoded():
    decoded: list[bytes] = []

    def decode(raw: bytes) -> str:
        decoded.append(raw)
        return raw.decode()

    async with open_logs(size=(80, 24)) as ui:
        for batch in range(10):
            lines = [
                UnreadLogLine(f"line {batch}-{number}".encode(), decode, "gateway-7d9-abc", at(batch + number / 10_000))
                for number in range(5_000)
            ]
            ui.inspector.feed.put_nowait(LogBatch(tuple(lines)))
        await ui.wait_until(lambda: ui.panel.view.removed == 30_000)
        await ui.wait_until(lambda: "line 9-4999" in ui.text)
        assert len(decoded) <= 3 * 24 * (ui.panel.lines.redraws + 1)


async def test_a_filter_finds_a_line_that_was_not_decoded():
    async with open_logs() as ui:
        lines = [UnreadLogLine(text.encode(), bytes.decode, "gateway-7d9-abc", at(0)) for text in ("one", "two")]
        ui.inspector.feed.put_nowait(LogBatch(tuple(lines)))
        await ui.wait_until(lambda: "two" in ui.text)
        await ui.press("slash", *"one")
        await ui.wait_until(lambda: "two" not in ui.text and "one" in ui.text)


def test_the_garbage_collector_does_not_track_lines():
    found = LogView()
    found.add([UnreadLogLine(b"x", bytes.decode, "a", at(0)), LogLine("y", "a", at(1))])
    assert not any(gc.is_tracked(value) for kept in found.shown for value in (kept, kept.line))


def test_every_log_key_has_an_action():
    from anchor_tui.tui.inspection.logs import LogPanel

    for action in LOG_KEYS:
        assert hasattr(LogPanel, f"action_{action.call}")
