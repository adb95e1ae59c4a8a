"""Text patterns of the configuration, each with the description that an error message shows."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple


class TextPattern(NamedTuple):
    """A regular expression that the whole text must match.

    `pattern` is None if any text is accepted. `accepted` completes "accepted: …" in an error message. `kind` selects
    the checks that a regular expression cannot express: of a web address, or of an existing file.
    """

    pattern: str | None
    accepted: str
    kind: Literal["text", "url", "server-url", "file"] = "text"

    @property
    def whole(self) -> str | None:
        """The expression with anchors, as msgspec and JSON Schema need it. A line end after the text does not match."""
        return rf"^(?:{self.pattern})$(?!\n)" if self.pattern is not None else None


_NAME = "[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_LABEL = "(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)"
_URL = r"https?://[^\s/?#@]+(/[^\s?#@]*)?"

NAME = TextPattern(_NAME, "small letters, digits, dots and dashes, with a letter or digit at both ends")
NOT_BLANK = TextPattern(r"[\s\S]*\S[\s\S]*", "a text that is not empty")
REPOSITORY = TextPattern(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", "owner/name")
REVIEWER = TextPattern(r"[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?", "a user, or a team as organisation/team")
VARIABLE = TextPattern("[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")
BRANCH = TextPattern(r"[^\s~^:?*\[\\-][^\s~^:?*\[\\]*", "the name of a branch")
REPO_PATH = TextPattern(
    r"(?![/~])(?!(?:.*/)?\.\.(?:/|$)).*[^/]", "a path inside the ops repo, with no / at its ends and no .. in it"
)
ROOT_PATH = TextPattern(r"/[^\s?#]*", "a path that begins with /")
KEY_PATH = TextPattern(r"[^.\s]+(\.[^.\s]+)*", "keys with dots between them, as spec.version")
MEMORY = TextPattern("[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?", "an amount of memory, as 4Gi or 512Mi")
WORKFLOW_FILE = TextPattern(r"[\w.-]+\.ya?ml", "a file name under .github/workflows, as promote.yaml")
CHECK_ID = TextPattern("[a-z0-9-]+(\\.[a-z0-9-]+)+", "the id of a check, as release.pinned")
URL = TextPattern(_URL, "an address, as https://cd.example.com", "url")
SERVER_URL = TextPattern(_URL, "an address, as https://cd.example.com", "server-url")
FILE = TextPattern(None, "an existing file", "file")

APPLICATION_PATTERN = re.compile(rf"(?:({_NAME})/)?({_NAME})")
SELECTOR_TERM_PATTERN = re.compile(rf"\s*((?:{_NAME}/)?{_LABEL})\s*==?\s*({_LABEL}?)\s*")
TOKEN_PATTERN = re.compile(r"gh[a-z]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|eyJ[\w-]{8,}(\.[\w-]*)*")
"""Texts that look like a token. They are refused as a value and never printed."""
