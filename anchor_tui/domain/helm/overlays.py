"""Merge values as Helm does, and find the images that an overlay sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from anchor_tui.domain.helm.image_fields import (
    DIGEST_KEYS,
    NAME_KEYS,
    REFERENCE_KEYS,
    REGISTRY_KEYS,
    REPOSITORY_KEYS,
    TAG_KEYS,
    ImageFields,
    classify_tag,
    get_global_registry,
    get_repository_name,
    interpret_image_fields,
    split_image_reference,
)
from anchor_tui.domain.helm.image_scalars import ImageScalarPaths
from anchor_tui.domain.helm.template_values import format_template_value
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

    Mappings are merged deeply, lists are replaced, and null removes a value of the chart. A null that removes nothing
    stays, and a template writes it as an empty value. No argument is changed.
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
    result = {key: value for key, value in overlay.items() if value is not None or key not in chart}
    for key, value in chart.items():
        if key not in overlay:
            result[key] = value
            continue
        above = overlay[key]
        if isinstance(value, dict) and isinstance(above, dict):
            result[key] = _overlay_chart_values(value, above)
    return result


class UnclearOverlayImage(NamedTuple):
    """A field of an image in the overlay whose image is unknown. `text` has all texts of the image."""

    path: KeyPath
    reason: str
    text: str


def find_overlay_images(merged: HelmValues, document: YamlDocument) -> tuple[ImageScalarPaths, ...]:
    """Return every image with a field that the overlay sets, with the key paths of its tag and digest in the overlay.

    `merged` are the chart's values merged with this overlay. They supply the repository, which identifies the image of
    the release, if the overlay does not contain it. Tag and digest are the texts of the overlay.
    """
    return tuple(found for found in _list_images(merged, document) if isinstance(found, ImageScalarPaths))


def find_unclear_images(merged: HelmValues, document: YamlDocument) -> tuple[UnclearOverlayImage, ...]:
    """Return every image whose reference, tag or digest has a form that is not understood."""
    return tuple(found for found in _list_images(merged, document) if isinstance(found, UnclearOverlayImage))


def _list_images(merged: HelmValues, document: YamlDocument) -> Iterator[ImageScalarPaths | UnclearOverlayImage]:
    yield from _find_images(document.root, merged, (), get_global_registry(merged))


def _find_images(
    node: Node, values: Json, path: KeyPath, global_registry: str
) -> Iterator[ImageScalarPaths | UnclearOverlayImage]:
    match node:
        case MappingNode():
            known = values if isinstance(values, dict) else {}
            image = _read_image_mapping(node, known, path, global_registry)
            if image is not None:
                yield image
            for key, item in node.iterate_children():
                if not isinstance(image, ImageScalarPaths) or not isinstance(item, ScalarNode):
                    yield from _find_images(item, known.get(key), (*path, key), global_registry)
        case SequenceNode():
            for index, item in enumerate(node.items):
                below = values[index] if isinstance(values, list) and index < len(values) else None
                yield from _find_images(item, below, (*path, index), global_registry)
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


def _read_image_mapping(
    node: MappingNode, values: HelmValues, path: KeyPath, global_registry: str
) -> ImageScalarPaths | UnclearOverlayImage | None:
    """Return the image of one mapping of the overlay; None if the overlay sets no field of an image."""
    found = {
        name: _read_image_field(node, values, keys)
        for name, keys in (
            ("reference", REFERENCE_KEYS),
            ("registry", REGISTRY_KEYS),
            ("repository", REPOSITORY_KEYS),
            ("name", NAME_KEYS),
            ("tag", TAG_KEYS),
            ("digest", DIGEST_KEYS),
        )
    }
    if not any(field.key for name, field in found.items() if name != "name"):
        return None
    fields = ImageFields(**{name: field.text for name, field in found.items()})
    try:
        image = interpret_image_fields(fields, global_registry)
    except ValueError as error:
        decisive = any(found[name].key and found[name].text for name in ("reference", "tag", "digest"))
        key = found["reference"].key
        where = (*path, key) if key else path
        return UnclearOverlayImage(where, str(error), " ".join(filter(None, fields))) if decisive else None
    paths = {name: (*path, field.key) if field.key else None for name, field in found.items()}
    repository, *others = image.repositories
    whole = "reference" if fields.reference else "repository" if fields.repository else "name"
    return ImageScalarPaths(
        Image(get_repository_name(repository), repository, image.tag, image.digest),
        path,
        node.line,
        node.column,
        paths[whole] if image.is_full_reference else None,
        paths["tag"],
        paths["digest"],
        tuple(others),
        classify_tag(fields.tag, getattr(fields, whole)),
    )


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
            return _ImageField(format_template_value(value), None)
    return _ImageField("", None)
