"""Read a release.yaml into a Release.

Version, commit and time are found at the top or under `spec`, `release` or `spec.release`. Images are found there as a
map or a list, each with `repository`, `tag` and `digest` in separate keys or in one text. `[release]` in the
configuration sets the key paths of files with another layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from anchor_tui.domain.helm.image_fields import IMAGE_KEYS
from anchor_tui.domain.helm.image_scalars import ImageScalarPaths, read_image
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

MAX_IMAGES = 200
"""Each image without a digest is a problem of its own on the screen."""
_YEARS = range(1970, 2200)
"""The years of a release. Other times overflow when they are converted or compared."""
_BASE_PATHS: tuple[KeyPath, ...] = ((), ("spec",), ("release",), ("spec", "release"))
_VERSION_KEYS = ("version", "release", "releaseVersion", "appVersion")
_COMMIT_KEYS = ("commit", "commitSha", "gitCommit", "gitSha", "sha", "revision")
_RELEASED_KEYS = ("released", "releasedAt", "released_at", "releaseDate", "builtAt", "timestamp")
_IMAGES_KEYS = ("images", "image")


@dataclass(frozen=True, slots=True)
class ReleaseScalarPaths:
    """The key paths of the scalars in a release.yaml; None for a scalar that it does not contain."""

    version: KeyPath | None
    commit: KeyPath | None
    released: KeyPath | None
    images: tuple[ImageScalarPaths, ...]


def locate_release(document: YamlDocument, keys: ReleaseKeyPaths) -> ReleaseScalarPaths:
    """Find version, commit, time and images. Raises YamlDocumentError if the layout is not supported."""
    version = _locate_scalar(document, keys.version, "version", _VERSION_KEYS)
    images = _locate_images(document, keys.images)
    tags = {image_paths.image.tag for image_paths in images}
    if version is None and (len(tags) != 1 or None in tags):
        keys_text = " or ".join(f"`{key}`" for key in _VERSION_KEYS)
        message = f"no version: looked for {keys_text} at the top, under `spec` or under `release`"
        advice = "set its key path with `version` under [release] in the configuration"
        document.fail("release-shape", f"{message}, or one tag on all images; {advice}")
    return ReleaseScalarPaths(
        version,
        _locate_scalar(document, keys.commit, "commit", _COMMIT_KEYS),
        _locate_scalar(document, keys.released, "time", _RELEASED_KEYS),
        images,
    )


def read_release(document: YamlDocument, keys: ReleaseKeyPaths) -> tuple[Release, tuple[Problem, ...]]:
    """Return the release of a release.yaml, and the problems that do not make it unreadable.

    Version, commit and tags are the texts of the scalars: `1.10` is not 1.1. If there is no version, the tag that all
    images share is the version. Problems: `image-without-digest`, `no-images`, `bad-time`. Raises YamlDocumentError
    for an unsupported layout; the message names the keys that were searched.
    """
    paths = locate_release(document, keys)
    problems: list[Problem] = []
    for image_paths in paths.images:
        if image_paths.image.digest is None:
            message = f"the image {image_paths.image.name} has no digest: its tag may move"
            node = document.find(image_paths.path)
            problems.append(document.build_problem("image-without-digest", message, node))
    if not paths.images:
        message = "no images: looked for `images` at the top and under `spec`"
        problems.append(document.build_problem("no-images", message))
    released, problem = _read_time(document, paths.released)
    problems.extend([problem] if problem else [])
    tags = [image_paths.image.tag for image_paths in paths.images]
    version = document.get_scalar(paths.version).text if paths.version else tags[0]
    release = Release(
        version=version or "",
        commit=_read_text(document, paths.commit),
        released=released,
        images=tuple(sorted((image_paths.image for image_paths in paths.images), key=lambda image: image.name)),
    )
    return release, tuple(problems)


def _read_text(document: YamlDocument, path: KeyPath | None) -> str | None:
    return document.get_scalar(path).text or None if path is not None else None


def _locate_scalar(document: YamlDocument, configured: str, field: str, keys: tuple[str, ...]) -> KeyPath | None:
    """Return the path of a scalar: the configured path, or the first of the usual names that exists."""
    if configured:
        path: KeyPath = tuple(configured.split("."))
        if _has_text(document.find(path)):
            return path
        found = document.find(path)
        found_text = "is missing" if found is None else f"is {describe_node(found)}, not one value"
        message = f"`{configured}`, configured under [release] for the {field}, {found_text}"
        return document.fail("release-shape", message, found)
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
            message = f"`{configured}`, configured under [release] for the images, is missing"
            return document.fail("release-shape", message)
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
            images = tuple(read_image(document, item, (*path, index)) for index, item in enumerate(node.items))
        case MappingNode() if not _is_one_image(node):
            images = tuple(read_image(document, item, (*path, key), key) for key, item in node.iterate_children())
        case ScalarNode() if path[-1] == "images":
            message = f"`{format_key_path(path)}` is {describe_node(node)}, not a map or a list of images"
            return document.fail("release-shape", message, node)
        case _:
            images = (read_image(document, node, path),)
    if len(images) > MAX_IMAGES:
        message = f"`{format_key_path(path)}` has {len(images):,} images; {MAX_IMAGES} are supported"
        document.fail("release-shape", message, node)
    seen: dict[str, int] = {}
    for image_paths in images:
        name = image_paths.image.name
        if name in seen:
            message = f"two images have the name {name}, the first in line {seen[name]}: give each its own `name`"
            document.fail("release-shape", message, document.find(image_paths.path))
        seen[name] = image_paths.line
    return images


def _is_one_image(node: MappingNode) -> bool:
    """Return True if a mapping is one image, and not a map of images by name."""
    return any(isinstance(node.get(key), ScalarNode) for key in IMAGE_KEYS)


def _read_time(document: YamlDocument, path: KeyPath | None) -> tuple[datetime | None, Problem | None]:
    if path is None:
        return None, None
    node = document.get_scalar(path)
    try:
        moment = datetime.fromisoformat(node.text)
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo and moment.year in _YEARS and "T" in node.text.upper():
        return moment.astimezone(UTC), None
    message = f"`{format_key_path(path)}` is not a time with a time zone, such as 2026-11-20T09:14:07Z"
    return None, document.build_problem("bad-time", message, node)
