"""Image references as text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.helm.image_fields import (
    ImageFields,
    format_image_reference,
    get_global_registry,
    interpret_image_fields,
    split_image_reference,
)

PART = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+){0,2}", fullmatch=True)
REPOSITORY = st.tuples(
    st.sampled_from(["", "localhost:5000/", "ghcr.io/", "[::1]:5000/", "REG.example.com/"]),
    st.lists(PART, min_size=1, max_size=3).map("/".join),
).map("".join)


TAG = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
DIGEST = st.none() | st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)


@given(REPOSITORY, TAG, DIGEST)
def test_a_reference_survives_splitting_and_formatting(repository, tag, digest):
    assert split_image_reference(format_image_reference(repository, tag, digest)) == (repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "@sha256:" + "a" * 64,
        "a@sha256:zz",
        "a b",
        "a:b:c/d:e:f",
        "https://x.example/y",
        "A/B//c",
        "a:-x",
    ],
)
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match="`"):
        split_image_reference(text)


@pytest.mark.parametrize("text", ["a:", "a@"])
def test_an_empty_tag_or_digest_is_refused(text):
    with pytest.raises(ValueError, match="no valid"):
        split_image_reference(text)


D = "sha256:" + "a" * 64
E = "sha256:" + "b" * 64
FORMS = {
    "a tag that is a digest": (ImageFields(repository="r/w", tag=D), "", (("r/w",), None, D)),
    "a tag with an appended digest": (ImageFields(repository="r/w", tag=f"1@{D}"), "", (("r/w",), "1", D)),
    "a digest after an at sign": (ImageFields(repository="r/w", tag=f"@{D}"), "", (("r/w",), None, D)),
    "a digest field with an at sign": (ImageFields(repository="r/w", tag="1", digest=f"@{D}"), "", (("r/w",), "1", D)),
    "a repository with a digest": (ImageFields(repository=f"r/w@{D}"), "", (("r/w",), None, D)),
    "a repository with the algorithm": (ImageFields(repository="r/w@sha256", tag="a" * 64), "", (("r/w",), None, D)),
    "a name and a tag": (ImageFields(name="r/w", tag="1"), "", (("r/w",), "1", None)),
    "a registry, a repository and a tag": (
        ImageFields(registry="ghcr.io", repository="r/w", tag="1"),
        "",
        (("ghcr.io/r/w",), "1", None),
    ),
    "a registry and a name": (ImageFields(registry="ghcr.io/r", name="w", tag="1"), "", (("ghcr.io/r/w",), "1", None)),
    "a registry twice": (ImageFields(registry="g.io", repository="g.io/w", tag="1"), "", (("g.io/w",), "1", None)),
    "a global registry": (
        ImageFields(registry="docker.io", repository="r/w", tag="1"),
        "g.io",
        (("g.io/r/w", "docker.io/r/w"), "1", None),
    ),
    "a global registry and a full repository": (
        ImageFields(repository="ghcr.io/r/w", tag="1"),
        "g.io",
        (("ghcr.io/r/w",), "1", None),
    ),
    "a folder and an image": (
        ImageFields(reference="w", repository="ghcr.io/r", tag="1"),
        "",
        (("ghcr.io/r/w", "w"), "1", None),
    ),
    "a folder and a name": (
        ImageFields(repository="ghcr.io/r", name="w", tag="1"),
        "",
        (("ghcr.io/r", "ghcr.io/r/w"), "1", None),
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_an_image_is_understood(name):
    fields, registry, expected = FORMS[name]
    assert interpret_image_fields(fields, registry)[:3] == expected


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (ImageFields(tag="1"), "no repository is set"),
        (ImageFields(repository="r/w", tag="{{ .Values.tag }}"), "is a template"),
        (ImageFields(reference="{{ .Values.r }}/w:1"), "is a template"),
        (ImageFields(repository="r/w", tag=":1"), "`:1` is not a tag"),
        (ImageFields(repository="r/w", tag="1@sha256:x"), "is not a tag"),
        (ImageFields(repository="r/w", digest="abc"), "`abc` is not a digest"),
        (ImageFields(repository="r/w", tag=D, digest=E), "are two digests"),
        (ImageFields(repository="R W"), "is not an image reference"),
    ],
)
def test_other_forms_are_refused_with_the_reason(fields, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        interpret_image_fields(fields)


@pytest.mark.parametrize(
    "values", [{"imageRegistry": "g.io"}, {"registry": "g.io"}, {"image": {"registry": "g.io"}, "imageRegistry": ""}]
)
def test_the_global_registry_has_three_names(values):
    assert get_global_registry({"global": values}) == "g.io"
    assert get_global_registry({"global": {}}) == get_global_registry({"global": "x"}) == ""
