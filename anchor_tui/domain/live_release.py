"""The version that the cluster runs, where it differs from the release in git."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from anchor_tui.domain.kubernetes.image_references import ImageReference, canonicalize_repository, parse_image_reference
from anchor_tui.domain.model import Application, Environment, Image

_SHOWN_VERSIONS = 2


def describe_live_versions(environment: Environment) -> str:
    """Return "live 1.43.2" if the cluster runs another version than git has, otherwise an empty string."""
    versions = list_live_versions(environment)
    more = f" and {len(versions) - _SHOWN_VERSIONS} more" if len(versions) > _SHOWN_VERSIONS else ""
    return f"live {', '.join(versions[:_SHOWN_VERSIONS])}{more}" if versions else ""


def describe_versions(environment: Environment) -> str:
    """Return the version in git, and the live one if it differs: "git 1.44.0 · live 1.43.2"; "?" without a release."""
    version = environment.release.version if environment.release else "?"
    live = describe_live_versions(environment)
    return f"git {version} · {live}" if live else version


def list_live_versions(environment: Environment) -> tuple[str, ...]:
    """Return the distinct versions of the release's images in the cluster, if any of them differs from git.

    The tuple is empty if every image is the one in git, and if Argo CD reports none of them. During a rollout it
    contains both versions. A version is a tag, or tag and digest if the tag is the one in git.
    """
    if environment.release is None:
        return ()
    live = list(_list_live_images(environment.applications))
    versions: dict[str, None] = {}
    differs = False
    for image in environment.release.images:
        repository = canonicalize_repository(image.repository)
        for reference in live:
            if reference.repository == repository:
                is_other = _is_other_image(image, reference)
                differs = differs or is_other
                versions[_format_version(image, reference, is_other=is_other)] = None
    return tuple(versions) if differs else ()


def _list_live_images(applications: tuple[Application, ...]) -> Iterator[ImageReference]:
    for text in dict.fromkeys(text for application in applications for text in application.images):
        if (reference := _parse_image(text)) is not None:
            yield reference


@lru_cache(maxsize=32_768)
def _parse_image(text: str) -> ImageReference | None:
    try:
        return parse_image_reference(text)
    except ValueError:
        return None


def _is_other_image(image: Image, live: ImageReference) -> bool:
    """Return True if an image is known to differ: by digest if both have one, otherwise by tag."""
    if image.digest and live.digest:
        return image.digest.lower() != live.digest
    return image.tag is not None and live.tag is not None and image.tag != live.tag


def _format_version(image: Image, live: ImageReference, *, is_other: bool) -> str:
    return live.tag if live.tag and not (is_other and live.tag == image.tag) else live.version
