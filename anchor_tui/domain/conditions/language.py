"""The language of conditions. `docs/wait.md` is its reference.

conditions  = condition { ["and"] condition }
condition   = ["not"] ( environment | application | pull-request )
environment = ENVIRONMENT ( "ok" | "healthy" | "synced" | "no-failures" | "runs" VERSION )
application = ENVIRONMENT "/" APPLICATION ( "healthy" | "synced" )
pull-request = "pr" NUMBER ( "open" | "merged" | "closed" | "mergeable" | "checks" "passed" )
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, NoReturn, TypeAlias, cast, get_args

from anchor_tui.config.suggestions import find_nearest_name, format_unknown_name
from anchor_tui.domain.model import ValueObject

EnvironmentState: TypeAlias = Literal["ok", "healthy", "synced", "no-failures", "runs"]
ApplicationState: TypeAlias = Literal["healthy", "synced"]
PullRequestState: TypeAlias = Literal["open", "merged", "closed", "mergeable", "checks passed"]

_ENVIRONMENT_STATES: tuple[str, ...] = get_args(EnvironmentState)
_APPLICATION_STATES: tuple[str, ...] = get_args(ApplicationState)
_PULL_REQUEST_STATES: tuple[str, ...] = get_args(PullRequestState)
_NUMBER = re.compile(r"#?([0-9]{1,9})", re.ASCII)
_PULL_REQUEST = "pr"


class EnvironmentClaim(ValueObject, frozen=True):
    """A state of an environment. `version` is set for `runs` only."""

    environment: str
    state: EnvironmentState
    version: str = ""


class ApplicationClaim(ValueObject, frozen=True):
    """A state of one application, named by `name` or `namespace/name`."""

    environment: str
    application: str
    state: ApplicationState


class PullRequestClaim(ValueObject, frozen=True):
    """A state of a pull request of the ops repo."""

    number: int
    state: PullRequestState


class Condition(ValueObject, frozen=True):
    """One condition as it was written. If it is negated, it holds if the state is known and another one."""

    text: str
    subject: EnvironmentClaim | ApplicationClaim | PullRequestClaim
    is_negated: bool = False


class ConditionError(ValueError):
    """A text that is not a condition. The message contains what is wrong and what to write instead.

    `start` and `end` are the place of the word in the text; at the end of the text both are its length.
    """

    def __init__(self, message: str, text: str, start: int, end: int) -> None:
        super().__init__(message)
        self.text = text
        self.start = start
        self.end = end


class _WordAt(NamedTuple):
    text: str
    start: int
    end: int

    @property
    def folded(self) -> str:
        return self.text.lower()


def parse_conditions(text: str, applications: Mapping[str, Sequence[str]]) -> tuple[Condition, ...]:
    """Return the conditions of a text. Raises ConditionError.

    `applications` contains the names of the applications of every environment. The tuple of an environment is empty if
    its applications are selected by labels: any name is accepted then.
    """
    return _Parser(text, applications).parse()


class _Parser:
    """Reads the words of one text from left to right."""

    def __init__(self, text: str, applications: Mapping[str, Sequence[str]]) -> None:
        self._text = text
        self._applications = applications
        self._words = [_WordAt(found[0], found.start(), found.end()) for found in re.finditer(r"\S+", text)]
        self._next = 0

    def parse(self) -> tuple[Condition, ...]:
        conditions = [self._parse_condition()]
        while self._next < len(self._words):
            if self._words[self._next].folded == "and":
                self._next += 1
            conditions.append(self._parse_condition())
        return tuple(conditions)

    def _parse_condition(self) -> Condition:
        first = self._peek()
        is_negated = False
        word = self._take("an environment, or pr NUMBER")
        while word.folded == "not":
            is_negated = not is_negated
            word = self._take("a condition after not")
        subject: EnvironmentClaim | ApplicationClaim | PullRequestClaim
        if word.folded == _PULL_REQUEST and word.text not in self._applications:
            subject = self._parse_pull_request()
        elif "/" in word.text:
            subject = self._parse_application(word)
        else:
            subject = self._parse_environment(word)
        return Condition(self._text[first.start : self._words[self._next - 1].end], subject, is_negated)

    def _parse_environment(self, word: _WordAt) -> EnvironmentClaim:
        environment = self._find_environment(word, word.text)
        state = cast(EnvironmentState, self._take_state(environment, _ENVIRONMENT_STATES))
        version = self._take("a version, as in `prod runs 1.44.0`").text if state == "runs" else ""
        return EnvironmentClaim(environment, state, version)

    def _parse_application(self, word: _WordAt) -> ApplicationClaim:
        name, _, application = word.text.partition("/")
        environment = self._find_environment(word, name)
        known = self._applications[environment]
        names = {*known, *(item.rpartition("/")[2] for item in known)}
        if not application or (known and application not in names):
            self._fail(format_unknown_name("application", application, known or ["prod/NAME"]), word)
        state = self._take_state(f"{environment}/{application}", _APPLICATION_STATES)
        return ApplicationClaim(environment, application, cast(ApplicationState, state))

    def _parse_pull_request(self) -> PullRequestClaim:
        word = self._take("the number of a pull request, as in `pr 232 merged`")
        found = _NUMBER.fullmatch(word.text)
        if found is None or int(found[1]) == 0:
            self._fail(f"{word.text!r} is not the number of a pull request; write it as in `pr 232 merged`", word)
        number = int(found[1])
        state = self._take_state(f"pr {number}", (*_PULL_REQUEST_STATES[:-1], "checks"))
        if state == "checks":
            self._take_state(f"pr {number} checks", ("passed",))
            state = "checks passed"
        return PullRequestClaim(number, cast(PullRequestState, state))

    def _find_environment(self, word: _WordAt, name: str) -> str:
        if name not in self._applications:
            message = format_unknown_name("environment", name, (*self._applications,))
            self._fail(f"{message}; a pull request is written as pr NUMBER", word)
        return name

    def _take_state(self, subject: str, states: Sequence[str]) -> str:
        listed = ", ".join(states)
        word = self._take(f"a state after {subject}: one of {listed}")
        if word.folded not in states:
            near = find_nearest_name(word.text, states)
            hint = f"did you mean {near}? " if near else ""
            self._fail(f"{word.text!r} is not a state of {subject}; {hint}Choose one of {listed}", word)
        return word.folded

    def _peek(self) -> _WordAt:
        if self._next < len(self._words):
            return self._words[self._next]
        return _WordAt("", len(self._text), len(self._text))

    def _take(self, expected: str) -> _WordAt:
        word = self._peek()
        if not word.text:
            self._fail(f"the condition is not complete; add {expected}", word)
        self._next += 1
        return word

    def _fail(self, message: str, word: _WordAt) -> NoReturn:
        raise ConditionError(message, self._text, word.start, word.end)
