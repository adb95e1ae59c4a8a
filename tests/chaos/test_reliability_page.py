"""`docs/reliability.md` and the registry of faults."""

from __future__ import annotations

from tests.chaos.cells import CellResult
from tests.chaos.faults import FAULTS, FAULTS_BY_ID
from tests.chaos.reliability_page import PAGE, TITLES, render_tables


def test_the_page_lists_every_fault_of_each_side():
    text = PAGE.read_text(encoding="utf-8")
    for side, title in TITLES.items():
        section = text.partition(f"### {title}\n")[2].partition("###")[0]
        listed = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")][2:]
        assert listed == [fault.name for fault in FAULTS if fault.side == side]


def test_the_page_contains_no_fault_without_a_time():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert [row for row in rows if row.rstrip(" |").endswith("–")] == []


def test_a_table_shows_the_longest_times_at_usual_intervals():
    fault = FAULTS_BY_ID["argocd:refused"]
    single = CellResult((fault.id,), {fault.id: "stale · a|b within 0.75 s"}, {fault.id: 0.1}, {fault.id: 0.5})
    pair = CellResult((fault.id, "github:dns"), {}, {fault.id: 0.25}, {fault.id: 0.4})
    row = next(line for line in render_tables([single, pair]).splitlines() if line.startswith("| refused"))
    assert row == "| refused | connections are refused | `stale · a\\|b within 15 s` | 5 s | 10 s |"
