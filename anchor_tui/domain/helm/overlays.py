"""Merge values as Helm does, and find the images that an overlay sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from anchor_tui.domain.helm.image_fields import (
    DIGEST_KEYS,
    REFERENCE_KEYS,
    REGISTRY_KEYS,
    REPOSITORY_KEYS,
    TAG_KEYS,
    ImageScalarPaths,
    get_repository_name,
    split_image_reference,
)
from anchor_tui.domain.model import Image
from anchor_tui.domain.yaml.document import YamlDocument
from anchor_tui.domain.yaml.nodes import Json, KeyPath, MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterator

HelmValues: TypeAlias = "dict[str, Json]"


def read_values_file(document: YamlDocument) -> HelmValues:
    """Return a values file as a mapping. Raises YamlDocumentError if it is not a mapping."""
    value = document.value
    if isinstance(value, dict):
        return value
    return document.fail("not-a-mapping", "a values file must contain a mapping (`key: value`)")


def merge_values(chart_values: HelmValues, *layers: HelmValues) -> HelmValues:
    """Return the values that a chart renders with: its own, overlaid by `layers` in their order.

    Mappings are merged deeply, lists are replaced, and null removes a value of the chart. No argument is changed.
    """
    overlay: HelmValues = {}
    for layer in layers:
        overlay = _overlay_mapping(overlay, layer)
    return _overlay_chart_values(chart_values, overlay)


def _overlay_mapping(below: HelmValues, above: HelmValues) -> HelmValues:
    """Overlay one layer on another. A null is kept, because it has to remove the chart's value later."""
    result = dict(below)
    for key, value in above.items():
        lower = result.get(key)
        result[key] = _overlay_mapping(lower, value) if isinstance(value, dict) and isinstance(lower, dict) else value
    return result


def _overlay_chart_values(chart: HelmValues, overlay: HelmValues) -> HelmValues:
    result = {key: _remove_nulls(value) for key, value in overlay.items() if value is not None}
    for key, value in chart.items():
        if key not in overlay:
            result[key] = value
            continue
        above = overlay[key]
        if isinstance(value, dict) and isinstance(above, dict):
            result[key] = _overlay_chart_values(value, above)
    return result


def _remove_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _remove_nulls(item) for key, item in value.items() if item is not None}
    return value


def find_overlay_images(merged: HelmValues, document: YamlDocument) -> tuple[ImageScalarPaths, ...]:
    """Return every image with a field that the overlay sets, with the key paths of its tag and digest in the overlay.

    `merged` are the chart's values merged with this overlay. They supply the repository, which identifies the image of
    the release, if the overlay does not contain it. Tag and digest are the texts of the overlay.
    """
    return tuple(_find_images(document.root, merged, ()))


def _find_images(node: Node, values: Json, path: KeyPath) -> Iterator[ImageScalarPaths]:
    match node:
        case MappingNode():
            paths = _read_image_mapping(node, values if isinstance(values, dict) else {}, path)
            if paths is not None:
                yield paths
            for key in node.entries:
                item, below = node.entries[key], values.get(key) if isinstance(values, dict) else None
                if paths is None or not isinstance(item, ScalarNode):
                    yield from _find_images(item, below, (*path, key))
        case SequenceNode():
            for index, item in enumerate(node.items):
                below = values[index] if isinstance(values, list) and index < len(values) else None
                yield from _find_images(item, below, (*path, index))
        case ScalarNode():
            yield from _find_text_reference(node, path)


def _find_text_reference(node: ScalarNode, path: KeyPath) -> Iterator[ImageScalarPaths]:
    """Yield the image of a text that is certainly a reference: it has a path, and a tag or digest."""
    try:
        repository, tag, digest = split_image_reference(node.text)
    except ValueError:
        return
    if "/" in repository and (tag or digest):
        image = Image(get_repository_name(repository), repository, tag, digest)
        yield ImageScalarPaths(image, path, node.line, node.column, reference=path)


def _read_image_mapping(node: MappingNode, values: HelmValues, path: KeyPath) -> ImageScalarPaths | None:
    """Return the image of one mapping of the overlay; None if the overlay sets no field of an image."""
    fields = {
        name: _read_image_field(node, values, keys)
        for name, keys in (
            ("reference", REFERENCE_KEYS),
            ("registry", REGISTRY_KEYS),
            ("repository", REPOSITORY_KEYS),
            ("tag", TAG_KEYS),
            ("digest", DIGEST_KEYS),
        )
    }
    if not any(field.key for field in fields.values()):
        return None
    full = "reference" if fields["reference"].text else "repository"
    try:
        repository, tag, digest = split_image_reference(fields[full].text)
    except ValueError:
        return None
    if registry := fields["registry"].text:
        repository = f"{registry.rstrip('/')}/{repository}"
    if own := fields["tag"].text:
        tag, _, appended = own.partition("@")
        digest = appended or digest
    digest = fields["digest"].text or digest
    paths = {name: (*path, field.key) if field.key else None for name, field in fields.items()}
    image = Image(get_repository_name(repository), repository, tag or None, digest or None)
    reference = paths[full] if _has_tag_or_digest(fields[full].text) else None
    return ImageScalarPaths(image, path, node.line, node.column, reference, paths["tag"], paths["digest"])


class _ImageField(NamedTuple):
    """The text of one field of an image. `key` is its key in the overlay; None if only the chart sets it."""

    text: str
    key: str | None


def _read_image_field(node: MappingNode, values: HelmValues, keys: tuple[str, ...]) -> _ImageField:
    for key in keys:
        own = node.get(key)
        if isinstance(own, ScalarNode):
            return _ImageField(own.text if own.value is not None else "", key)
        value = values.get(key)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return _ImageField(str(value), None)
    return _ImageField("", None)


def _has_tag_or_digest(text: str) -> bool:
    _, tag, digest = split_image_reference(text)
    return bool(tag or digest)
