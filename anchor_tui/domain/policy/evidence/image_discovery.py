"""Discovery of images in merged Helm values, at any key path, as a chart's templates would render them."""

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
from anchor_tui.domain.policy.evidence.variable_lookup import walk_values
from anchor_tui.domain.yaml.nodes import Json, KeyPath


class ImageInValues(ValueObject, frozen=True):
    """One image in the values. `location` is that of its tag, digest or reference."""

    reference: ImageReference
    path: KeyPath
    location: SourceLocation | None
    deciding_layers: tuple[ValueLayer, ...]
    """The layers that set its tag, digest or reference."""

    @property
    def is_chart_default(self) -> bool:
        """True if only the chart's default values set the image."""
        return all(layer.is_chart for layer in self.deciding_layers)


_IMAGE_KEYS = frozenset((*REFERENCE_KEYS, *REGISTRY_KEYS, *REPOSITORY_KEYS, *TAG_KEYS, *DIGEST_KEYS))


def find_images(values: LayeredValues) -> Iterator[ImageInValues]:
    """Yield every image with a repository; values under `enabled: false` are excluded."""
    for path, value in walk_values(values.merged):
        if isinstance(value, dict):
            image = _parse_mapping_image(value)
        elif isinstance(value, str) and "/" in value and path and path[-1] not in _IMAGE_KEYS:
            image = _parse_text_image(value)
        else:
            continue
        if image is not None:
            reference, keys = image
            yield _locate_image(values, path, reference, keys)


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


def _parse_text_image(value: str) -> tuple[ImageReference, tuple[str, ...]] | None:
    """Parse a text as an image reference; None unless it has a path and a tag or digest."""
    try:
        repository, tag, digest = split_image_reference(value)
    except ValueError:
        return None
    return (ImageReference(canonicalize_repository(repository), tag, digest), ()) if tag or digest else None


def _parse_mapping_image(value: Mapping[str, Json]) -> tuple[ImageReference, tuple[str, ...]] | None:
    """Return the image of a mapping and the keys that decide its version."""
    reference_text, reference_key = _first_text(value, REFERENCE_KEYS)
    repository, repository_key = _first_text(value, REPOSITORY_KEYS)
    tag, tag_key = _first_text(value, TAG_KEYS)
    digest, digest_key = _first_text(value, DIGEST_KEYS)
    try:
        name, inline_tag, inline_digest = split_image_reference(reference_text or repository)
    except ValueError:
        return None
    if not tag_key and not digest_key and not inline_tag and not inline_digest and not reference_text:
        return None
    registry, _ = _first_text(value, REGISTRY_KEYS)
    if registry:
        name = f"{registry.rstrip('/')}/{name}"
    if tag:
        tag, _, appended = tag.partition("@")
        inline_digest = appended or inline_digest
    digest = digest or inline_digest or ""
    reference = ImageReference(canonicalize_repository(name), tag or inline_tag or None, digest.lower() or None)
    order = (tag_key, digest_key, reference_key or repository_key if inline_tag or inline_digest else "")
    return reference, tuple(key for key in order if key) or (reference_key or repository_key,)


def _first_text(value: Mapping[str, Json], keys: tuple[str, ...]) -> tuple[str, str]:
    """Return the text and the key of the first key with a scalar value."""
    for key in keys:
        found = value.get(key)
        if found is not None and not isinstance(found, dict | list | bool):
            return format_template_value(found), key
    return "", ""
