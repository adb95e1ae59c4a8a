"""Address and token of GitHub's API, and the tokens of gh."""

from __future__ import annotations

import os

import pytest

from anchor_tui.config.model import GitHubConfig
from anchor_tui.sources.credentials import gh_cli
from anchor_tui.sources.credentials.gh_cli import read_hosts_token
from anchor_tui.sources.credentials.github import find_github_access
from anchor_tui.sources.errors import CredentialError

GITHUB = GitHubConfig()
ENTERPRISE = GitHubConfig(api_url="https://git.example.com/api/v3")
CLOUD = {"GH_TOKEN": "gh", "GITHUB_TOKEN": "github"}
SERVER = {"GH_ENTERPRISE_TOKEN": "gh-e", "GITHUB_ENTERPRISE_TOKEN": "github-e"}


def find_token(home, github=GITHUB, **environ):
    return find_github_access(github, {"PATH": "", **environ}, home=home).token.reveal()


def find_error(home, github=GITHUB, **environ):
    with pytest.raises(CredentialError) as caught:
        find_github_access(github, {"PATH": "", **environ}, home=home)
    return caught.value.message


def write_gh(home, script):
    folder = home / "bin"
    folder.mkdir()
    (folder / "gh").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "gh").chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_the_configured_variable_precedes_those_of_gh(home):
    access = find_github_access(GitHubConfig(token_env="MINE", ca_file="/ca"), {**CLOUD, "MINE": "mine"}, home=home)
    assert (access.token.reveal(), access.ca_file) == ("mine", "/ca")
    assert access.origin == "https://api.github.com, the token from $MINE"
    assert "$MINE, which token_env of [github] names" in find_error(home, GitHubConfig(token_env="MINE"), **CLOUD)


@pytest.mark.parametrize("url", ["https://api.github.com", "https://api.acme.ghe.com"])
def test_github_com_uses_gh_token_then_github_token(home, url):
    assert find_token(home, GitHubConfig(api_url=url), **CLOUD, **SERVER) == "gh"
    assert find_token(home, GitHubConfig(api_url=url), GITHUB_TOKEN="github", **SERVER) == "github"
    assert find_token(home, GitHubConfig(api_url=url), GH_TOKEN="", GITHUB_TOKEN="github") == "github"
    find_error(home, GitHubConfig(api_url=url), **SERVER)


def test_an_enterprise_server_uses_only_its_own_variables(home):
    assert find_token(home, ENTERPRISE, **CLOUD, **SERVER) == "gh-e"
    assert find_token(home, ENTERPRISE, GITHUB_ENTERPRISE_TOKEN="github-e", **CLOUD) == "github-e"
    assert "set GITHUB_ENTERPRISE_TOKEN" in find_error(home, ENTERPRISE, **CLOUD)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000", "http://localhost:9000/api/v3", "http://[::1]:9000"])
def test_loopback_gets_only_the_configured_token(home, keyring, url):
    keyring.entries["anchor-tui", f"github:{url}"] = "kept"
    (home / "hosts.yml").write_text("localhost: {oauth_token: x}\n127.0.0.1: {oauth_token: x}\n")
    message = find_error(home, GitHubConfig(api_url=url), GH_CONFIG_DIR=str(home), **CLOUD, **SERVER)
    assert "token_env of [github]" in message
    assert find_token(home, GitHubConfig(api_url=url, token_env="GITHUB_TOKEN"), **CLOUD) == "github"


def test_the_keyring_is_between_variables_and_gh(home, keyring):
    keyring.entries["anchor-tui", "github:https://api.github.com"] = "kept"
    path = write_gh(home, "echo asked")
    assert find_token(home, GITHUB_TOKEN="github", PATH=path) == "github"
    assert keyring.asked == []
    assert find_token(home, PATH=path) == "kept"


def test_gh_is_run_before_its_file_is_read(home):
    path = write_gh(home, '[ "$1 $2 $3 $4" = "auth token --hostname git.example.com" ] && echo "from-gh"')
    assert find_token(home, ENTERPRISE, PATH=path) == "from-gh"
    file = home / ".config/gh/hosts.yml"
    file.parent.mkdir(parents=True)
    file.write_text("github.com:\n  user: me\n  oauth_token: from-file\n")
    assert find_token(home, PATH=path) == "from-file"
    file.write_text("github.com:\n  user: me\n  users:\n    you: {oauth_token: b}\n    me: {oauth_token: a}\n")
    assert find_token(home) == "a"


def test_the_hosts_file_is_found_as_gh_finds_it(home):
    for name, path in (("GH_CONFIG_DIR", "hosts.yml"), ("XDG_CONFIG_HOME", "gh/hosts.yml")):
        file = home / name / path
        file.parent.mkdir(parents=True)
        file.write_text(f"github.com: {{oauth_token: {name}}}\n")
    assert find_token(home, XDG_CONFIG_HOME=str(home / "XDG_CONFIG_HOME")) == "XDG_CONFIG_HOME"
    both = {name: str(home / name) for name in ("GH_CONFIG_DIR", "XDG_CONFIG_HOME")}
    assert find_token(home, **both) == "GH_CONFIG_DIR"


def test_a_failing_gh_is_reported_as_no_token(home, monkeypatch):
    monkeypatch.setattr(gh_cli, "GH_TIMEOUT_S", 0.05)
    path = write_gh(home, "exec sleep 20")
    assert "gh did not respond within" in find_error(home, PATH=path)
    (home / "bin" / "gh").write_text("no program")
    assert "gh failed to start" in find_error(home, PATH=path)


def test_a_missing_token_names_every_way_out(home):
    message = find_error(home)
    for words in (
        "set GITHUB_TOKEN",
        "gh auth login --hostname github.com",
        "not on the PATH",
    ):
        assert words in message


def test_a_malformed_hosts_file_is_an_error_with_its_line(home):
    (home / "hosts.yml").write_text("github.com:\n\toauth_token: x\n")
    assert "hosts.yml:2: a tab" in find_error(home, GH_CONFIG_DIR=str(home))
    (home / "hosts.yml").write_text("")
    assert "no token for github.com" in find_error(home, GH_CONFIG_DIR=str(home))


def test_a_pipe_as_hosts_file_is_refused_at_once(home):
    os.mkfifo(home / "hosts.yml")
    with pytest.raises(CredentialError, match="a pipe"):
        read_hosts_token(home / "hosts.yml", "github.com")
