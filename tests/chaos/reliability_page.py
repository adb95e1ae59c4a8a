"""The tables of `docs/reliability.md`: generated from the results of a campaign."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tests.chaos.cells import CellResult
from tests.chaos.faults import FAULTS, ChaosFault, ChaosSide
from tests.chaos.scaled_time import SCALE

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
ADDRESS = re.compile(r"https://(?:argocd|github)\.localhost:\d+")
TITLES: dict[ChaosSide, str] = {"argocd": "Argo CD", "github": "GitHub"}
UNAFFECTED = {"unaffected": "fresh", "transient": "stale for a moment, then fresh"}
PREFIXES = {"unaffected": "a change after ", "transient": "fresh after "}
SCALED_TIME = re.compile(r"\b(within|every|instead of) (\d+(?:\.\d+)?)\b")


def render_tables(results: Iterable[CellResult]) -> str:
    """Return one table for each side, in Markdown. The times are the longest of all cells with the fault."""
    found = list(results)
    shows = {id_: text for result in found if len(result.cell) == 1 for id_, text in result.shows.items()}
    parts = []
    for side, title in TITLES.items():
        rows = [_render_row(fault, shows.get(fault.id, ""), found) for fault in FAULTS if fault.side == side]
        head = ["| fault | | the screen shows | shown after | recovered after |", "|---|---|---|---|---|"]
        parts.append("\n".join([f"### {title}", "", *head, *rows]))
    return "\n\n".join(parts)


def _render_row(fault: ChaosFault, shown: str, results: list[CellResult]) -> str:
    text = UNAFFECTED.get(fault.effect) or f"`{_clean(shown)}`"
    noticed = [result.noticed_s[fault.id] for result in results if fault.id in result.noticed_s]
    recovered = [result.recovered_s[fault.id] for result in results if fault.id in result.recovered_s]
    when = PREFIXES.get(fault.effect, "") + _format_time(noticed)
    return f"| {fault.name} | {fault.meaning} | {text} | {when} | {_format_time(recovered)} |"


def _format_time(measured_s: list[float]) -> str:
    return f"{max(measured_s) / SCALE:.0f} s" if measured_s else "–"


def _clean(text: str) -> str:
    """Return a text of the screen with the usual times and without the port, for a cell of a table."""
    usual = SCALED_TIME.sub(lambda found: f"{found[1]} {float(found[2]) / SCALE:g}", text)
    return ADDRESS.sub("https://…", usual).replace("|", "\\|").replace("`", "'")


def write_tables(results: Iterable[CellResult]) -> None:
    """Replace the tables of the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{render_tables(results)}\n\n{END}{after}", encoding="utf-8")
