"""The images that the merged values name, wherever they stand, as Helm's templates would write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from anchor_tui.domain.helm.image_fields import (
    DIGEST_KEYS,
    REFERENCE_KEYS,
    REGISTRY_KEYS,
    REPOSITORY_KEYS,
    TAG_KEYS,
    split_image_reference,
)
from anchor_tui.domain.helm.template_values import format_template_value
from anchor_tui.domain.helm.value_layers import LayeredValues, SourceLocation, ValueLayer
from anchor_tui.domain.kubernetes.image_references import ImageReference, canonicalize_repository
from anchor_tui.domain.model import ValueObject
from anchor_tui.domain.policy.evidence.lookup import walk_values
from anchor_tui.domain.yaml.nodes import Json, KeyPath


class ImageInValues(ValueObject, frozen=True):
    """One image of the values. `place` is where its tag, digest or reference is decided."""

    reference: ImageReference
    path: KeyPath
    place: SourceLocation | None
    deciding_layers: tuple[ValueLayer, ...]
    """The layers that say its tag, digest or reference."""

    @property
    def is_chart_default(self) -> bool:
        """Whether only the chart's own defaults name it."""
        return all(layer.is_chart for layer in self.deciding_layers)


def find_images(laid: LayeredValues) -> Iterator[ImageInValues]:
    """Every image with a repository, but for what is switched off."""
    for path, value in walk_values(laid.merged):
        if isinstance(value, dict):
            said = _parse_mapping_image(value)
        elif isinstance(value, str) and "/" in value and path and path[-1] not in _IMAGE_KEYS:
            said = _parse_text_image(value)
        else:
            continue
        if said is not None:
            reference, keys = said
            yield _locate_image(laid, path, reference, keys)


_IMAGE_KEYS = frozenset((*REFERENCE_KEYS, *REGISTRY_KEYS, *REPOSITORY_KEYS, *TAG_KEYS, *DIGEST_KEYS))


def _locate_image(
    laid: LayeredValues, path: KeyPath, reference: ImageReference, keys: tuple[str, ...]
) -> ImageInValues:
    paths = [(*path, key) for key in keys] or [path]
    deciding = []
    places = []
    for each in paths:
        for layer in reversed(laid.layers):
            if (place := layer.locate(each)) is not None:
                deciding.append(layer)
                places.append(place)
                break
    return ImageInValues(reference, path, places[0] if places else None, tuple(deciding))


def _parse_text_image(value: str) -> tuple[ImageReference, tuple[str, ...]] | None:
    """A text that is an image reference beyond doubt: with a path, and a tag or a digest."""
    try:
        repository, tag, digest = split_image_reference(value)
    except ValueError:
        return None
    return (ImageReference(canonicalize_repository(repository), tag, digest), ()) if tag or digest else None


def _parse_mapping_image(value: Mapping[str, Json]) -> tuple[ImageReference, tuple[str, ...]] | None:
    whole, whole_key = _first_text(value, REFERENCE_KEYS)
    repository, repository_key = _first_text(value, REPOSITORY_KEYS)
    tag, tag_key = _first_text(value, TAG_KEYS)
    digest, digest_key = _first_text(value, DIGEST_KEYS)
    try:
        name, said_tag, said_digest = split_image_reference(whole or repository)
    except ValueError:
        return None
    if not tag_key and not digest_key and not said_tag and not said_digest and not whole:
        return None
    registry, _ = _first_text(value, REGISTRY_KEYS)
    if registry:
        name = f"{registry.rstrip('/')}/{name}"
    if tag:
        tag, _, appended = tag.partition("@")
        said_digest = appended or said_digest
    digest = digest or said_digest or ""
    reference = ImageReference(canonicalize_repository(name), tag or said_tag or None, digest.lower() or None)
    order = (tag_key, digest_key, whole_key or repository_key if said_tag or said_digest else "")
    return reference, tuple(key for key in order if key) or (whole_key or repository_key,)


def _first_text(value: Mapping[str, Json], keys: tuple[str, ...]) -> tuple[str, str]:
    """The text and the key of the first of the keys that says something."""
    for key in keys:
        said = value.get(key)
        if said is not None and not isinstance(said, dict | list | bool):
            return format_template_value(said), key
    return "", ""
