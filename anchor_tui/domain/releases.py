"""release.yaml → Release, found by what its keys mean, not by one path.

Understood is: version, commit and time at the top, under `spec`, `release` or `spec.release`; images there
as a map or a list, each with `repository`, `tag` and `digest` apart or as one text. `[release]` in the
configuration names key paths where a file says it otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from anchor_tui.domain.helm.image_fields import IMAGE_KEYS, ImageScalarPaths, read_image
from anchor_tui.domain.model import Problem, Release
from anchor_tui.domain.yaml.document import YamlDocument
from anchor_tui.domain.yaml.nodes import (
    KeyPath,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    describe_node,
    format_key_path,
)

if TYPE_CHECKING:
    from anchor_tui.config.model import ReleaseKeyPaths

_BASE_PATHS: tuple[KeyPath, ...] = ((), ("spec",), ("release",), ("spec", "release"))
_VERSION_KEYS = ("version", "release", "releaseVersion", "appVersion")
_COMMIT_KEYS = ("commit", "commitSha", "gitCommit", "gitSha", "sha", "revision")
_RELEASED_KEYS = ("released", "releasedAt", "released_at", "releaseDate", "builtAt", "timestamp")
_IMAGES_KEYS = ("images", "image")


@dataclass(frozen=True, slots=True)
class ReleaseScalarPaths:
    """Where a release.yaml says what it says; None is for what it does not say."""

    version: KeyPath | None
    commit: KeyPath | None
    released: KeyPath | None
    images: tuple[ImageScalarPaths, ...]


def locate_release(document: YamlDocument, keys: ReleaseKeyPaths) -> ReleaseScalarPaths:
    """Find version, commit, time and images; DocumentError where a shape is not understood."""
    version = _locate_scalar(document, keys.version, "version", _VERSION_KEYS)
    images = _locate_images(document, keys.images)
    if version is None and len({place.image.tag for place in images}) != 1:
        looked = " or ".join(f"`{key}`" for key in _VERSION_KEYS)
        where = "at the top, under `spec` or under `release`"
        message = f"no version: looked for {looked} {where}, or one tag on all images"
        document.fail("release-shape", f"{message}; `version` under [release] in the configuration can name it")
    return ReleaseScalarPaths(
        version,
        _locate_scalar(document, keys.commit, "commit", _COMMIT_KEYS),
        _locate_scalar(document, keys.released, "released", _RELEASED_KEYS),
        images,
    )


def read_release(document: YamlDocument, keys: ReleaseKeyPaths) -> tuple[Release, tuple[Problem, ...]]:
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
            problems.append(document.build_problem("image-without-digest", message, node))
    if not places.images:
        problems.append(
            document.build_problem("no-images", "no images: looked for `images` at the top and under `spec`")
        )
    released, problem = _read_time(document, places.released)
    problems.extend([problem] if problem else [])
    tags = [place.image.tag for place in places.images]
    version = document.get_scalar(places.version).text if places.version else tags[0]
    release = Release(
        version=version or "",
        commit=_read_text(document, places.commit),
        released=released,
        images=tuple(sorted((place.image for place in places.images), key=lambda image: image.name)),
    )
    return release, tuple(problems)


def _read_text(document: YamlDocument, path: KeyPath | None) -> str | None:
    return document.get_scalar(path).text or None if path is not None else None


def _locate_scalar(document: YamlDocument, configured: str, what: str, keys: tuple[str, ...]) -> KeyPath | None:
    """The path of a scalar, by the configuration or by its usual names."""
    if configured:
        path: KeyPath = tuple(configured.split("."))
        if _has_text(document.find(path)):
            return path
        found = document.find(path)
        message = f"`{configured}`, which [release] names for {what}, holds "
        return document.fail("release-shape", message + ("nothing" if found is None else describe_node(found)), found)
    for base in _BASE_PATHS:
        for key in keys:
            if _has_text(document.find((*base, key))):
                return (*base, key)
    return None


def _has_text(node: Node | None) -> bool:
    return isinstance(node, ScalarNode) and node.value is not None and node.text != ""


def _locate_images(document: YamlDocument, configured: str) -> tuple[ImageScalarPaths, ...]:
    if configured:
        path: KeyPath = tuple(configured.split("."))
        node = document.find(path)
        if node is None:
            return document.fail("release-shape", f"`{configured}`, which [release] names for the images, is not there")
        return _read_images(document, node, path)
    for base in _BASE_PATHS:
        for key in _IMAGES_KEYS:
            node = document.find((*base, key))
            if node is not None and not (isinstance(node, ScalarNode) and node.value is None):
                return _read_images(document, node, (*base, key))
    return ()


def _read_images(document: YamlDocument, node: Node, path: KeyPath) -> tuple[ImageScalarPaths, ...]:
    match node:
        case SequenceNode():
            places = tuple(read_image(document, item, (*path, index)) for index, item in enumerate(node.items))
        case MappingNode() if not _is_one_image(node):
            places = tuple(read_image(document, item, (*path, key), key) for key, item in node.entries.items())
        case ScalarNode() if path[-1] == "images":
            looked = "a map or a list of images was looked for"
            return document.fail(
                "release-shape", f"`{format_key_path(path)}` is {describe_node(node)}, where {looked}", node
            )
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
    return any(isinstance(node.get(key), ScalarNode) for key in IMAGE_KEYS)


def _read_time(document: YamlDocument, path: KeyPath | None) -> tuple[datetime | None, Problem | None]:
    if path is None:
        return None, None
    node = document.get_scalar(path)
    try:
        moment = datetime.fromisoformat(node.text)
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is not None and "T" in node.text.upper():
        return moment.astimezone(UTC), None
    message = f"`{format_key_path(path)}` is no time with a zone: 2026-11-20T09:14:07Z is one"
    return None, document.build_problem("bad-time", message, node)
