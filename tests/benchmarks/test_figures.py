"""The table, the page and the emulator of the benchmarks."""

from __future__ import annotations

import pytest

from tests.benchmarks.figures import Figure, Results, Settings, divide_pairs, format_table
from tests.benchmarks.idle import compare_slopes, fit_slope
from tests.benchmarks.report import write_page
from tests.benchmarks.terminal_screen import TerminalScreen

MET = Figure("start", "first frame", "ms", 90.0, 80.0, 120.0, 3, at_most=100.0)
MISSED = Figure("start", "complete list", "×", 1.8, 1.7, 1.9, 3, at_most=1.3)


def test_a_figure_is_the_median_with_its_spread(capsys: pytest.CaptureFixture[str]) -> None:
    results = Results(Settings(), subject="start")
    results.add("first frame", "ms", [120.0, 80.0, 90.0], at_most=100.0)
    assert results.figures == [MET]
    assert "80.0–120" in capsys.readouterr().err


def test_a_ratio_compares_the_values_of_one_round() -> None:
    assert divide_pairs([10.0, 40.0], [10.0, 20.0]) == [1.0, 2.0]


def test_a_missed_target_stays_in_the_table() -> None:
    table = format_table([MET, MISSED])
    assert "complete list" in table
    assert "≤ 1.30    NO" in table
    assert table.endswith("1 of 2 targets are met.")


def test_a_figure_without_a_value_has_a_reason() -> None:
    table = format_table([Figure("snapshot", "against argocd", "×", None, at_most=2.0, note="argocd not installed")])
    assert "argocd not installed" in table
    assert table.endswith("0 of 0 targets are met.")


def test_the_page_lists_missed_targets_and_the_notes() -> None:
    document = {
        "made_at": "2026-11-30T12:00:00+00:00",
        "machine": {"cores": "2"},
        "settings": {"runs": 3},
        "figures": [figure.to_json() for figure in (MET, MISSED)],
    }
    page = write_page(document, "## Profiles of missed targets\n\nThe import of the screen.")
    assert "| complete list | 1.80 × | 1.70–1.90 | ≤ 1.30 | **no** |  |" in page
    assert "- complete list: 1.80 ×, target at most 1.30" in page
    assert page.endswith("The import of the screen.\n")


def test_linear_growth_has_equal_slopes() -> None:
    values = {12: 10.0, 1_000: 100.0, 5_000: 500.0, 20_000: 2_000.0}
    assert compare_slopes(values) == pytest.approx(1.0)
    assert fit_slope({0: 1.0, 10: 21.0}) == pytest.approx(2.0)


def test_growth_that_rises_has_a_larger_last_slope() -> None:
    assert compare_slopes({1_000: 1.0, 5_000: 25.0, 20_000: 400.0}) == pytest.approx(25 / 6)
    assert compare_slopes({1: 2.0, 2: 1.0, 3: 5.0}) is None


def test_the_emulator_shows_text_at_its_place() -> None:
    screen = TerminalScreen(10, 3)
    screen.feed(b"\x1b[2;3H\x1b[1;38;2;1;2;3mabc\x1b[0m\x1b[3;9Hxyz")
    assert screen.lines == [" " * 10, "  abc     ", " " * 8 + "xy"]


def test_the_emulator_joins_sequences_that_are_cut() -> None:
    screen = TerminalScreen(10, 2)
    for byte in "\x1b[2;1H▌one\x1b]22;default\x07!".encode():
        screen.feed(bytes([byte]))
    assert screen.highlighted_line.strip() == "one!"


def test_the_emulator_answers_the_query_for_synchronised_output() -> None:
    screen = TerminalScreen()
    screen.feed(b"\x1b[?2026$p")
    assert screen.replies == [b"\x1b[?2026;2$y"]
