"""Addresses judged on their parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.urls import parse_url


@pytest.mark.parametrize(
    "text",
    [
        "https://status-mock.example",
        "https://x/status-mock",
        "HTTPS://STATUS-MOCK.Example.:8443/egi",
        "https://x/%73tatus-mock",
        "https://x/%2573tatus-mock",
        "https://user:pass@status-mock.svc/",
        "https://status-mock@x/",
        "https://x/?to=status-mock",
        "https://x/#status-mock",
        "https://ｓtatus-mock.example",
        "https://x/a/../status-mock/b",
    ],
)
def test_a_mock_is_named_in_whatever_part(text: str) -> None:
    assert parse_url(text).mentions("status-mock")


@pytest.mark.parametrize(
    "text", ["https://control.example/egi", "https://status.mock.example", "https://xn--bcher-kva.de"]
)
def test_a_real_address_names_none(text: str) -> None:
    assert not parse_url(text).mentions("status-mock")


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port"),
    [
        ("HTTPS://Control.EXAMPLE.:8443/egi", "https", "control.example", 8443),
        ("http://[::1]:80/", "http", "::1", 80),
        ("https://u:p@h:1/", "https", "h", 1),
    ],
)
def test_the_parts_of_an_address(text: str, scheme: str, host: str, port: int) -> None:
    address = parse_url(text)

    assert (address.scheme, address.host, address.port) == (scheme, host, port)


@pytest.mark.parametrize(
    "text",
    [
        *("", "control.example", "https:/x", "https://", "https:///x", "//x", " https://x", "https://x y"),
        *("https://x:99999", "https://a\\@status-mock", "https://x\n", "https://:443", "https://[::1", "mailto:a@b"),
        "https://x:port",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_url(text)


@given(st.text(max_size=30), st.sampled_from(["", "https://", "http://u@", "https://[", "//", "https://x/"]))
def test_any_text_is_an_address_or_refused_in_words(text: str, start: str) -> None:
    try:
        address = parse_url(start + text)
    except ValueError as error:
        assert str(error)  # noqa: PT017
    else:
        assert address.host == address.host.lower()


HOST = st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{2,5}){0,2}", fullmatch=True).filter(lambda host: "xn--" not in host)


@given(HOST, st.integers(1, 65535), st.from_regex(r"(/[a-z0-9]{0,5}){0,3}", fullmatch=True))
def test_case_port_and_a_trailing_dot_change_nothing(host: str, port: int, path: str) -> None:
    plain = parse_url(f"https://{host}{path}")
    other = parse_url(f"HTTPS://{host.upper()}.:{port}{path}")

    assert (plain.host, plain.path) == (other.host, other.path)
