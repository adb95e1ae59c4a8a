"""Options that several commands share. Importing this module is cheap, because every start needs it."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NoReturn

from anchor_tui.cli.exit_codes import ExitCode
from anchor_tui.cli.output.streams import print_error
from anchor_tui.config.location import CONFIG_FILE_NAME, CONFIG_FILE_VARIABLE
from anchor_tui.config.suggestions import find_nearest_name, format_unknown_name
from anchor_tui.domain.foreign_text import is_encodable

SCENARIOS = "steady, incident, incident-KIND, release-day, failed-check, drift, cutover or scale-N"
MIN_RECORDED_MB = 10
"""A recording of a large estate needs some MB for each segment."""
MAX_RECORDED_MB = 200
MAX_RECORDED_DAYS = 30
OPTION_DEFAULTS = {
    "config": None,
    "read_only": False,
    "environment": "",
    "no_color": False,
    "theme": "",
    "replay": None,
    "record": None,
    "record_max_mb": MAX_RECORDED_MB,
    "record_max_days": MAX_RECORDED_DAYS,
}
"""Defaults of options that are accepted before and after the command. They are set once, on the main parser, so that
the default of a command never overwrites a given value."""

READ_TIMEOUT_S = 15.0
"""Seconds that a headless command waits for all sources, unless `--timeout` of `snapshot` is given."""


class CommandParser(argparse.ArgumentParser):
    """A parser that does not accept abbreviated options. The parsers of its commands are of the same class.

    Its errors name the nearest accepted name and end with a short usage.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the options of argparse
        super().__init__(**{"allow_abbrev": False, **options})
        self.set_defaults(usage_parser=self)
        self._given: list[str] = []

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 - as in argparse
        """Parse the arguments. An unknown option is reported with the nearest option of its command."""
        args = self._given = list(sys.argv[1:] if args is None else args)
        arguments, unknown = self.parse_known_args(args, namespace)
        if unknown:
            arguments.usage_parser.report_unknown_arguments(unknown)
        arguments.usage_parser.refuse_undecodable_values(arguments)
        return arguments

    def refuse_undecodable_values(self, arguments: argparse.Namespace) -> None:
        """Print an error and end the process if a value is not UTF-8. Paths are accepted: they may have any bytes."""
        for action in self._actions:
            value = getattr(arguments, action.dest, None)
            texts = value if isinstance(value, list | tuple) else (value,)
            if any(isinstance(text, str) and not is_encodable(text) for text in texts):
                name = max(action.option_strings, key=len, default=_format_positional(action))
                self.error(f"the value of {name} is not valid UTF-8: type it again, or set LANG to a UTF-8 locale")

    def report_unknown_arguments(self, unknown: list[str]) -> NoReturn:
        """Print an error and end the process."""
        option = unknown[0].partition("=")[0]
        near = find_nearest_name(option, self._option_string_actions) if option.startswith("-") else None
        self.error(f"unrecognized arguments: {' '.join(unknown)}" + (f"; did you mean {near}?" if near else ""))

    def error(self, message: str) -> NoReturn:
        """Print the message and a short usage, and end the process."""
        print_error(message)
        print_error(self.format_short_usage())
        self.exit(ExitCode.USAGE)

    def format_short_usage(self) -> str:
        """Return the usage without the names of the options."""
        parts = [self.prog, "[OPTIONS]", *map(_format_positional, self._get_positional_actions())]
        return f"usage: {' '.join(parts)}; see `{self.prog} --help`"

    def _check_value(self, action: argparse.Action, value: Any) -> None:  # noqa: ANN401 - of any type
        if action.choices is None or value in action.choices:
            return
        names = [str(choice) for choice in action.choices]
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - argparse has no public name for it
            before = self._given[: self._given.index(value)] if value in self._given else []
            # The value of an unknown option, as in `--enviroment prod`, would be reported as an unknown command.
            options = [word for word in before if word.startswith("-")]
            if unknown := [word for word in options if word.partition("=")[0] not in self._option_string_actions]:
                self.report_unknown_arguments(unknown)
            raise argparse.ArgumentError(None, format_unknown_name("command", str(value), names))
        near = find_nearest_name(str(value), names)
        hint = f"did you mean {near}? " if near else ""
        raise argparse.ArgumentError(action, f"invalid choice: {value!r}; {hint}Choose from {', '.join(names)}")

    def _print_message(self, message: str, file: Any = None) -> None:  # noqa: ANN401 - any stream
        """Print help or an error. A stderr that accepts nothing does not change the exit code."""
        with contextlib.suppress(OSError) if file is sys.stderr else contextlib.nullcontext():
            super()._print_message(message, file)


