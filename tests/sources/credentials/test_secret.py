"""Tokens are never shown, and their expiry."""

from __future__ import annotations

import base64
import json
import pickle
from datetime import UTC, datetime

import pytest

from anchor_tui.sources.credentials.argocd import find_argocd_access
from anchor_tui.sources.credentials.secret import Secret, read_token_expiry
from tests.sources.credentials.argocd_files import (
    CD,
    find_error,
)


def test_a_token_is_never_shown():
    secret = Secret("cd-token")
    access = find_argocd_access(CD, {"ARGOCD_AUTH_TOKEN": "cd-token"}, home=None)
    for text in (str(secret), repr(secret), f"{secret}", f"{[secret]}", repr(access)):
        assert "cd-token" not in text
    assert repr(secret) == "***"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize("text", ["two words", "line\nbreak", "tök", "a\x00b"])
def test_an_invalid_token_is_refused_without_printing_it(home, text):
    message = find_error(home, CD, ARGOCD_AUTH_TOKEN=text)
    assert message == "$ARGOCD_AUTH_TOKEN contains characters that are not valid in a token: copy the whole token again"


def jwt(payload):
    parts = (b'{"alg":"HS256"}', payload if isinstance(payload, bytes) else json.dumps(payload).encode(), b"x")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_the_expiry_of_a_jwt_is_read():
    assert read_token_expiry(Secret(jwt({"exp": 1796000000}))) == datetime.fromtimestamp(1796000000, UTC)
    assert read_token_expiry(jwt({"exp": 1796000000.5})).year == 2026


@pytest.mark.parametrize(
    "token",
    ["", "ghp_x", "a.b.c", "a.*.c", "a.b", jwt({}), jwt({"exp": "soon"}), jwt({"exp": True}), jwt({"exp": 1e300}),
     jwt([1]), jwt(b"\xff"), jwt(b"[" * 100_000)],
)  # fmt: skip
def test_the_expiry_of_other_tokens_is_unknown(token):
    assert read_token_expiry(token) is None
