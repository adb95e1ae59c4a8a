"""Filter of everything that is written to the terminal: only the sequences that Textual itself writes pass.

Foreign text is sanitized before it reaches a widget. This filter is the last line: whatever a widget draws by mistake
cannot set the title, fill the clipboard, switch the screen or reverse the direction of text.
"""

from __future__ import annotations

import re

from textual.driver import Driver

from anchor_tui.domain.foreign_text import BIDI_CONTROL

_OWN_COMMAND = re.compile(
    r"\x1b\[\?\d+(?:[hl]|\$p)"  # modes: alternate screen, cursor, mouse, paste, focus, synchronized update
    r"|\x1b\[(?:>\d+|<)u"  # keyboard protocol
    r"|\x1b\]22;[a-z-]*\x07"  # shape of the pointer
    r"|\x1b\]52;c;[A-Za-z0-9+/=]*\x07"  # clipboard, from the action that copies
    r"|\x07"  # bell
    r"|\x1b\](?:9;|99;;|777;notify;)anchor-tui: [^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\)"  # notification of the desktop
)
"""A write of Textual's driver or application. Each is written alone; in the middle of a frame it is foreign."""
_LINK_OR_CONTROL = re.compile(
    r"(\x1b\]8;(?:id=\d+;https?://[!-~]*|;)\x1b\\)"  # start or end of a link
    r"|\x1b(?!\[[0-9;]*[mH])"  # a sequence that is neither a style nor a position of the cursor
    r"|[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f\ud800-\udfff]"
    f"|{BIDI_CONTROL.pattern}"
)
"""In a frame: a link, which stays, or a character that no frame contains."""
_SEQUENCE_START = re.compile(r"\x1b(?:\[[0-9;]*)?")
MAX_SEQUENCE_START = 64
REPLACEMENT = "\ufffd"


def filter_output(data: str) -> str:
    """Return what may be written: everything else is replaced by U+FFFD and shown as text."""
    if _OWN_COMMAND.fullmatch(data):
        return data
    return _LINK_OR_CONTROL.sub(lambda found: found[1] or REPLACEMENT, data)


class TerminalFilter(Driver):
    """A driver that filters what it writes. It comes before the driver of the platform in the order of classes."""

    _rest = ""

    def write(self, data: str) -> None:
        """Write what may be written. The start of a sequence at the end waits: on Windows a frame has several parts."""
        data = self._rest + data
        start = data.rfind("\x1b", -MAX_SEQUENCE_START)
        end = start if start >= 0 and _SEQUENCE_START.fullmatch(data, start) else len(data)
        self._rest = data[end:]
        super().write(filter_output(data[:end]))  # type: ignore[safe-super]


def add_terminal_filter(driver: type[Driver]) -> type[Driver]:
    """Return the driver of a platform with the filter."""
    return type(f"Filtered{driver.__name__}", (TerminalFilter, driver), {})