def _format_positional(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest)
    return {"?": f"[{name}]", "+": f"{name}..."}.get(str(action.nargs), name)


def print_short_usage(arguments: argparse.Namespace) -> None:
    """Print the usage of the command that was run, after an error about its arguments."""
    print_error(arguments.usage_parser.format_short_usage())


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add `--config` and `--read-only`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help=f"configuration file; default ${CONFIG_FILE_VARIABLE}, ./{CONFIG_FILE_NAME} if it is trusted, "
        "or the one in the user's configuration folder",
    )
    add_read_only_option(parser)


def add_read_only_option(parser: argparse.ArgumentParser) -> None:
    """Add `--read-only`."""
    parser.add_argument(
        "--read-only",
        action="store_true",
        default=argparse.SUPPRESS,
        help="send nothing that changes Argo CD or GitHub",
    )


def add_scenario_option(parser: argparse.ArgumentParser) -> None:
    """Add `--scenario` of the embedded servers."""
    parser.add_argument("--scenario", default="steady", metavar="NAME", help=f"{SCENARIOS}; default steady")


def add_record_options(parser: argparse.ArgumentParser) -> None:
    """Add `--record` and its limits."""
    parser.add_argument(
        "--record",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="record every snapshot into this folder, for --replay and diff; the oldest are deleted first",
    )
    parser.add_argument(
        "--record-max-mb",
        type=_make_number_parser(MIN_RECORDED_MB, 1_000_000, "MB"),
        metavar="MB",
        default=argparse.SUPPRESS,
        help=f"the largest size of the recording; default {MAX_RECORDED_MB}",
    )
    parser.add_argument(
        "--record-max-days",
        type=_make_number_parser(1, 10_000, "days"),
        metavar="DAYS",
        default=argparse.SUPPRESS,
        help=f"the largest age of what is recorded; default {MAX_RECORDED_DAYS}",
    )


def add_replay_option(parser: argparse.ArgumentParser) -> None:
    """Add `--replay`."""
    parser.add_argument(
        "--replay",
        metavar="FILE|DIR",
        default=argparse.SUPPRESS,
        help="show a snapshot document or a recording instead of the present; DIR@TIME begins at a time",
    )


def _make_number_parser(minimum: int, maximum: int, unit: str) -> Callable[[str], int]:
    """Return a parser of whole numbers in a range."""

    def parse_number(text: str) -> int:
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
        if not minimum <= number <= maximum:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of {unit} from {minimum} to {maximum}")
        return number

    return parse_number


def add_timeout_option(
    parser: argparse.ArgumentParser, description: str, *, default: float | None, maximum: float
) -> None:
    """Add `--timeout`. `default` and `maximum` are in seconds."""
    parse = make_number_parser(maximum, "seconds")
    parser.add_argument("--timeout", type=parse, default=default, metavar="SECONDS", help=description)


def make_number_parser(maximum: float, unit: str, *, allows_zero: bool = False) -> Callable[[str], float]:
    """Return a parser of positive numbers."""

    def parse_number(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number <= maximum or (number == 0 and not allows_zero):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of {unit} up to {maximum:.0f}")
        return number

    return parse_number


def make_list_parser(known: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Return a parser of comma-separated names. Each name must be in `known`; duplicates are removed."""

    def parse_list(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        for name in names:
            if name not in known:
                near = find_nearest_name(name, known)
                hint = f"; did you mean {near}?" if near else ""
                raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(known)}{hint}")
        return names

    return parse_list
