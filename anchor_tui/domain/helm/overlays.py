"""Helm values: the layers laid over each other as Helm does, and the images that an overlay names."""

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
    """A values file as a mapping; DocumentError where it is none."""
    value = document.value
    if isinstance(value, dict):
        return value
    return document.fail("not-a-mapping", "a values file holds a mapping (`key: value`)")


def merge_values(chart_values: HelmValues, *layers: HelmValues) -> HelmValues:
    """The values a chart renders with: `layers` in their order, then over the chart's own.

    Mappings merge deep, lists replace, and a null takes away what the chart says. Nothing given is changed.
    """
    laid: HelmValues = {}
    for layer in layers:
        laid = _overlay_mapping(laid, layer)
    return _overlay_chart_values(chart_values, laid)


def _overlay_mapping(below: HelmValues, above: HelmValues) -> HelmValues:
    """One layer over another; a null stays, for it still has to take away the chart's value."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        result[key] = _overlay_mapping(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
    return result


def _overlay_chart_values(chart: HelmValues, laid: HelmValues) -> HelmValues:
    result = {key: _remove_nulls(value) for key, value in laid.items() if value is not None}
    for key, value in chart.items():
        if key not in laid:
            result[key] = value
            continue
        over = laid[key]
        if isinstance(value, dict) and isinstance(over, dict):
            result[key] = _overlay_chart_values(value, over)
    return result


def _remove_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _remove_nulls(item) for key, item in value.items() if item is not None}
    return value


def find_overlay_images(merged: HelmValues, document: YamlDocument) -> tuple[ImageScalarPaths, ...]:
    """Every image that an overlay says something of, with the key paths of its tag and digest there.

    `merged` are the values with the chart's defaults laid under this overlay: they say the repository where
    the overlay does not, and so which release image this is. Tag and digest are the overlay's texts.
    """
    return tuple(_find_images(document.root, merged, ()))


def _find_images(node: Node, values: Json, path: KeyPath) -> Iterator[ImageScalarPaths]:
    match node:
        case MappingNode():
            place = _read_image_mapping(node, values if isinstance(values, dict) else {}, path)
            if place is not None:
                yield place
            for key in node.entries:
                item, below = node.entries[key], values.get(key) if isinstance(values, dict) else None
                if place is None or not isinstance(item, ScalarNode):
                    yield from _find_images(item, below, (*path, key))
        case SequenceNode():
            for index, item in enumerate(node.items):
                below = values[index] if isinstance(values, list) and index < len(values) else None
                yield from _find_images(item, below, (*path, index))
        case ScalarNode():
            yield from _find_text_reference(node, path)


def _find_text_reference(node: ScalarNode, path: KeyPath) -> Iterator[ImageScalarPaths]:
    """A text that is an image reference beyond doubt, wherever it stands: with a path, and a tag or digest."""
    try:
        repository, tag, digest = split_image_reference(node.text)
    except ValueError:
        return
    if "/" in repository and (tag or digest):
        image = Image(get_repository_name(repository), repository, tag, digest)
        yield ImageScalarPaths(image, path, node.line, node.column, reference=path)


def _read_image_mapping(node: MappingNode, values: HelmValues, path: KeyPath) -> ImageScalarPaths | None:
    """The image of one mapping of the overlay; None where the overlay says nothing of one."""
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
    whole = "reference" if fields["reference"].text else "repository"
    try:
        repository, tag, digest = split_image_reference(fields[whole].text)
    except ValueError:
        return None
    if registry := fields["registry"].text:
        repository = f"{registry.rstrip('/')}/{repository}"
    if own := fields["tag"].text:
        tag, _, appended = own.partition("@")
        digest = appended or digest
    digest = fields["digest"].text or digest
    places = {name: (*path, field.key) if field.key else None for name, field in fields.items()}
    image = Image(get_repository_name(repository), repository, tag or None, digest or None)
    reference = places[whole] if _has_tag_or_digest(fields[whole].text) else None
    return ImageScalarPaths(image, path, node.line, node.column, reference, places["tag"], places["digest"])


class _ImageField(NamedTuple):
    """What one field of an image says; `key` is its key in the overlay, None where the chart says it."""

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
