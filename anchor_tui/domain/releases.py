"""release.yaml → Release, found by what its keys mean, not by one path.

Understood is: version, commit and time at the top, under `spec`, `release` or `spec.release`; images there
as a map or a list, each with `repository`, `tag` and `digest` apart or as one text. `[release]` in the
configuration names key paths where a file says it otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from anchor_tui.domain.documents import (
    Document,
    KeyPath,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    dotted,
    kind_of,
)
from anchor_tui.domain.images import IMAGE_KEYS, ImagePlace, read_image
from anchor_tui.domain.model import Problem, Release

if TYPE_CHECKING:
    from anchor_tui.config import ReleaseKeys

_BASES: tuple[KeyPath, ...] = ((), ("spec",), ("release",), ("spec", "release"))
_VERSION = ("version", "release", "releaseVersion", "appVersion")
_COMMIT = ("commit", "commitSha", "gitCommit", "gitSha", "sha", "revision")
_RELEASED = ("released", "releasedAt", "released_at", "releaseDate", "builtAt", "timestamp")
_IMAGES = ("images", "image")


@dataclass(frozen=True, slots=True)
class ReleasePlaces:
    """Where a release.yaml says what it says; None is for what it does not say."""

    version: KeyPath | None
    commit: KeyPath | None
    released: KeyPath | None
    images: tuple[ImagePlace, ...]


def locate_release(document: Document, keys: ReleaseKeys) -> ReleasePlaces:
    """Find version, commit, time and images; DocumentError where a shape is not understood."""
    version = _locate(document, keys.version, "version", _VERSION)
    images = _images(document, keys.images)
    if version is None and len({place.image.tag for place in images}) != 1:
        looked = " or ".join(f"`{key}`" for key in _VERSION)
        where = "at the top, under `spec` or under `release`"
        message = f"no version: looked for {looked} {where}, or one tag on all images"
        document.fail("release-shape", f"{message}; `version` under [release] in the configuration can name it")
    return ReleasePlaces(
        version,
        _locate(document, keys.commit, "commit", _COMMIT),
        _locate(document, keys.released, "released", _RELEASED),
        images,
    )


def read_release(document: Document, keys: ReleaseKeys) -> tuple[Release, tuple[Problem, ...]]:
    """What a release.yaml says, and what is amiss without making it unreadable.

    Version, commit and tags are the scalars' texts: `1.10` is not 1.1. Without a version the tag that all
    images share is one. Problems: `image-without-digest`, `no-images`, `bad-time`. Raises DocumentError for
    a shape that is not understood, saying what was looked for and where.
    """
    places = locate_release(document, keys)
    problems: list[Problem] = []
    for place in places.images:
        if place.image.digest is None:
            message = f"the image {place.image.name} has no digest: its tag may move"
            node = document.find(place.path)
            problems.append(document.problem("image-without-digest", message, node))
    if not places.images:
        problems.append(document.problem("no-images", "no images: looked for `images` at the top and under `spec`"))
    released, problem = _time(document, places.released)
    problems.extend([problem] if problem else [])
    tags = [place.image.tag for place in places.images]
    version = document.scalar(places.version).text if places.version else tags[0]
    release = Release(
        version=version or "",
        commit=_text(document, places.commit),
        released=released,
        images=tuple(sorted((place.image for place in places.images), key=lambda image: image.name)),
    )
    return release, tuple(problems)


def _text(document: Document, path: KeyPath | None) -> str | None:
    return document.scalar(path).text or None if path is not None else None


def _locate(document: Document, configured: str, what: str, keys: tuple[str, ...]) -> KeyPath | None:
    """The path of a scalar, by the configuration or by its usual names."""
    if configured:
        path: KeyPath = tuple(configured.split("."))
        if _said(document.find(path)):
            return path
        found = document.find(path)
        message = f"`{configured}`, which [release] names for {what}, holds "
        return document.fail("release-shape", message + ("nothing" if found is None else kind_of(found)), found)
    for base in _BASES:
        for key in keys:
            if _said(document.find((*base, key))):
                return (*base, key)
    return None


def _said(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.value is not None and node.text != ""


def _images(document: Document, configured: str) -> tuple[ImagePlace, ...]:
    if configured:
        path: KeyPath = tuple(configured.split("."))
        node = document.find(path)
        if node is None:
            return document.fail("release-shape", f"`{configured}`, which [release] names for the images, is not there")
        return _read_images(document, node, path)
    for base in _BASES:
        for key in _IMAGES:
            node = document.find((*base, key))
            if node is not None and not (isinstance(node, Scalar) and node.value is None):
                return _read_images(document, node, (*base, key))
    return ()


def _read_images(document: Document, node: Node, path: KeyPath) -> tuple[ImagePlace, ...]:
    match node:
        case SequenceNode():
            places = tuple(read_image(document, item, (*path, index)) for index, item in enumerate(node.items))
        case MappingNode() if not _is_one_image(node):
            places = tuple(read_image(document, item, (*path, key), key) for key, item in node.entries.items())
        case Scalar() if path[-1] == "images":
            looked = "a map or a list of images was looked for"
            return document.fail("release-shape", f"`{dotted(path)}` is {kind_of(node)}, where {looked}", node)
        case _:
            places = (read_image(document, node, path),)
    seen: dict[str, int] = {}
    for place in places:
        name = place.image.name
        if name in seen:
            message = f"two images are called {name}, the first in line {seen[name]}: give each its own `name`"
            document.fail("release-shape", message, document.find(place.path))
        seen[name] = place.line
    return places


def _is_one_image(node: MappingNode) -> bool:
    """Whether a mapping is itself an image, and not a map of images by name."""
    return any(isinstance(node.get(key), Scalar) for key in IMAGE_KEYS)


def _time(document: Document, path: KeyPath | None) -> tuple[datetime | None, Problem | None]:
    if path is None:
        return None, None
    node = document.scalar(path)
    try:
        moment = datetime.fromisoformat(node.text)
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is not None and "T" in node.text.upper():
        return moment.astimezone(UTC), None
    message = f"`{dotted(path)}` is no time with a zone: 2026-11-20T09:14:07Z is one"
    return None, document.problem("bad-time", message, node)
