"""Tokens in the keyring."""

from __future__ import annotations

import sys

import pytest

from anchor_tui.sources.credentials.keyring_entries import delete_token, store_token
from anchor_tui.sources.credentials.secret import Secret
from anchor_tui.sources.errors import CredentialError
from tests.sources.credentials.argocd_files import (
    CD,
    find_error,
    find_url_and_token,
)


def test_the_keyring_is_the_last_resort(home, keyring):
    keyring.entries["anchor-tui", "argocd:https://cd.example.com"] = "kept-token"
    assert find_url_and_token(home, CD, ARGOCD_AUTH_TOKEN="t")[1] == "t"
    assert keyring.asked == []
    assert find_url_and_token(home, CD)[1] == "kept-token"
    assert keyring.asked == [("anchor-tui", "argocd:https://cd.example.com")]


def test_a_missing_entry_names_the_command_that_adds_it(home, keyring):
    assert "`keyring set anchor-tui argocd:https://cd.example.com` adds one" in find_error(home, CD)


def test_a_failing_keyring_is_reported_as_no_token(home, keyring):
    def fail(service, user):
        raise RuntimeError("no backend, and here is cd-token")

    keyring.get_password = fail
    message = find_error(home, CD)
    assert "the keyring did not respond (RuntimeError)" in message
    assert "run `argocd login`" in message


def test_a_missing_keyring_module_is_reported_as_no_token(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "the keyring did not respond" in find_error(home, CD)


def test_a_stored_token_is_read_back(keyring):
    store_token("argocd:https://x", Secret("t"))
    assert keyring.entries == {("anchor-tui", "argocd:https://x"): "t"}
    assert delete_token("argocd:https://x")
    assert not delete_token("argocd:https://x")
    keyring.set_password = lambda *_: None
    with pytest.raises(CredentialError, match="did not store the token"):
        store_token("argocd:https://x", Secret("t"))

    def fail(*_):
        raise OSError("no bus")

    keyring.set_password = fail
    with pytest.raises(CredentialError, match="did not accept the token"):
        store_token("argocd:https://x", Secret("t"))
