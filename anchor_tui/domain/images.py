"""Image references, however they are written: in one text, or in the fields of a mapping.

An image is told by what its keys mean: `repository`, `tag` and `digest` apart (with a `registry` before it
where a chart has one), or one `image: repository:tag@digest`; in the words of Helm charts, of flat values
(`imageTag`) and of kustomize (`newName`, `newTag`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from anchor_tui.domain.documents import Document, KeyPath, MappingNode, Node, Scalar, dotted
from anchor_tui.domain.model import Image

REFERENCE_KEYS = ("image", "imageRef")
REGISTRY_KEYS = ("registry", "imageRegistry")
REPOSITORY_KEYS = ("repository", "newName", "imageRepository", "repo")
TAG_KEYS = ("tag", "newTag", "imageTag")
DIGEST_KEYS = ("digest", "imageDigest")
IMAGE_KEYS = (*REFERENCE_KEYS, *REGISTRY_KEYS, *REPOSITORY_KEYS, *TAG_KEYS, *DIGEST_KEYS)

_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"(?:(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}")


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """One image and the key paths of the scalars that say it; a path is None where no scalar does.

    `reference` is one text that holds repository, tag and digest; where it is given, it says what the
    other paths do not.
    """

    image: Image
    path: KeyPath
    line: int
    column: int
    reference: KeyPath | None = None
    tag: KeyPath | None = None
    digest: KeyPath | None = None


def parse_reference(text: str) -> tuple[str, str | None, str | None]:
    """Repository, tag and digest of `repository[:tag][@digest]`; ValueError where it is none of that.

    A colon before the last slash is a registry's port, not a tag.
    """
    name, at, digest = text.partition("@")
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    repository = head + slash + last
    if not _REPOSITORY.fullmatch(repository):
        raise ValueError(f"`{text}` is no image reference: repository:tag@digest is one")
    if colon and not _TAG.fullmatch(tag):
        raise ValueError(f"`{text}` has no valid tag after the colon")
    if at and not _DIGEST.fullmatch(digest):
        raise ValueError(f"`{text}` has no valid digest after the @: sha256:… is one")
    return repository, tag or None, digest or None


def format_reference(repository: str, tag: str | None, digest: str | None) -> str:
    """The reference as one text; what `parse_reference` takes apart."""
    return repository + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def short_name(repository: str) -> str:
    """The last part of a repository, by which an image goes where nobody named it."""
    return repository.rstrip("/").rpartition("/")[2] or repository


def read_image(document: Document, node: Node, path: KeyPath, name: str | None = None) -> ImagePlace:
    """The image that a mapping or a text describes; DocumentError where none can be made out."""
    match node:
        case Scalar():
            return _from_text(document, node, path, name)
        case MappingNode():
            return _from_mapping(document, node, path, name)
        case _:
            return document.fail("image-shape", f"`{dotted(path)}` is a list, where one image was looked for", node)


def _from_text(document: Document, node: Scalar, path: KeyPath, name: str | None) -> ImagePlace:
    repository, tag, digest = _parsed(document, node, path)
    image = Image(name or short_name(repository), repository, tag, digest)
    return ImagePlace(image, path, node.line, node.column, reference=path)


def _from_mapping(document: Document, node: MappingNode, path: KeyPath, name: str | None) -> ImagePlace:
    label = _text(node, ("name",))
    repository, tag, digest = "", None, None
    reference = _key(node, REFERENCE_KEYS)
    if reference is None and (key := _key(node, REPOSITORY_KEYS)) and _is_reference(node, key):
        reference = key  # `repository: ghcr.io/anchor/web:1.44.0`, all in one
    if reference is not None:
        text = node.get(reference)
        if isinstance(text, MappingNode):
            return read_image(document, text, (*path, reference), name or label)
        if not isinstance(text, Scalar):
            return document.fail("image-shape", f"`{dotted((*path, reference))}` holds no image", text)
        repository, tag, digest = _parsed(document, text, (*path, reference))
    elif key := _key(node, REPOSITORY_KEYS):
        repository = _text(node, (key,)) or ""
    elif label and "/" in label:  # kustomize: the name is the repository, unless newName says another
        repository = label
    if not repository:
        looked = "`repository` and `tag`, or one `image: repository:tag@digest`"
        message = f"`{dotted(path)}` names no image: looked for {looked}, and found {_keys_of(node)}"
        return document.fail("image-shape", message, node)
    if registry := _text(node, REGISTRY_KEYS):
        repository = f"{registry.rstrip('/')}/{repository}"
    tag_key, digest_key = _key(node, TAG_KEYS), _key(node, DIGEST_KEYS)
    if tag_key is not None and (own := _text(node, (tag_key,))):
        tag, _, appended = own.partition("@")  # `tag: 1.44.0@sha256:…`
        digest = appended or digest
    if digest_key is not None:
        digest = _text(node, (digest_key,)) or digest
    fallback = label if label and "/" not in label else short_name(repository)
    return ImagePlace(
        Image(name or fallback, repository, tag or None, digest),
        path,
        node.line,
        node.column,
        reference=(*path, reference) if reference and _is_reference(node, reference) else None,
        tag=(*path, tag_key) if tag_key else None,
        digest=(*path, digest_key) if digest_key else None,
    )


def _parsed(document: Document, node: Scalar, path: KeyPath) -> tuple[str, str | None, str | None]:
    try:
        return parse_reference(node.text)
    except ValueError as error:
        return document.fail("image-shape", f"`{dotted(path)}`: {error}", node)


def _is_reference(node: MappingNode, key: str) -> bool:
    text = _text(node, (key,)) or ""
    return "@" in text or ":" in text.rpartition("/")[2]


def _key(node: MappingNode, keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if node.get(key) is not None), None)


def _text(node: MappingNode, keys: tuple[str, ...]) -> str | None:
    """The text of the first of the keys that is there; a null says nothing."""
    key = _key(node, keys)
    found = node.get(key) if key is not None else None
    return found.text if isinstance(found, Scalar) and found.value is not None else None


def _keys_of(node: MappingNode) -> str:
    return ", ".join(f"`{key}`" for key in node.entries) or "nothing"


def image_changes(document: Document, place: ImagePlace, image: Image) -> dict[KeyPath, str]:
    """What to splice so that a place says another image's tag and digest; the repository stays.

    A tag or digest that says nothing (`null`, `""`) goes on saying nothing where the image has none either.
    DocumentError where a scalar is missing or one would be left over: nothing is ever inserted or removed.
    """
    changes: dict[KeyPath, str] = {}
    said_tag = said_digest = False
    if place.reference is not None:
        repository, old_tag, old_digest = parse_reference(document.scalar(place.reference).text)
        said_tag, said_digest = old_tag is not None, old_digest is not None
        parts = (image.tag if said_tag else None, image.digest if said_digest else None)
        changes[place.reference] = format_reference(repository, *parts)
    if place.tag is not None and (place.image.tag or image.tag):
        appended = "@" in document.scalar(place.tag).text
        said_tag, said_digest = True, said_digest or appended
        changes[place.tag] = f"{image.tag}@{image.digest}" if appended else image.tag or ""
    if place.digest is not None and (place.image.digest or image.digest):
        said_digest = True
        changes[place.digest] = image.digest or ""
    _check_said(document, place, "tag", place.image.tag, image.tag, said=said_tag)
    _check_said(document, place, "digest", place.image.digest, image.digest, said=said_digest)
    return changes


def _check_said(
    document: Document, place: ImagePlace, what: str, old: str | None, new: str | None, *, said: bool
) -> None:
    if old == new or (said and new):
        return
    lacking = f"has no {what} to change" if new else f"has a {what}, and the new image has none"
    message = f"`{dotted(place.path)}` {lacking}, and nothing is ever inserted or removed: do it by hand, once"
    document.fail("image-shape", message, document.find(place.path))
