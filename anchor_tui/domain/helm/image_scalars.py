"""Read images from YAML nodes, and change their tag and digest.

Nothing is ever inserted or removed: only texts that exist are replaced, in the form that they have.
"""

from __future__ import annotations

from dataclasses import dataclass

from anchor_tui.domain.helm.image_fields import (
    DIGEST_KEYS,
    REFERENCE_KEYS,
    REGISTRY_KEYS,
    REPOSITORY_KEYS,
    TAG_KEYS,
    ImageFields,
    TagForm,
    classify_tag,
    format_image_reference,
    get_repository_name,
    interpret_image_fields,
    split_image_reference,
    write_tag,
)
from anchor_tui.domain.model import Image
from anchor_tui.domain.yaml.document import YamlDocument
from anchor_tui.domain.yaml.nodes import KeyPath, MappingNode, Node, ScalarNode, format_key_path


@dataclass(frozen=True, slots=True)
class ImageScalarPaths:
    """One image and the key paths of the scalars that define it; a path is None if there is no such scalar.

    `reference` is the path of a text that contains repository, tag and digest. It defines what the other paths do not.
    """

    image: Image
    path: KeyPath
    line: int
    column: int
    reference: KeyPath | None = None
    tag: KeyPath | None = None
    digest: KeyPath | None = None
    other_repositories: tuple[str, ...] = ()
    """Repositories that the image may have instead: a chart may not use `global.imageRegistry`."""
    tag_form: TagForm = "tag"


def read_image(document: YamlDocument, node: Node, path: KeyPath, name: str | None = None) -> ImageScalarPaths:
    """Return the image that a mapping or a text describes. Raises YamlDocumentError if it describes none."""
    match node:
        case ScalarNode():
            return _read_image_text(document, node, path, name)
        case MappingNode():
            return _read_image_mapping(document, node, path, name)
        case _:
            return document.fail("image-shape", f"`{format_key_path(path)}` is a list, not one image", node)


def _read_image_text(document: YamlDocument, node: ScalarNode, path: KeyPath, name: str | None) -> ImageScalarPaths:
    repository, tag, digest = _split_scalar_reference(document, node, path)
    image = Image(name or get_repository_name(repository), repository, tag, digest)
    return ImageScalarPaths(image, path, node.line, node.column, reference=path)


def _read_image_mapping(document: YamlDocument, node: MappingNode, path: KeyPath, name: str | None) -> ImageScalarPaths:
    keys = {
        "reference": _find_first_key(node, REFERENCE_KEYS),
        "registry": _find_first_key(node, REGISTRY_KEYS),
        "repository": _find_first_key(node, REPOSITORY_KEYS),
        "tag": _find_first_key(node, TAG_KEYS),
        "digest": _find_first_key(node, DIGEST_KEYS),
    }
    label = _read_text(node, "name")
    if reference := keys["reference"]:
        below = node.get(reference)
        if isinstance(below, MappingNode):
            return read_image(document, below, (*path, reference), name or label or None)
        if not isinstance(below, ScalarNode):
            return document.fail("image-shape", f"`{format_key_path((*path, reference))}` is not an image", below)
    fields = ImageFields(**{field: _read_text(node, key) for field, key in keys.items()})
    if not fields.reference and not fields.repository and (fields.registry or "/" in label):
        fields = fields._replace(name=label)  # kustomize: the name is the repository, unless newName is set
    if not fields.reference and not fields.repository and not fields.name:
        expected = "`repository` and `tag`, or one `image: repository:tag@digest`"
        message = f"`{format_key_path(path)}` is not an image: expected {expected}, found {_format_keys(node)}"
        return document.fail("image-shape", message, node)
    whole = "reference" if fields.reference else "repository"
    try:
        found = interpret_image_fields(fields)
    except ValueError as error:
        where = (*path, keys[whole] or "name")
        return document.fail("image-shape", f"`{format_key_path(where)}`: {error}", document.find(where))
    repository = found.repositories[0]
    fallback = label if label and "/" not in label else get_repository_name(repository)
    full = keys[whole] if found.is_full_reference else None
    return ImageScalarPaths(
        Image(name or fallback, repository, found.tag, found.digest),
        path,
        node.line,
        node.column,
        reference=(*path, full) if full else None,
        tag=(*path, keys["tag"]) if keys["tag"] else None,
        digest=(*path, keys["digest"]) if keys["digest"] else None,
        tag_form=classify_tag(fields.tag, fields.reference or fields.repository or fields.name),
    )


def _split_scalar_reference(
    document: YamlDocument, node: ScalarNode, path: KeyPath
) -> tuple[str, str | None, str | None]:
    try:
        return split_image_reference(node.text)
    except ValueError as error:
        return document.fail("image-shape", f"`{format_key_path(path)}`: {error}", node)


def _find_first_key(node: MappingNode, keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if node.get(key) is not None), None)


def _read_text(node: MappingNode, key: str | None) -> str:
    """Return the text of a key; empty if the key is absent, null or not one value."""
    found = node.get(key) if key is not None else None
    return found.text if isinstance(found, ScalarNode) and found.value is not None else ""


def _format_keys(node: MappingNode) -> str:
    return ", ".join(f"`{key}`" for key in node.entries) or "nothing"


def build_image_changes(document: YamlDocument, paths: ImageScalarPaths, image: Image) -> dict[KeyPath, str]:
    """Return the scalars to replace so that `paths` has the tag and digest of `image`. The repository stays.

    An empty tag or digest (`null`, `""`) stays empty if the image does not set it either. Raises YamlDocumentError if
    a scalar is missing or superfluous, because nothing is ever inserted or removed.
    """
    changes: dict[KeyPath, str] = {}
    has_tag = has_digest = False
    if paths.reference is not None:
        repository, old_tag, old_digest = split_image_reference(document.get_scalar(paths.reference).text)
        has_tag, has_digest = old_tag is not None, old_digest is not None
        parts = (image.tag if has_tag else None, image.digest if has_digest else None)
        changes[paths.reference] = format_image_reference(repository, *parts)
    form = paths.tag_form
    if paths.tag is not None and (form != "tag" or paths.image.tag or image.tag):
        has_tag, has_digest = has_tag or form in {"tag", "tag@digest"}, has_digest or form != "tag"
        changes[paths.tag] = write_tag(form, image.tag, image.digest)
        if form == "hex" and image.digest and not image.digest.startswith("sha256:"):
            document.fail("image-shape", f"`{format_key_path(paths.tag)}` accepts only a sha256", document.root)
    if paths.digest is not None and (paths.image.digest or image.digest):
        has_digest = True
        at = "@" if document.get_scalar(paths.digest).text.startswith("@") else ""
        changes[paths.digest] = f"{at}{image.digest}" if image.digest else ""
    _check_field_can_change(document, paths, "tag", paths.image.tag, image.tag, is_set=has_tag)
    _check_field_can_change(document, paths, "digest", paths.image.digest, image.digest, is_set=has_digest)
    return changes


def _check_field_can_change(
    document: YamlDocument, paths: ImageScalarPaths, field: str, old: str | None, new: str | None, *, is_set: bool
) -> None:
    if old == new or (is_set and new):
        return
    reason = f"has no {field} to change" if new else f"has a {field}, and the new image does not"
    message = (
        f"`{format_key_path(paths.path)}` {reason}, and nothing is ever inserted or removed: change it by hand, once"
    )
    document.fail("image-shape", message, document.find(paths.path))
