"""The figures of a run: each is a line of the table and of the JSON, with its spread and its target."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured value: the median of its samples, with the smallest and the largest.

    `at_most` is the target; None if the figure only informs.
    """

    subject: str
    name: str
    unit: str
    value: float | None
    low: float | None = None
    high: float | None = None
    samples: int = 1
    at_most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """True if the target is met; None without a target or without a value."""
        return None if self.at_most is None or self.value is None else self.value <= self.at_most

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True)
class Settings:
    """The sizes, the number of rounds and the times of a run, in seconds."""

    runs: int = 9
    sizes: tuple[int, ...] = (12, 1_000, 5_000)
    large: int = 20_000
    idle_s: float = 60.0
    settle_s: float = 20.0
    storm_s: float = 20.0
    keys: int = 200
    caches: tuple[str, ...] = ("warm", "cold")

    @property
    def all_sizes(self) -> tuple[int, ...]:
        return (*self.sizes, self.large)


QUICK = Settings(runs=2, sizes=(12, 200), large=1_000, idle_s=5.0, settle_s=3.0, storm_s=4.0, keys=20)
"""Settings that show in some minutes that everything works. Their figures mean little."""


@dataclass
class Results:
    """Collects the figures of all subjects and prints each one as it comes."""

    settings: Settings
    figures: list[Figure] = field(default_factory=list)
    subject: str = ""

    def add(
        self,
        name: str,
        unit: str,
        samples: Sequence[float],
        *,
        at_most: float | None = None,
        note: str = "",
    ) -> float:
        """Add the median of the samples, and return it."""
        value = statistics.median(samples)
        figure = Figure(self.subject, name, unit, value, min(samples), max(samples), len(samples), at_most, note)
        self._append(figure)
        return value

    def add_missing(self, name: str, unit: str, note: str, at_most: float | None = None) -> None:
        """Add a figure that could not be measured, with the reason."""
        self._append(Figure(self.subject, name, unit, None, samples=0, at_most=at_most, note=note))

    @contextmanager
    def report_failure(self, name: str) -> Iterator[None]:
        """Add a figure without a value if the block fails, so that the others are measured."""
        try:
            yield
        except (TimeoutError, RuntimeError) as error:
            print(error, file=sys.stderr)
            self.add_missing(f"{name}: not measured to the end", "", str(error).splitlines()[0])

    def _append(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(f"  {format_figure(figure)}", file=sys.stderr, flush=True)


def divide_pairs(values: Sequence[float], by: Sequence[float]) -> list[float]:
    """Return the ratio of each round: both values of a round were measured one right after the other."""
    return [value / other for value, other in zip(values, by, strict=True)]


def format_number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def format_spread(figure: Figure) -> str:
    if figure.low is None or figure.high is None or figure.samples < 2:
        return ""
    return f"{format_number(figure.low)}–{format_number(figure.high)}"


def format_target(figure: Figure) -> str:
    return "" if figure.at_most is None else f"≤ {format_number(figure.at_most)}"


def format_met(figure: Figure) -> str:
    return {True: "yes", False: "NO", None: ""}[figure.met]


def format_figure(figure: Figure) -> str:
    cells = (
        f"{figure.name:<70}",
        f"{format_number(figure.value):>8} {figure.unit:<7}",
        f"{format_spread(figure):<16}",
        f"{format_target(figure):<9}",
        f"{format_met(figure):<3}",
        figure.note,
    )
    return " ".join(cells).rstrip()


def format_table(figures: Sequence[Figure]) -> str:
    lines = []
    for place, figure in enumerate(figures):
        if place == 0 or figures[place - 1].subject != figure.subject:
            lines.append(f"\n{figure.subject}")
        lines.append(f"  {format_figure(figure)}")
    missed = [figure for figure in figures if figure.met is False]
    with_target = [figure for figure in figures if figure.met is not None]
    lines.append(f"\n{len(with_target) - len(missed)} of {len(with_target)} targets are met.")
    return "\n".join(lines).lstrip("\n")
