"""Discovery of images in merged Helm values, at any key path, as a chart's templates would render them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from anchor_tui.domain.helm.image_fields import (
    DIGEST_KEYS,
    IMAGE_KEYS,
    NAME_KEYS,
    REFERENCE_KEYS,
    REGISTRY_KEYS,
    REPOSITORY_KEYS,
    TAG_KEYS,
    ImageFields,
    get_global_registry,
    get_repository_name,
    interpret_image_fields,
    is_named_in,
    split_image_reference,
)
from anchor_tui.domain.helm.template_values import format_template_value
from anchor_tui.domain.helm.value_layers import LayeredValues, SourceLocation, ValueLayer
from anchor_tui.domain.kubernetes.image_references import ImageReference, canonicalize_repository
from anchor_tui.domain.model import Image, ValueObject
from anchor_tui.domain.policy.evidence.variable_lookup import normalize_name, walk_values
from anchor_tui.domain.yaml.nodes import Json, KeyPath


class ImageInValues(ValueObject, frozen=True):
    """One image in the values. `location` is that of its tag, digest or reference."""

    reference: ImageReference
    path: KeyPath
    location: SourceLocation | None
    deciding_layers: tuple[ValueLayer, ...]
    """The layers that set its tag, digest or reference."""
    sets_version: bool = True
    """False for a repository without a tag, a digest or a reference."""
    other_repositories: tuple[str, ...] = ()
    """Repositories that it may have instead: a chart may not use `global.imageRegistry`."""

    @property
    def is_chart_default(self) -> bool:
        """True if only the chart's default values set the image."""
        return all(layer.is_chart for layer in self.deciding_layers)


class UnclearImage(ValueObject, frozen=True):
    """Values that set an image in a form that is not understood. `text` has all its texts."""

    path: KeyPath
    location: SourceLocation | None
    reason: str
    text: str
    has_repository: bool

    def may_be(self, image: Image) -> bool:
        """Return True if the values may set this image."""
        if self.has_repository:
            return is_named_in(self.text, image.repository)
        own = get_repository_name(image.repository)
        keys = [normalize_name(key) for key in self.path if isinstance(key, str)]
        names = (normalize_name(image.name), normalize_name(own))
        return not keys or any("image" in key or key in names or any(name in key for name in names) for key in keys)


_IMAGE_KEYS = frozenset(IMAGE_KEYS)


def find_images(values: LayeredValues) -> Iterator[ImageInValues]:
    """Yield every image with a repository; values under `enabled: false` are excluded."""
    return (found for found in _search_images(values) if isinstance(found, ImageInValues))


def find_unclear_images(values: LayeredValues) -> Iterator[UnclearImage]:
    """Yield every image in a form that is not understood; values under `enabled: false` are excluded."""
    return (found for found in _search_images(values) if isinstance(found, UnclearImage))


def find_mention(values: LayeredValues, image: Image) -> UnclearImage | None:
    """Return a text that contains the repository of an image, without its registry; None if there is none.

    Images that are understood are excluded.
    """
    understood = {found.path for found in find_images(values)}
    registry, _, rest = canonicalize_repository(image.repository).partition("/")
    name = f"{registry}/{rest}" if "/" not in rest else rest
    for path, value in walk_values(values.merged):
        if isinstance(value, str) and name in value and path not in understood and path[:-1] not in understood:
            reason = f"`{value[:80]}` contains {name}"
            return UnclearImage(path, values.locate(path), reason, value, has_repository=True)
    return None


def _search_images(values: LayeredValues) -> Iterator[ImageInValues | UnclearImage]:
    global_registry = get_global_registry(values.merged)
    for path, value in walk_values(values.merged):
        if isinstance(value, dict):
            yield from _parse_mapping_image(values, path, value, global_registry)
        elif isinstance(value, str) and "/" in value and path and path[-1] not in _IMAGE_KEYS:
            reference = _parse_text_image(value)
            if reference is not None:
                yield _locate_image(values, path, reference, ())


def _locate_image(
    values: LayeredValues, path: KeyPath, reference: ImageReference, keys: tuple[str, ...]
) -> ImageInValues:
    deciding_layers = []
    locations = []
    for key_path in [(*path, key) for key in keys] or [path]:
        for layer in reversed(values.layers):
            if (location := layer.locate(key_path)) is not None:
                deciding_layers.append(layer)
                locations.append(location)
                break
    return ImageInValues(reference, path, locations[0] if locations else None, tuple(deciding_layers))


def _parse_text_image(value: str) -> ImageReference | None:
    """Parse a text as an image reference; None unless it has a path and a tag or digest."""
    try:
        repository, tag, digest = split_image_reference(value)
    except ValueError:
        return None
    return ImageReference(canonicalize_repository(repository), tag, digest) if tag or digest else None


def _parse_mapping_image(
    values: LayeredValues, path: KeyPath, value: Mapping[str, Json], global_registry: str
) -> Iterator[ImageInValues | UnclearImage]:
    """Yield the image of a mapping, if it has one. Its location is that of the keys that decide its version."""
    found = {
        "reference": _first_text(value, REFERENCE_KEYS),
        "registry": _first_text(value, REGISTRY_KEYS),
        "repository": _first_text(value, REPOSITORY_KEYS),
        "name": _first_text(value, NAME_KEYS),
        "tag": _first_text(value, TAG_KEYS),
        "digest": _first_text(value, DIGEST_KEYS),
    }
    fields = ImageFields(**{name: text for name, (text, _) in found.items()})
    keys = {name: key for name, (_, key) in found.items()}
    whole = keys["reference"] or keys["repository"]
    has_version = bool(keys["tag"] or keys["digest"])
    if not whole and not has_version:
        return
    try:
        image = interpret_image_fields(fields, global_registry)
    except ValueError as error:
        decisive = next((text for text in (fields.reference, fields.tag, fields.digest) if text), "")
        is_image = any(isinstance(key, str) and "image" in key.lower() for key in path)
        if decisive or (is_image and whole):
            location = _locate_image(values, path, _NO_IMAGE, _list_keys(keys, whole)).location
            text = " ".join(filter(None, fields))
            has_repository = bool(fields.reference or fields.repository)
            where = (*path, keys["reference"]) if keys["reference"] else path
            yield UnclearImage(where, location, str(error), text, has_repository)
        return
    repository, *others = map(canonicalize_repository, image.repositories)
    digest = image.digest.lower() if image.digest else None
    reference = ImageReference(repository, image.tag, digest)
    keys_of_version = _list_keys(keys, whole if image.is_full_reference else "")
    located = _locate_image(values, path, reference, keys_of_version or (whole or keys["name"],))
    yield replace(
        located,
        sets_version=has_version or bool(fields.reference) or image.is_full_reference,
        other_repositories=tuple(dict.fromkeys(others)),
    )


_NO_IMAGE = ImageReference("", None, None)


def _list_keys(keys: Mapping[str, str], whole: str) -> tuple[str, ...]:
    return tuple(key for key in (keys["tag"], keys["digest"], whole) if key)


def _first_text(value: Mapping[str, Json], keys: tuple[str, ...]) -> tuple[str, str]:
    """Return the text and the key of the first key with a scalar value."""
    for key in keys:
        found = value.get(key)
        if found is not None and not isinstance(found, dict | list | bool):
            return format_template_value(found), key
    return "", ""
