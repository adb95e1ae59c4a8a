"""Read image references, and change their tag and digest.

An image is either one text (`image: repository:tag@digest`) or a mapping with `repository`, `tag` and `digest`, and
possibly `registry`. The keys of Helm charts, of flat values (`imageTag`) and of kustomize (`newName`, `newTag`) are
supported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from anchor_tui.domain.model import Image
from anchor_tui.domain.yaml.document import YamlDocument
from anchor_tui.domain.yaml.nodes import KeyPath, MappingNode, Node, ScalarNode, format_key_path

REFERENCE_KEYS = ("image", "imageRef")
REGISTRY_KEYS = ("registry", "imageRegistry")
REPOSITORY_KEYS = ("repository", "newName", "imageRepository", "repo")
TAG_KEYS = ("tag", "newTag", "imageTag")
DIGEST_KEYS = ("digest", "imageDigest")
IMAGE_KEYS = (*REFERENCE_KEYS, *REGISTRY_KEYS, *REPOSITORY_KEYS, *TAG_KEYS, *DIGEST_KEYS)

_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"(?:(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?{_PATH_PART}(?:/{_PATH_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}")


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


def split_image_reference(text: str) -> tuple[str, str | None, str | None]:
    """Split `repository[:tag][@digest]` into its parts. Raises ValueError if the text is not a reference.

    A colon before the last slash is part of the registry's port, not a tag.
    """
    name, at, digest = text.partition("@")
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    repository = head + slash + last
    if not _REPOSITORY.fullmatch(repository):
        raise ValueError(f"`{text}` is not an image reference such as repository:tag@digest")
    if colon and not _TAG.fullmatch(tag):
        raise ValueError(f"`{text}` has no valid tag after the colon")
    if at and not _DIGEST.fullmatch(digest):
        raise ValueError(f"`{text}` has no valid digest after the @, such as sha256:…")
    return repository, tag or None, digest or None


def format_image_reference(repository: str, tag: str | None, digest: str | None) -> str:
    """Return the reference as one text, which `split_image_reference` splits."""
    return repository + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def get_repository_name(repository: str) -> str:
    """Return the last part of a repository, the default name of an image."""
    return repository.rstrip("/").rpartition("/")[2] or repository


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
    label = _read_first_text(node, ("name",))
    repository, tag, digest = "", None, None
    reference = _find_first_key(node, REFERENCE_KEYS)
    if reference is None and (key := _find_first_key(node, REPOSITORY_KEYS)) and _is_full_reference(node, key):
        reference = key  # `repository: ghcr.io/anchor/web:1.44.0`, all in one
    if reference is not None:
        text = node.get(reference)
        if isinstance(text, MappingNode):
            return read_image(document, text, (*path, reference), name or label)
        if not isinstance(text, ScalarNode):
            return document.fail("image-shape", f"`{format_key_path((*path, reference))}` is not an image", text)
        repository, tag, digest = _split_scalar_reference(document, text, (*path, reference))
    elif key := _find_first_key(node, REPOSITORY_KEYS):
        repository = _read_first_text(node, (key,)) or ""
    elif label and "/" in label:  # kustomize: the name is the repository, unless newName is set
        repository = label
    if not repository:
        expected = "`repository` and `tag`, or one `image: repository:tag@digest`"
        message = f"`{format_key_path(path)}` is not an image: expected {expected}, found {_format_keys(node)}"
        return document.fail("image-shape", message, node)
    if registry := _read_first_text(node, REGISTRY_KEYS):
        repository = f"{registry.rstrip('/')}/{repository}"
    tag_key, digest_key = _find_first_key(node, TAG_KEYS), _find_first_key(node, DIGEST_KEYS)
    if tag_key is not None and (own := _read_first_text(node, (tag_key,))):
        tag, _, appended = own.partition("@")  # `tag: 1.44.0@sha256:…`
        digest = appended or digest
    if digest_key is not None:
        digest = _read_first_text(node, (digest_key,)) or digest
    fallback = label if label and "/" not in label else get_repository_name(repository)
    return ImageScalarPaths(
        Image(name or fallback, repository, tag or None, digest),
        path,
        node.line,
        node.column,
        reference=(*path, reference) if reference and _is_full_reference(node, reference) else None,
        tag=(*path, tag_key) if tag_key else None,
        digest=(*path, digest_key) if digest_key else None,
    )


def _split_scalar_reference(
    document: YamlDocument, node: ScalarNode, path: KeyPath
) -> tuple[str, str | None, str | None]:
    try:
        return split_image_reference(node.text)
    except ValueError as error:
        return document.fail("image-shape", f"`{format_key_path(path)}`: {error}", node)


def _is_full_reference(node: MappingNode, key: str) -> bool:
    text = _read_first_text(node, (key,)) or ""
    return "@" in text or ":" in text.rpartition("/")[2]


def _find_first_key(node: MappingNode, keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if node.get(key) is not None), None)


def _read_first_text(node: MappingNode, keys: tuple[str, ...]) -> str | None:
    """Return the text of the first key that exists; None if there is none, or if it is null."""
    key = _find_first_key(node, keys)
    found = node.get(key) if key is not None else None
    return found.text if isinstance(found, ScalarNode) and found.value is not None else None


def _format_keys(node: MappingNode) -> str:
    return ", ".join(f"`{key}`" for key in node.entries) or "nothing"


def build_image_changes(document: YamlDocument, paths: ImageScalarPaths, image: Image) -> dict[KeyPath, str]:
    """Return the scalars to replace so that `paths` has the tag and digest of `image`. The repository stays.

    An empty tag or digest (`null`, `""`) stays empty if the image has no tag or digest either. Raises
    YamlDocumentError if a scalar is missing or superfluous, because nothing is ever inserted or removed.
    """
    changes: dict[KeyPath, str] = {}
    has_tag = has_digest = False
    if paths.reference is not None:
        repository, old_tag, old_digest = split_image_reference(document.get_scalar(paths.reference).text)
        has_tag, has_digest = old_tag is not None, old_digest is not None
        parts = (image.tag if has_tag else None, image.digest if has_digest else None)
        changes[paths.reference] = format_image_reference(repository, *parts)
    if paths.tag is not None and (paths.image.tag or image.tag):
        appended = "@" in document.get_scalar(paths.tag).text
        has_tag, has_digest = True, has_digest or appended
        changes[paths.tag] = f"{image.tag}@{image.digest}" if appended else image.tag or ""
    if paths.digest is not None and (paths.image.digest or image.digest):
        has_digest = True
        changes[paths.digest] = image.digest or ""
    _check_field_can_change(document, paths, "tag", paths.image.tag, image.tag, is_set=has_tag)
    _check_field_can_change(document, paths, "digest", paths.image.digest, image.digest, is_set=has_digest)
    return changes


def _check_field_can_change(
    document: YamlDocument, paths: ImageScalarPaths, field: str, old: str | None, new: str | None, *, is_set: bool
) -> None:
    if old == new or (is_set and new):
        return
    reason = f"has no {field} to change" if new else f"has a {field}, which the new image lacks"
    message = (
        f"`{format_key_path(paths.path)}` {reason}, and nothing is ever inserted or removed: change it by hand, once"
    )
    document.fail("image-shape", message, document.find(paths.path))
