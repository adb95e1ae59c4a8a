"""Image references in canonical form, and their comparison."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.kubernetes.image_references import (
    canonicalize_repository,
    get_repository_folder,
    is_same_image,
    parse_image_reference,
)

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("redis", "docker.io/library/redis"),
        ("bitnami/redis", "docker.io/bitnami/redis"),
        ("index.docker.io/bitnami/redis", "docker.io/bitnami/redis"),
        ("docker.io/redis", "docker.io/library/redis"),
        ("localhost/redis", "localhost/redis"),
        ("localhost:5000/redis", "localhost:5000/redis"),
        ("registry:5000/a/b", "registry:5000/a/b"),
        ("GHCR.io/anchor/web", "ghcr.io/anchor/web"),
    ],
)
def test_a_canonical_repository_includes_its_registry(short: str, whole: str) -> None:
    assert canonicalize_repository(short) == whole
    assert canonicalize_repository(canonicalize_repository(short)) == canonicalize_repository(short)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("redis:7", "docker.io/library/redis:7", True),
        ("redis", "redis:latest", True),
        (f"redis:7@{DIGEST}", f"redis:8@{DIGEST}", True),
        (f"redis:7@{DIGEST}", f"redis:7@{OTHER}", False),
        (f"redis:7@{DIGEST}", "redis:7", False),
        (f"redis@{DIGEST.upper().replace('SHA', 'sha')}", f"redis@{DIGEST}", True),
        ("registry:5000/redis:7", "redis:7", False),
        ("a/x:1", "a/y:1", False),
    ],
)
def test_references_are_compared_by_digest_else_by_tag(left: str, right: str, same: bool) -> None:
    assert is_same_image(parse_image_reference(left), parse_image_reference(right)) is same
    assert is_same_image(parse_image_reference(right), parse_image_reference(left)) is same


def test_a_port_is_not_a_tag() -> None:
    reference = parse_image_reference(f"registry:5000/anchor/web:1.0@{DIGEST}")

    assert (reference.repository, reference.tag, reference.digest) == ("registry:5000/anchor/web", "1.0", DIGEST)
    assert get_repository_folder("registry:5000/anchor/web") == "registry:5000/anchor"


NAME = st.from_regex(r"([a-z]{1,5}(:[0-9]{1,4})?/)?[a-z0-9]{1,6}(/[a-z0-9]{1,6}){0,2}", fullmatch=True)
TAG = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}", fullmatch=True)


@given(NAME, TAG)
def test_a_reference_equals_itself_in_every_form(name: str, tag: str) -> None:
    for text in (name, f"{name}:{tag}", f"{name}@{DIGEST}", f"{name}:{tag}@{DIGEST}"):
        reference = parse_image_reference(text)
        assert is_same_image(reference, reference)
        assert reference.repository == canonicalize_repository(name)


@given(st.text(max_size=20))
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    try:
        assert parse_image_reference(text).repository
    except ValueError as error:
        assert "`" in str(error)  # noqa: PT017 - both outcomes are allowed, any other exception is not
