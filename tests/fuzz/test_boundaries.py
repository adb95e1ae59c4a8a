"""Every boundary accepts any bytes: it returns a value or raises one of its errors, in bounded time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.boundaries import BOUNDARIES, Boundary

MAX_CPU_S = 5.0
"""For at most 70 KB, which take 20 ms as a rule. A reader that is not linear takes minutes."""
TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[A-Za-z]\w*')
HOSTILE = (
    b"9" * 4301,
    b"-" + b"9" * 30,
    b"1e999",
    b"1e30",
    b"NaN",
    b"[" * 2000,
    b'{"a":' * 2000,
    b"[" * 900 + b"]" * 900,
    b'{"a":' * 900 + b"1" + b"}" * 900,
    b'"' + b"x" * 66_000 + b'"',
    b'"\\ud800"',
    b'"\\u0000\\u001b]52;c;eA==\\u0007\\u202e"',
    b'"0001-01-01T00:00:00+23:59"',
    b'"9999-12-31T23:59:59-23:59"',
    b"0001-01-01T00:00:00+23:59",
    b'["a", {"b": []}]',
    b'{"a": [null]}',
    b"[]",
    b"{}",
    b'""',
    b"null",
    b"true",
    b"0",
    b"\xff\xfe",
    b"\x00",
    b"\xe2\x80\xa8",
    b"\r\n\r\n",
    b"&a [*a, *a]",
    b"'''",
)


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Return a real document with tokens replaced, bytes inserted, or its end cut off."""
    document = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 3))):
        hostile = draw(st.one_of(st.sampled_from(HOSTILE), st.binary(max_size=12)))
        tokens = [match.span() for match in TOKEN.finditer(document)] or [(0, len(document))]
        start, end = tokens[draw(st.integers(0, len(tokens) - 1))]
        kind = draw(st.sampled_from(("replace", "replace", "insert", "cut")))
        rest = {"replace": document[end:], "insert": document[start:], "cut": b""}[kind]
        document = document[:start] + hostile + rest
    return document


@pytest.fixture(params=BOUNDARIES, scope="module")
def boundary(request) -> Boundary:
    return BOUNDARIES[request.param]


@pytest.fixture(scope="module")
def seeds(boundary) -> tuple[bytes, ...]:
    return tuple(sorted(boundary.seeds(), key=len)[:40])


def read(boundary: Boundary, content: bytes) -> None:
    begun = time.process_time()
    try:
        boundary.read(content)
    except boundary.errors as error:
        str(error).encode()  # an error text without lone surrogates
    assert time.process_time() - begun < MAX_CPU_S


def test_a_real_document_is_read(boundary, seeds):
    assert seeds
    for seed in seeds:
        read(boundary, seed)


SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@SETTINGS
@given(data=st.data())
def test_any_bytes_are_read_or_refused(boundary, data):
    read(boundary, data.draw(st.binary(max_size=300)))


@SETTINGS
@given(data=st.data())
def test_a_damaged_document_is_read_or_refused(boundary, seeds, data):
    read(boundary, data.draw(damaged(seeds)))


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_document_is_read_or_refused(boundary, hostile):
    read(boundary, hostile)
