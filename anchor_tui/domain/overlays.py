"""Helm values: the layers laid over each other as Helm does, and the images that an overlay names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from anchor_tui.domain.documents import Document, Json, KeyPath, MappingNode, Node, Scalar, SequenceNode
from anchor_tui.domain.images import (
    DIGEST_KEYS,
    REFERENCE_KEYS,
    REGISTRY_KEYS,
    REPOSITORY_KEYS,
    TAG_KEYS,
    ImagePlace,
    parse_reference,
    short_name,
)
from anchor_tui.domain.model import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

Values: TypeAlias = "dict[str, Json]"


def read_values(document: Document) -> Values:
    """A values file as a mapping; DocumentError where it is none."""
    value = document.value
    if isinstance(value, dict):
        return value
    return document.fail("not-a-mapping", "a values file holds a mapping (`key: value`)")


def merge(chart_values: Values, *layers: Values) -> Values:
    """The values a chart renders with: `layers` in their order, then over the chart's own.

    Mappings merge deep, lists replace, and a null takes away what the chart says. Nothing given is changed.
    """
    laid: Values = {}
    for layer in layers:
        laid = _lay(laid, layer)
    return _over_chart(chart_values, laid)


def _lay(below: Values, above: Values) -> Values:
    """One layer over another; a null stays, for it still has to take away the chart's value."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        result[key] = _lay(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
    return result


def _over_chart(chart: Values, laid: Values) -> Values:
    result = {key: _without_nulls(value) for key, value in laid.items() if value is not None}
    for key, value in chart.items():
        if key not in laid:
            result[key] = value
            continue
        over = laid[key]
        if isinstance(value, dict) and isinstance(over, dict):
            result[key] = _over_chart(value, over)
    return result


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


def overlay_images(merged: Values, document: Document) -> tuple[ImagePlace, ...]:
    """Every image that an overlay says something of, with the key paths of its tag and digest there.

    `merged` are the values with the chart's defaults laid under this overlay: they say the repository where
    the overlay does not, and so which release image this is. Tag and digest are the overlay's texts.
    """
    return tuple(_found(document.root, merged, ()))


def _found(node: Node, values: Json, path: KeyPath) -> Iterator[ImagePlace]:
    match node:
        case MappingNode():
            place = _image(node, values if isinstance(values, dict) else {}, path)
            if place is not None:
                yield place
            for key in node.entries:
                item, below = node.entries[key], values.get(key) if isinstance(values, dict) else None
                if place is None or not isinstance(item, Scalar):
                    yield from _found(item, below, (*path, key))
        case SequenceNode():
            for index, item in enumerate(node.items):
                below = values[index] if isinstance(values, list) and index < len(values) else None
                yield from _found(item, below, (*path, index))
        case Scalar():
            yield from _whole(node, path)


def _whole(node: Scalar, path: KeyPath) -> Iterator[ImagePlace]:
    """A text that is an image reference beyond doubt, wherever it stands: with a path, and a tag or digest."""
    try:
        repository, tag, digest = parse_reference(node.text)
    except ValueError:
        return
    if "/" in repository and (tag or digest):
        image = Image(short_name(repository), repository, tag, digest)
        yield ImagePlace(image, path, node.line, node.column, reference=path)


def _image(node: MappingNode, values: Values, path: KeyPath) -> ImagePlace | None:
    """The image of one mapping of the overlay; None where the overlay says nothing of one."""
    fields = {
        name: _field(node, values, keys)
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
        repository, tag, digest = parse_reference(fields[whole].text)
    except ValueError:
        return None
    if registry := fields["registry"].text:
        repository = f"{registry.rstrip('/')}/{repository}"
    if own := fields["tag"].text:
        tag, _, appended = own.partition("@")
        digest = appended or digest
    digest = fields["digest"].text or digest
    places = {name: (*path, field.key) if field.key else None for name, field in fields.items()}
    image = Image(short_name(repository), repository, tag or None, digest or None)
    reference = places[whole] if _is_whole(fields[whole].text) else None
    return ImagePlace(image, path, node.line, node.column, reference, places["tag"], places["digest"])


class _Field(NamedTuple):
    """What one field of an image says; `key` is its key in the overlay, None where the chart says it."""

    text: str
    key: str | None


def _field(node: MappingNode, values: Values, keys: tuple[str, ...]) -> _Field:
    for key in keys:
        own = node.get(key)
        if isinstance(own, Scalar):
            return _Field(own.text if own.value is not None else "", key)
        value = values.get(key)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return _Field(str(value), None)
    return _Field("", None)


def _is_whole(text: str) -> bool:
    _, tag, digest = parse_reference(text)
    return bool(tag or digest)
