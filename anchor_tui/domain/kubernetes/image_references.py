"""Image references in canonical form, for comparison: Docker Hub's short names are expanded."""

from __future__ import annotations

from typing import NamedTuple

from anchor_tui.domain.helm.image_fields import get_repository_name, has_registry, split_image_reference


class ImageReference(NamedTuple):
    """One image. `repository` always includes the registry."""

    repository: str
    tag: str | None
    digest: str | None

    @property
    def repository_name(self) -> str:
        """The last part of the repository."""
        return get_repository_name(self.repository)

    @property
    def version(self) -> str:
        """Tag and shortened digest as text."""
        digest = f"@{self.digest[:19]}…" if self.digest else ""
        return f"{self.tag or ''}{digest}" or "no tag"


def parse_image_reference(text: str) -> ImageReference:
    """Return the reference in a text. Raises ValueError if the text is not a reference."""
    repository, tag, digest = split_image_reference(text)
    return ImageReference(canonicalize_repository(repository), tag, digest.lower() if digest else None)


def canonicalize_repository(repository: str) -> str:
    """Return a repository with its registry: `redis` is docker.io/library/redis."""
    first, _, rest = repository.partition("/")
    if has_registry(repository):
        registry = first.lower()
    else:
        registry, rest = "docker.io", repository
    if registry in {"docker.io", "index.docker.io", "registry-1.docker.io"}:
        registry = "docker.io"
        rest = rest if "/" in rest else f"library/{rest}"
    return f"{registry}/{rest}"


def get_repository_folder(repository: str) -> str:
    """Return the parent of a repository: `ghcr.io/anchor` for ghcr.io/anchor/anchor-web."""
    return canonicalize_repository(repository).rpartition("/")[0]


def is_same_image(left: ImageReference, right: ImageReference) -> bool:
    """Return True if both are the same image: by digest if both have one, else by tag (`latest` if there is none)."""
    if left.repository != right.repository:
        return False
    if left.digest and right.digest:
        return left.digest == right.digest
    return left.digest == right.digest and (left.tag or "latest") == (right.tag or "latest")
