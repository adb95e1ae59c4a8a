"""URLs: their parts, and which of them may be opened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.urls import build_repository_url, is_web_url, parse_url


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
def test_a_mock_is_found_in_every_part(text: str) -> None:
    assert parse_url(text).mentions("status-mock")


@pytest.mark.parametrize(
    "text", ["https://control.example/egi", "https://status.mock.example", "https://xn--bcher-kva.de"]
)
def test_a_url_without_a_mock_mentions_none(text: str) -> None:
    assert not parse_url(text).mentions("status-mock")


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port"),
    [
        ("HTTPS://Control.EXAMPLE.:8443/egi", "https", "control.example", 8443),
        ("http://[::1]:80/", "http", "::1", 80),
        ("https://u:p@h:1/", "https", "h", 1),
    ],
)
def test_parts_are_decoded_and_lower_case(text: str, scheme: str, host: str, port: int) -> None:
    url = parse_url(text)

    assert (url.scheme, url.host, url.port) == (scheme, host, port)


@pytest.mark.parametrize(
    "text",
    [
        *("", "control.example", "https:/x", "https://", "https:///x", "//x", " https://x", "https://x y"),
        *("https://x:99999", "https://a\\@status-mock", "https://x\n", "https://:443", "https://[::1", "mailto:a@b"),
        "https://x:port",
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_url(text)


@given(st.text(max_size=30), st.sampled_from(["", "https://", "http://u@", "https://[", "//", "https://x/"]))
def test_any_text_is_parsed_or_refused_with_a_reason(text: str, start: str) -> None:
    try:
        url = parse_url(start + text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - both outcomes are allowed, any other exception is not
    else:
        assert url.host == url.host.lower()


HOST = st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{2,5}){0,2}", fullmatch=True).filter(lambda host: "xn--" not in host)


@given(HOST, st.integers(1, 65535), st.from_regex(r"(/[a-z0-9]{0,5}){0,3}", fullmatch=True))
def test_case_port_and_trailing_dot_do_not_matter(host: str, port: int, path: str) -> None:
    plain = parse_url(f"https://{host}{path}")
    other = parse_url(f"HTTPS://{host.upper()}.:{port}{path}")

    assert (plain.host, plain.path) == (other.host, other.path)


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("https://cd.example.com", True),
        ("http://localhost:8080/x", True),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("HTTPS://x", False),
        ("", False),
        (None, False),
    ],
)
def test_only_http_and_https_are_web_urls(url: str | None, opened: bool) -> None:
    assert is_web_url(url) is opened


@pytest.mark.parametrize(
    ("api_url", "expected"),
    [
        ("https://api.github.com", "https://github.com/anchor/ops"),
        ("https://api.github.com/", "https://github.com/anchor/ops"),
        ("https://git.example.com/api/v3", "https://git.example.com/anchor/ops"),
        ("http://127.0.0.1:8080/api/v3/", "http://127.0.0.1:8080/anchor/ops"),
    ],
)
def test_the_address_of_a_repository_follows_from_the_api(api_url, expected):
    assert build_repository_url(api_url, "anchor/ops") == expected
