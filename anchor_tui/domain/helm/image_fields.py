"""The texts that define an image, and the image that they mean.

An image is either one text (`image: repository:tag@digest`) or a mapping with `repository` or `name`, `tag` and
`digest`, and possibly `registry`. The keys of Helm charts, of flat values (`imageTag`) and of kustomize (`newName`,
`newTag`) are supported. A tag may be a digest, and `global.imageRegistry` may replace the registry.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anchor_tui.domain.yaml.nodes import Json

REFERENCE_KEYS = ("image", "imageRef")
REGISTRY_KEYS = ("registry", "imageRegistry")
REPOSITORY_KEYS = ("repository", "newName", "imageRepository", "repo")
TAG_KEYS = ("tag", "newTag", "imageTag")
DIGEST_KEYS = ("digest", "imageDigest")
NAME_KEYS = ("name",)
IMAGE_KEYS = (*REFERENCE_KEYS, *REGISTRY_KEYS, *REPOSITORY_KEYS, *TAG_KEYS, *DIGEST_KEYS)

_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(rf"(?:(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?{_PATH_PART}(?:/{_PATH_PART})*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}")


def split_image_reference(text: str) -> tuple[str, str | None, str | None]:
    """Split `repository[:tag][@digest]` into its parts. Raises ValueError if the text is not a reference.

    A colon before the last slash is part of the registry's port, not a tag.
    """
    name, at, digest = text.partition("@")
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    repository = head + slash + last
    if not REPOSITORY.fullmatch(repository):
        raise ValueError(f"`{text}` is not an image reference such as repository:tag@digest")
    if colon and not TAG.fullmatch(tag):
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


def is_named_in(text: str, repository: str) -> bool:
    """Return True if a text contains the last part of a repository as a word of its own."""
    name = re.escape(get_repository_name(repository))
    return re.search(rf"(?<![A-Za-z0-9_-]){name}(?![A-Za-z0-9_-])", text) is not None


def has_registry(repository: str) -> bool:
    """Return True if a repository begins with the host of a registry."""
    first, slash, _ = repository.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost" or first != first.lower())


# --- images in several fields --------------------------------------------------------------------------

TagForm: TypeAlias = Literal["tag", "digest", "@digest", "tag@digest", "hex"]
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_ALGORITHM_SUFFIX = "@sha256"
_NOT_A_TAG = re.compile(r"[\s/{}]|^[:.-]")


class ImageFields(NamedTuple):
    """The texts of the fields of one image; empty if a field is not set."""

    reference: str = ""
    registry: str = ""
    repository: str = ""
    name: str = ""
    tag: str = ""
    digest: str = ""


class InterpretedImage(NamedTuple):
    """The image that fields mean. `repositories` are the possible ones, the most probable first."""

    repositories: tuple[str, ...]
    tag: str | None
    digest: str | None
    is_full_reference: bool
    """True if the reference, or else the repository, contains a tag or a digest."""


def classify_tag(text: str, repository: str = "") -> TagForm:
    """Return the form of a tag. In `hex`, `repository` ends with the algorithm: `r@sha256`."""
    if repository.endswith(_ALGORITHM_SUFFIX) and _HEX_DIGEST.fullmatch(text):
        return "hex"
    if _DIGEST.fullmatch(text):
        return "digest"
    if text.startswith("@"):
        return "@digest"
    return "tag@digest" if "@" in text else "tag"


def write_tag(form: TagForm, tag: str | None, digest: str | None) -> str:
    """Return the text of a tag in a form."""
    match form:
        case "tag":
            return tag or ""
        case "digest":
            return digest or ""
        case "hex":
            return (digest or "").partition(":")[2]
        case "@digest":
            return f"@{digest}"
        case "tag@digest":
            return f"{tag}@{digest}"


def interpret_image_fields(fields: ImageFields, global_registry: str = "") -> InterpretedImage:
    """Return the image that fields mean. Raises ValueError with the reason if they are not understood."""
    used = fields._replace(name="") if fields.reference or fields.repository else fields
    if template := next((text for text in used if "{{" in text), None):
        raise ValueError(f"`{template}` is a template")
    whole = fields.reference or fields.repository or fields.name
    if not whole:
        raise ValueError("no repository is set")
    form = classify_tag(fields.tag, whole)
    if form == "hex":
        whole = whole.removesuffix(_ALGORITHM_SUFFIX)
    repository, whole_tag, whole_digest = split_image_reference(whole)
    tag, digest = _split_tag(fields.tag, form)
    if fields.digest:
        own = fields.digest.removeprefix("@")
        if not _DIGEST.fullmatch(own):
            raise ValueError(f"`{fields.digest}` is not a digest such as sha256:...")
        if digest and own.lower() != digest.lower():
            raise ValueError(f"`{fields.tag}` and `{fields.digest}` are two digests")
        digest = own
    return InterpretedImage(
        tuple(dict.fromkeys(_list_repositories(fields, repository, global_registry))),
        tag or whole_tag,
        digest or whole_digest,
        bool(whole_tag or whole_digest),
    )


def _split_tag(text: str, form: TagForm) -> tuple[str, str]:
    """Return the tag and the digest in a tag's text. Raises ValueError if it is neither."""
    if form == "hex":
        return "", f"sha256:{text}"
    if form == "digest":
        return "", text
    tag, _, digest = text.partition("@")
    if _NOT_A_TAG.search(tag) or (form != "tag" and not _DIGEST.fullmatch(digest)):
        raise ValueError(f"`{text}` is not a tag")
    return tag, digest


def _list_repositories(fields: ImageFields, repository: str, global_registry: str) -> list[str]:
    """Return the possible repositories. A chart decides whether it uses `global.imageRegistry` and `name`."""
    names = [repository]
    folder = fields.repository if fields.reference else ""
    if folder and folder.rpartition("/")[2] != repository and "/" not in repository:
        names = [f"{folder.rstrip('/')}/{repository}", repository]  # {repository: ghcr.io/anchor, image: web}
    elif not fields.reference and fields.repository and fields.name and "/" not in fields.name:
        names.append(f"{repository}/{fields.name}")
    prefix = fields.registry.rstrip("/")
    own = [f"{prefix}/{name}" if prefix and not name.startswith(f"{prefix}/") else name for name in names]
    shared = [f"{global_registry.rstrip('/')}/{name}" for name in names if global_registry and not has_registry(name)]
    return [*shared, *own]


def get_global_registry(values: Mapping[str, Json]) -> str:
    """Return `global.imageRegistry`, `global.registry` or `global.image.registry` of a chart's values."""
    shared = values.get("global")
    if not isinstance(shared, dict):
        return ""
    image = shared.get("image")
    nested = image.get("registry") if isinstance(image, dict) else None
    found = (shared.get("imageRegistry"), shared.get("registry"), nested)
    return next((text for text in found if isinstance(text, str) and text), "")
