"""Image references as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.helm.image_fields import format_image_reference, split_image_reference

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
