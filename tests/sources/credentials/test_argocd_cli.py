"""The file of contexts of the argocd command line."""

from __future__ import annotations

import os

import pytest

from anchor_tui.config.model import ServerConfig
from anchor_tui.sources.credentials.argocd import find_argocd_access
from anchor_tui.sources.credentials.argocd_cli import read_contexts
from anchor_tui.sources.errors import CredentialError
from tests.sources.credentials.argocd_files import (
    CLI_CONFIG,
    find_error,
    find_url_and_token,
    write_contexts,
)


def test_the_file_is_found_as_the_cli_finds_it(home):
    places = {
        "folder/config": {"ARGOCD_CONFIG_DIR": str(home / "folder"), "XDG_CONFIG_HOME": str(home / "xdg")},
        ".argocd/config": {"XDG_CONFIG_HOME": str(home / "xdg")},
    }
    write_contexts(home, CLI_CONFIG.replace("cd-token", "xdg"), "xdg/argocd/config")
    write_contexts(home, CLI_CONFIG.replace("cd-token", "usual"))
    assert find_url_and_token(home)[1] == "usual"
    assert find_url_and_token(home, XDG_CONFIG_HOME=str(home / "xdg"))[1] == "xdg"
    for path in reversed(places):
        write_contexts(home, CLI_CONFIG.replace("cd-token", path), path)
        assert find_url_and_token(home, **places[path])[1] == path


@pytest.mark.skipif(os.name != "posix", reason="there are no such modes")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_can_read_is_refused(home, mode):
    file = write_contexts(home, mode=mode)
    assert find_error(home) == f"{file} contains tokens, and other users can read it: run `chmod 600 {file}`"


def test_the_file_is_not_read_unless_needed(home):
    write_contexts(home, "broken: [", mode=0o644)
    assert find_url_and_token(home, ARGOCD_SERVER="x.example.com", ARGOCD_AUTH_TOKEN="t")[1] == "t"
    assert find_url_and_token(home, ServerConfig(server="https://x.example.com", token_env="MINE"), MINE="t")[1] == "t"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("contexts: [\n", "not valid YAML"),
        ("contexts:\n\t- a\n", ":2: a tab in the indentation"),
        ("- a\n", ":1: a mapping"),
        ("a: 1\na: 2\n", ":2: `a` is in line 1 already"),
        ("contexts: x\ncurrent-context: x\n", ":1: `contexts` must contain a list of mappings"),
        ("contexts: []\nservers:\n- x\n", ":3: `servers` must contain a list of mappings"),
    ],
)
def test_a_malformed_file_is_an_error_with_its_line(home, text, words):
    file = write_contexts(home, text)
    message = find_error(home)
    assert message.startswith(str(file))
    assert words in message
    assert "argocd login" in message


def test_certificates_that_are_not_base64_are_an_error(home):
    write_contexts(home, CLI_CONFIG.replace("LS0tQ0EtLS0=", "'*'"))
    assert "`certificate-authority-data` of the context cd.example.com" in find_error(home)


def test_certificates_may_have_line_breaks(home):
    write_contexts(home, CLI_CONFIG.replace("LS0tQ0EtLS0=", '"LS0t\\nQ0Et\\r\\n LS0=\\n"'))
    assert find_argocd_access(ServerConfig(), {}, home=home).ca_data == "---CA---"


@pytest.mark.parametrize("text", ["", "# nothing\n", "contexts: ~\nusers:\n", "{}\n"])
def test_an_empty_file_is_like_no_file(home, text):
    write_contexts(home, text)
    assert "no address of Argo CD" in find_error(home)


def test_a_pipe_instead_of_the_file_is_refused_at_once(home):
    os.mkfifo(home / "config", 0o600)
    with pytest.raises(CredentialError, match="a pipe"):
        read_contexts(home / "config")
