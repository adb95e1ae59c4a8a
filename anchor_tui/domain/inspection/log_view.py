"""The log lines that are kept, those of them that are shown, and the pattern that selects or highlights them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

import msgspec

from anchor_tui.domain.foreign_text import shorten_text
from anchor_tui.domain.inspection.logs import AnyLogLine, LogLine, format_origin

MAX_LINES = 20_000
MAX_BYTES = 16 * 1024 * 1024
MAX_LINE_CHARACTERS = 256 * 1024
"""The part of one line that is kept."""
MAX_SEARCHED = 4_096
"""The part of one line that a pattern searches."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class KeptLine(msgspec.Struct, eq=False, gc=False):
    """A line with its place: lines are ordered by time, and one without a time stays behind its predecessor."""

    line: AnyLogLine
    order: datetime
    size: int
    is_shown: bool = True


class LogView:
    """Lines bounded by their number and their bytes: the oldest are removed. `shown` are those that the filter selects.

    Lines of several pods arrive in pieces; each one is put where its time belongs.
    """

    def __init__(self, max_lines: int = MAX_LINES, max_bytes: int = MAX_BYTES) -> None:
        self.shown: list[KeptLine] = []
        self.dropped = 0
        """Lines that were dropped because they came too fast."""
        self.removed = 0
        """Lines that were removed because there were too many."""
        self.pattern: re.Pattern[str] | None = None
        self.hides_others = True
        """True if only lines that match the pattern are shown."""
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self._kept: list[KeptLine] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, lines: Iterable[AnyLogLine]) -> None:
        """Add lines where their times belong, and remove the oldest if there are too many."""
        new = self._place(lines)
        if not new:
            return
        if self._kept and new[0].order < self._kept[-1].order:
            start = bisect_right(self._kept, new[0].order, key=lambda kept: kept.order)
            later = self._kept[start:]
            del self._kept[start:]
            if shown := sum(kept.is_shown for kept in later):
                del self.shown[-shown:]
            new = sorted([*later, *new], key=lambda kept: kept.order)
        self._kept += new
        self.shown += [kept for kept in new if kept.is_shown]
        self._remove_oldest()

    def set_pattern(self, pattern: re.Pattern[str] | None, *, hides_others: bool) -> None:
        """Choose the lines that are shown."""
        self.pattern, self.hides_others = pattern, hides_others
        for kept in self._kept:
            kept.is_shown = self._matches(kept.line)
        self.shown = [kept for kept in self._kept if kept.is_shown]

    def clear(self) -> None:
        """Remove every line."""
        self._kept, self.shown, self._size, self.dropped, self.removed = [], [], 0, 0, 0

    def find_last(self, is_wanted: Callable[[str], bool], before: int | None = None) -> int | None:
        """Return the place of the last shown line that is wanted, before a place; None if there is none."""
        end = len(self.shown) if before is None else before
        return next((place for place in reversed(range(end)) if is_wanted(self.shown[place].line.text)), None)

    def get_last_times(self) -> dict[str, datetime]:
        """Return the time of the last line of each log, by its origin."""
        lines = (kept.line for kept in self._kept)
        return {format_origin(line.pod, line.container): line.at for line in lines if line.pod and line.at is not None}

    def _place(self, lines: Iterable[AnyLogLine]) -> list[KeptLine]:
        order = self._kept[-1].order if self._kept else _NEVER
        placed = []
        for line in lines:
            found = line
            size = line.size
            if size > MAX_LINE_CHARACTERS:
                found = LogLine(shorten_text(line.text, MAX_LINE_CHARACTERS), line.pod, line.at, line.container)
                size = found.size
            order = found.at or order
            self._size += size
            placed.append(KeptLine(found, order, size, self._matches(found)))
        placed.sort(key=lambda kept: kept.order)
        return placed

    def _matches(self, line: AnyLogLine) -> bool:
        if self.pattern is None or not self.hides_others:
            return True
        return self.pattern.search(line.text, 0, MAX_SEARCHED) is not None

    def _remove_oldest(self) -> None:
        excess = max(0, len(self._kept) - self._max_lines)
        size = self._size - sum(kept.size for kept in self._kept[:excess])
        while size > self._max_bytes and excess < len(self._kept) - 1:
            size -= self._kept[excess].size
            excess += 1
        if excess:
            hidden = sum(not kept.is_shown for kept in self._kept[:excess])
            del self._kept[:excess]
            del self.shown[: excess - hidden]
            self._size = size
            self.removed += excess


def compile_pattern(text: str) -> re.Pattern[str] | str:
    """Return the pattern of a filter, or an explanation why it is invalid. Without capitals it ignores the case."""
    try:
        pattern = re.compile(text, 0 if any(map(str.isupper, text)) else re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        return f"not a regular expression: {error}"
    if _has_nested_repeats(pattern):
        return "a repetition inside of a repetition can take very long: write it without one"
    return pattern


def _has_nested_repeats(pattern: re.Pattern[str]) -> bool:
    """Return True for a pattern such as `(a+)+`, which can take exponential time and cannot be interrupted."""
    from re import _parser  # type: ignore[attr-defined]  # the structure of a pattern is not public

    unlimited = {_parser.MAX_REPEAT, _parser.MIN_REPEAT}

    def walk(items: Any, is_repeated: bool) -> bool:  # noqa: ANN401 - tuples of the parser
        for item in items:
            if isinstance(item, tuple) and len(item) == 2 and item[0] in unlimited:
                repeats = item[1][1] == _parser.MAXREPEAT or item[1][1] > 100
                if repeats and is_repeated:
                    return True
                if walk(item[1][2], is_repeated or repeats):
                    return True
            elif isinstance(item, tuple | list | _parser.SubPattern) and walk(item, is_repeated):
                return True
        return False

    return walk(_parser.parse(pattern.pattern), False)


def shorten_pod_names(names: Sequence[str]) -> dict[str, str]:
    """Return the part of each name that distinguishes it: the common beginning is left out, at a hyphen."""
    unique = sorted(set(names))
    if len(unique) < 2:
        return dict.fromkeys(unique, "")
    first, last = unique[0], unique[-1]
    common = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    start = common.rfind("-") + 1
    return {name: name[start:] for name in unique}
