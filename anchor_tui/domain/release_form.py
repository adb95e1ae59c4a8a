"""The permitted form of versions, tags and names in a release.yaml.

They become parts of branches, titles, commits, pull requests and inputs of a workflow. Another form is refused, with
file and line, before anything is sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from anchor_tui.domain.foreign_text import sanitize_text, shorten_text
from anchor_tui.domain.helm.image_fields import REPOSITORY, TAG
from anchor_tui.domain.releases import locate_release
from anchor_tui.domain.yaml.document import YamlDocument

if TYPE_CHECKING:
    from anchor_tui.config.model import ReleaseKeyPaths

VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}")
"""The tag of an image, and also the `+` of a semantic version."""
_COMMIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,127}")
_MAX_SHOWN_LENGTH = 60


def check_release_form(document: YamlDocument, keys: ReleaseKeyPaths) -> None:
    """Check version, commit, names, repositories and tags. Raises YamlDocumentError that names file and line."""
    paths = locate_release(document, keys)
    for what, path, form in (("version", paths.version, VERSION), ("commit", paths.commit, _COMMIT)):
        if path is not None:
            _check_text(document, what, document.get_scalar(path).text, form, path)
    for place in paths.images:
        image = place.image
        for what, text, form in (
            ("name of an image", image.name, _NAME),
            ("repository", image.repository, REPOSITORY),
            ("tag", image.tag, TAG),
        ):
            if text is not None:
                _check_text(document, what, text, form, place.path)


def _check_text(
    document: YamlDocument, what: str, text: str, form: re.Pattern[str], path: tuple[str | int, ...]
) -> None:
    if form.fullmatch(text) is None:
        shown = shorten_text(sanitize_text(text), _MAX_SHOWN_LENGTH)
        document.fail(
            "release-form",
            f"`{shown}` is not a {what} that is permitted: letters, digits, dots, dashes and underscores. "
            "Correct the release",
            document.find(path),
        )
