"""Where addresses and tokens come from, and where they never go."""

from __future__ import annotations

import base64
import json
import os
import pickle
import sys
import types
from datetime import UTC, datetime

import pytest

from anchor_tui.config.model import GitHubConfig, ServerConfig
from anchor_tui.sources.credentials import gh_cli
from anchor_tui.sources.credentials.argocd import find_argocd_access, find_argocd_url, find_github_access
from anchor_tui.sources.credentials.secret import Secret, delete_token, read_token_expiry, store_token
from anchor_tui.sources.errors import CredentialError

CLI_CONFIG = """\
contexts:
- name: cd.example.com
  server: cd.example.com
  user: cd.example.com
- {name: other, server: "other.example.com:8443", user: other}
- {name: plain, server: plain.example.com, user: other}
- {name: local, server: "localhost:8080", user: local}
- {name: kubernetes, server: kubernetes, user: local}
- {name: forward, server: port-forward, user: local}
- {name: core, server: core.example.com, user: local}
- {name: out, server: out.example.com, user: nobody}
- {name: rooted, server: rooted.example.com, user: other}
current-context: cd.example.com
servers:
- {server: cd.example.com, insecure: true, certificate-authority-data: LS0tQ0EtLS0=}
- {server: "other.example.com:8443", client-certificate-data: LS0tQy0tLQ==, client-certificate-key-data: LS0tSy0tLQ==}
- {server: plain.example.com, plain-text: true}
- {server: "localhost:8080", plain-text: true}
- {server: kubernetes}
- {server: port-forward}
- {server: core.example.com, core: true}
- {server: out.example.com}
- {server: rooted.example.com, grpc-web-root-path: /argo-cd/}
users:
- {name: cd.example.com, auth-token: cd-token, refresh-token: x}
- {name: other, auth-token: other-token}
- {name: local, auth-token: local-token}
"""
ARGOCD, GITHUB = ServerConfig(), GitHubConfig()
CD = ServerConfig(server="https://cd.example.com")


@pytest.fixture
def home(tmp_path):
    return tmp_path


@pytest.fixture(autouse=True)
def keyring(monkeypatch):
    """A keyring of a dict; never the real one. It counts how often it is asked."""
    module = types.ModuleType("keyring")
    module.kept, module.asked = {}, []

    def get_password(service, user):
        module.asked.append_entry((service, user))
        return module.kept.get((service, user))

    module.get_password = get_password
    module.set_password = lambda service, user, text: module.kept.update({(service, user): text})
    module.delete_password = lambda service, user: module.kept.pop((service, user))
    monkeypatch.setitem(sys.modules, "keyring", module)
    return module


def logged_in(home, text=CLI_CONFIG, path=".config/argocd/config", mode=0o600):
    file = home / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def argo(home, server=ARGOCD, **environ):
    """Address, token and origin."""
    access = find_argocd_access(server, environ, home=home)
    return access.url, access.token.reveal()


def refused(home, server=ARGOCD, **environ):
    with pytest.raises(CredentialError) as caught:
        find_argocd_access(server, environ, home=home)
    assert caught.value.kind == "credentials"
    return caught.value.message


# --- Argo CD: precedence ---------------------------------------------------------------------------


def test_the_current_context_of_the_cli_is_taken_where_nothing_else_is_said(home):
    logged_in(home)
    access = find_argocd_access(ServerConfig(), {}, home=home)
    assert (access.url, access.token) == ("https://cd.example.com", Secret("cd-token"))
    assert (access.insecure, access.ca_data) == (True, "---CA---")
    assert "the token from the context cd.example.com" in access.origin


def test_the_environment_beats_the_context(home):
    logged_in(home)
    environ = {"ARGOCD_SERVER": "env.example.com", "ARGOCD_AUTH_TOKEN": "env-token\n"}
    access = find_argocd_access(ServerConfig(), environ, home=home)
    assert (access.url, access.token.reveal(), access.insecure) == ("https://env.example.com", "env-token", False)
    assert "$ARGOCD_SERVER" in access.origin
    assert "$ARGOCD_AUTH_TOKEN" in access.origin


def test_the_options_variable_beats_the_other_variables(home):
    opts = '--server opts.example.com:444 --auth-token=opts-token --insecure --grpc-web --grpc-web-root-path "/cd"'
    environ = {"ARGOCD_OPTS": opts, "ARGOCD_SERVER": "env.example.com", "ARGOCD_AUTH_TOKEN": "env-token"}
    access = find_argocd_access(ServerConfig(), environ, home=home)
    assert (access.url, access.token.reveal(), access.insecure) == (
        "https://opts.example.com:444/cd",
        "opts-token",
        True,
    )


def test_the_configured_address_and_token_beat_everything(home):
    logged_in(home)
    environ = {"ARGOCD_SERVER": "env.example.com", "ARGOCD_AUTH_TOKEN": "env-token", "MINE": "my-token"}
    environ["ARGOCD_OPTS"] = "--insecure --server-crt /x"
    server = ServerConfig(server="https://mine.example.com", token_env="MINE", ca_file="/ca.pem")
    access = find_argocd_access(server, environ, home=home)
    assert (access.url, access.token.reveal()) == ("https://mine.example.com", "my-token")
    assert (access.insecure, access.ca_file) == (False, "/ca.pem")


def test_the_configured_context_beats_the_environment(home):
    logged_in(home)
    server = ServerConfig(context="other")
    assert argo(home, server, ARGOCD_SERVER="env.example.com", ARGOCD_AUTH_TOKEN="env-token") == (
        "https://other.example.com:8443",
        "other-token",
    )
    access = find_argocd_access(server, {"ARGOCD_OPTS": "--insecure"}, home=home)
    assert (access.client_cert_data, access.client_key_data, access.insecure) == ("---C---", "---K---", False)


def test_a_configured_token_goes_with_a_configured_context(home):
    logged_in(home)
    assert argo(home, ServerConfig(context="other", token_env="MINE"), MINE="my-token") == (
        "https://other.example.com:8443",
        "my-token",
    )


def test_the_token_variable_alone_goes_to_the_current_contexts_address(home):
    logged_in(home)
    assert argo(home, ARGOCD_AUTH_TOKEN="env-token") == ("https://cd.example.com", "env-token")


def test_the_token_variable_goes_to_a_configured_address(home):
    assert argo(home, CD, ARGOCD_AUTH_TOKEN="env-token") == ("https://cd.example.com", "env-token")


def test_a_configured_address_takes_the_token_of_the_context_that_has_this_address(home):
    logged_in(home)
    assert argo(home, ServerConfig(server="https://other.example.com:8443")) == (
        "https://other.example.com:8443",
        "other-token",
    )
    assert argo(home, ServerConfig(server="https://cd.example.com:443/"))[1] == "cd-token"
    assert argo(home, ServerConfig(server="https://rooted.example.com/argo-cd"))[1] == "other-token"


def test_options_may_name_another_context_and_another_file(home):
    logged_in(home, path="elsewhere")
    assert argo(home, ARGOCD_OPTS="--config elsewhere --argocd-context other")[1] == "other-token"


# --- Argo CD: where a token never goes -------------------------------------------------------------


def test_a_contexts_token_never_goes_to_a_server_that_only_the_environment_named(home):
    logged_in(home)
    message = refused(home, ARGOCD_SERVER="evil.example.com")
    assert "no token for https://evil.example.com" in message
    assert "cd-token" not in message


def test_a_contexts_token_never_goes_to_another_port_or_path_of_its_host(home):
    logged_in(home)
    refused(home, ServerConfig(server="https://cd.example.com:8443"))
    refused(home, ServerConfig(server="https://rooted.example.com/other"))


def test_the_environments_token_never_goes_past_the_server_it_is_for(home):
    message = refused(home, CD, ARGOCD_SERVER="env.example.com", ARGOCD_AUTH_TOKEN="env-token")
    assert "no token for https://cd.example.com" in message


def test_the_environments_token_never_goes_to_a_further_server_unless_it_is_for_it(home):
    eu = ServerConfig(name="eu", server="https://eu.example.com")
    assert "[servers.eu]" in refused(home, eu, ARGOCD_AUTH_TOKEN="env-token")
    assert argo(home, eu, ARGOCD_SERVER="eu.example.com", ARGOCD_AUTH_TOKEN="env-token")[1] == "env-token"


def test_a_further_server_takes_no_address_from_the_environment(home):
    logged_in(home)
    message = refused(home, ServerConfig(name="eu"), ARGOCD_SERVER="env.example.com", ARGOCD_AUTH_TOKEN="x")
    assert message == "[servers.eu] names no address: add server or context to it"


# --- Argo CD: addresses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("cd.example.com", "https://cd.example.com"),
        ("cd.example.com:443", "https://cd.example.com"),
        ("CD.example.com:8443/", "https://cd.example.com:8443"),
        ("https://cd.example.com/argo-cd/", "https://cd.example.com/argo-cd"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("[::1]:8080", "https://[::1]:8080"),
    ],
)
def test_an_address_without_a_scheme_is_https_and_without_a_port_443(home, text, url):
    assert argo(home, ARGOCD_SERVER=text, ARGOCD_AUTH_TOKEN="t")[0] == url
    assert find_argocd_url(ServerConfig(), {"ARGOCD_SERVER": text}, home=home) == url


@pytest.mark.parametrize("text", ["a b", "https://", "ftp://x", "x:99999", "x:0", "http://x:y", "x?y", "u:pw@x"])
def test_what_is_no_address_is_refused_without_printing_a_password(home, text):
    message = refused(home, ARGOCD_SERVER=text, ARGOCD_AUTH_TOKEN="t")
    assert "is no address of an Argo CD" in message
    assert "pw" not in message


def test_plain_http_goes_to_this_machine_or_where_the_configuration_allows_it(home):
    logged_in(home)
    assert argo(home, ServerConfig(context="local")) == ("http://localhost:8080", "local-token")
    for server, environ in (
        (ServerConfig(context="plain"), {}),
        (ServerConfig(), {"ARGOCD_SERVER": "http://x.example.com"}),
        (ServerConfig(), {"ARGOCD_SERVER": "x.example.com", "ARGOCD_OPTS": "--plaintext"}),
        (ServerConfig(), {"ARGOCD_OPTS": "--plaintext"}),
    ):
        assert "add plaintext = true to [argocd]" in refused(home, server, ARGOCD_AUTH_TOKEN="t", **environ)
    assert argo(home, ServerConfig(context="plain", plaintext=True)) == ("http://plain.example.com", "other-token")
    environ = {"ARGOCD_SERVER": "127.0.0.1:8080", "ARGOCD_OPTS": "--plaintext=true", "ARGOCD_AUTH_TOKEN": "t"}
    assert argo(home, **environ)[0] == "http://127.0.0.1:8080"


def test_the_root_path_comes_from_the_configuration_else_from_the_context(home):
    logged_in(home)
    assert argo(home, ServerConfig(context="rooted"))[0] == "https://rooted.example.com/argo-cd"
    assert argo(home, ServerConfig(context="rooted", root_path="/cd"))[0] == "https://rooted.example.com/cd"
    assert argo(home, ServerConfig(server="https://x.example.com", root_path="/cd"), ARGOCD_AUTH_TOKEN="t")[0].endswith(
        "/cd"
    )


@pytest.mark.parametrize("name", ["kubernetes", "forward", "core"])
def test_a_context_that_goes_through_kubernetes_has_no_address(home, name):
    logged_in(home)
    message = refused(home, ServerConfig(context=name))
    assert "reaches Argo CD through Kubernetes" in message
    assert "server of [argocd]" in message


def test_no_address_at_all_says_every_way_out(home):
    message = refused(home)
    assert "add server or context to [argocd], set ARGOCD_SERVER, or run `argocd login`" in message


def test_a_context_that_is_not_there_is_an_error_that_names_those_that_are(home):
    assert "Run `argocd login`" in refused(home, ServerConfig(context="x"))
    logged_in(home)
    assert "has no context x; it has cd.example.com, other" in refused(home, ServerConfig(context="x"))


def test_a_token_variable_that_is_not_set_is_an_error_and_no_other_token_is_taken(home):
    logged_in(home)
    message = refused(home, ServerConfig(context="other", token_env="MINE"), MINE=" ", ARGOCD_AUTH_TOKEN="t")
    assert message == "$MINE, which token_env of [argocd] names, is not set: set it, or take token_env away"


def test_options_with_an_open_quote_are_an_error(home):
    assert "$ARGOCD_OPTS cannot be read" in refused(home, ARGOCD_OPTS="--server 'x")


# --- the CLI's file --------------------------------------------------------------------------------


def test_the_clis_file_is_looked_for_where_the_cli_looks(home):
    places = {
        "folder/config": {"ARGOCD_CONFIG_DIR": str(home / "folder"), "XDG_CONFIG_HOME": str(home / "xdg")},
        ".argocd/config": {"XDG_CONFIG_HOME": str(home / "xdg")},
    }
    logged_in(home, CLI_CONFIG.replace("cd-token", "xdg"), "xdg/argocd/config")
    logged_in(home, CLI_CONFIG.replace("cd-token", "usual"))
    assert argo(home)[1] == "usual"
    assert argo(home, XDG_CONFIG_HOME=str(home / "xdg"))[1] == "xdg"
    for path in reversed(places):
        logged_in(home, CLI_CONFIG.replace("cd-token", path), path)
        assert argo(home, **places[path])[1] == path


@pytest.mark.skipif(os.name != "posix", reason="there are no such modes")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_may_read_is_refused_as_the_cli_refuses_it(home, mode):
    file = logged_in(home, mode=mode)
    assert refused(home) == f"{file} holds tokens and others may read it: run `chmod 600 {file}`"


def test_the_file_is_not_even_looked_at_where_it_is_not_needed(home):
    logged_in(home, "broken: [", mode=0o644)
    assert argo(home, ARGOCD_SERVER="x.example.com", ARGOCD_AUTH_TOKEN="t")[1] == "t"
    assert argo(home, ServerConfig(server="https://x.example.com", token_env="MINE"), MINE="t")[1] == "t"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("contexts: [\n", "not valid YAML"),
        ("contexts:\n\t- a\n", ":2: a tab in the indentation"),
        ("- a\n", ":1: a mapping"),
        ("a: 1\na: 2\n", ":2: `a` is in line 1 already"),
        ("contexts: x\ncurrent-context: x\n", ":1: `contexts` should hold a list of mappings"),
        ("contexts: []\nservers:\n- x\n", ":3: `servers` should hold a list of mappings"),
    ],
)
def test_a_malformed_file_is_an_error_with_its_line(home, text, words):
    file = logged_in(home, text)
    message = refused(home)
    assert message.startswith(str(file))
    assert words in message
    assert "argocd login" in message


def test_certificates_that_are_no_base64_are_an_error(home):
    logged_in(home, CLI_CONFIG.replace("LS0tQ0EtLS0=", "'*'"))
    assert "`certificate-authority-data` of the context cd.example.com" in refused(home)


@pytest.mark.parametrize("text", ["", "# nothing\n", "contexts: ~\nusers:\n", "{}\n"])
def test_a_file_with_nothing_in_it_is_as_good_as_none(home, text):
    logged_in(home, text)
    assert "no address of Argo CD" in refused(home)


# --- the keyring -----------------------------------------------------------------------------------


def test_the_keyring_is_asked_last_and_only_where_there_is_no_other_token(home, keyring):
    keyring.kept["anchor-tui", "argocd:https://cd.example.com"] = "kept-token"
    assert argo(home, CD, ARGOCD_AUTH_TOKEN="t")[1] == "t"
    assert keyring.asked == []
    assert argo(home, CD)[1] == "kept-token"
    assert keyring.asked == [("anchor-tui", "argocd:https://cd.example.com")]


def test_a_keyring_that_fails_is_only_a_reason_for_no_token(home, keyring):
    def fail(service, user):
        raise RuntimeError("no backend, and here is cd-token")

    keyring.get_password = fail
    message = refused(home, CD)
    assert "the keyring gave no answer (RuntimeError)" in message
    assert "run `argocd login`" in message


def test_a_machine_without_a_keyring_module_has_only_no_entry(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "the keyring gave no answer" in refused(home, CD)


def test_a_token_is_kept_only_if_it_can_be_read_back(keyring):
    store_token("argocd:https://x", Secret("t"))
    assert keyring.kept == {("anchor-tui", "argocd:https://x"): "t"}
    assert delete_token("argocd:https://x")
    assert not delete_token("argocd:https://x")
    keyring.set_password = lambda *_: None
    with pytest.raises(CredentialError, match="did not keep the token"):
        store_token("argocd:https://x", Secret("t"))

    def fail(*_):
        raise OSError("no bus")

    keyring.set_password = fail
    with pytest.raises(CredentialError, match="did not take the token"):
        store_token("argocd:https://x", Secret("t"))


# --- tokens ----------------------------------------------------------------------------------------


def test_a_token_is_never_shown():
    secret = Secret("cd-token")
    access = find_argocd_access(CD, {"ARGOCD_AUTH_TOKEN": "cd-token"}, home=None)
    for text in (str(secret), repr(secret), f"{secret}", f"{[secret]}", repr(access)):
        assert "cd-token" not in text
    assert repr(secret) == "***"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize("text", ["two words", "line\nbreak", "tök", "a\x00b"])
def test_what_cannot_be_a_token_is_refused_without_printing_it(home, text):
    message = refused(home, CD, ARGOCD_AUTH_TOKEN=text)
    assert message == "$ARGOCD_AUTH_TOKEN holds blanks or signs that no token has: was it copied whole?"


def jwt(payload):
    parts = (b'{"alg":"HS256"}', payload if isinstance(payload, bytes) else json.dumps(payload).encode(), b"x")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_the_end_of_a_jwt_is_read_from_it():
    assert read_token_expiry(Secret(jwt({"exp": 1796000000}))) == datetime.fromtimestamp(1796000000, UTC)
    assert read_token_expiry(jwt({"exp": 1796000000.5})).year == 2026


@pytest.mark.parametrize(
    "token",
    ["", "ghp_x", "a.b.c", "a.*.c", "a.b", jwt({}), jwt({"exp": "soon"}), jwt({"exp": True}), jwt({"exp": 1e300}),
     jwt([1]), jwt(b"\xff"), jwt(b"[" * 100_000)],
)  # fmt: skip
def test_a_token_that_does_not_tell_has_no_known_end(token):
    assert read_token_expiry(token) is None


# --- GitHub ----------------------------------------------------------------------------------------

ENTERPRISE = GitHubConfig(api_url="https://git.example.com/api/v3")
CLOUD = {"GH_TOKEN": "gh", "GITHUB_TOKEN": "github"}
SERVER = {"GH_ENTERPRISE_TOKEN": "gh-e", "GITHUB_ENTERPRISE_TOKEN": "github-e"}


def hub(home, github=GITHUB, **environ):
    return find_github_access(github, {"PATH": "", **environ}, home=home).token.reveal()


def hub_refused(home, github=GITHUB, **environ):
    with pytest.raises(CredentialError) as caught:
        find_github_access(github, {"PATH": "", **environ}, home=home)
    return caught.value.message


def with_gh(home, script):
    folder = home / "bin"
    folder.mkdir()
    (folder / "gh").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "gh").chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_the_configured_variable_beats_gh_s(home):
    access = find_github_access(GitHubConfig(token_env="MINE", ca_file="/ca"), {**CLOUD, "MINE": "mine"}, home=home)
    assert (access.token.reveal(), access.ca_file) == ("mine", "/ca")
    assert access.origin == "https://api.github.com, the token from $MINE"
    assert "$MINE, which token_env of [github] names" in hub_refused(home, GitHubConfig(token_env="MINE"), **CLOUD)


@pytest.mark.parametrize("url", ["https://api.github.com", "https://api.acme.ghe.com"])
def test_github_com_takes_gh_token_and_then_github_token(home, url):
    assert hub(home, GitHubConfig(api_url=url), **CLOUD, **SERVER) == "gh"
    assert hub(home, GitHubConfig(api_url=url), GITHUB_TOKEN="github", **SERVER) == "github"
    assert hub(home, GitHubConfig(api_url=url), GH_TOKEN="", GITHUB_TOKEN="github") == "github"
    hub_refused(home, GitHubConfig(api_url=url), **SERVER)


def test_an_enterprise_server_takes_its_own_variables_and_never_github_coms(home):
    assert hub(home, ENTERPRISE, **CLOUD, **SERVER) == "gh-e"
    assert hub(home, ENTERPRISE, GITHUB_ENTERPRISE_TOKEN="github-e", **CLOUD) == "github-e"
    assert "set GITHUB_ENTERPRISE_TOKEN" in hub_refused(home, ENTERPRISE, **CLOUD)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000", "http://localhost:9000/api/v3", "http://[::1]:9000"])
def test_an_address_on_this_machine_gets_no_token_but_the_configured_one(home, keyring, url):
    keyring.kept["anchor-tui", f"github:{url}"] = "kept"
    (home / "hosts.yml").write_text("localhost: {oauth_token: x}\n127.0.0.1: {oauth_token: x}\n")
    message = hub_refused(home, GitHubConfig(api_url=url), GH_CONFIG_DIR=str(home), **CLOUD, **SERVER)
    assert "token_env of [github]" in message
    assert hub(home, GitHubConfig(api_url=url, token_env="GITHUB_TOKEN"), **CLOUD) == "github"


def test_the_keyring_comes_after_the_variables_and_before_gh(home, keyring):
    keyring.kept["anchor-tui", "github:https://api.github.com"] = "kept"
    path = with_gh(home, "echo asked")
    assert hub(home, GITHUB_TOKEN="github", PATH=path) == "github"
    assert keyring.asked == []
    assert hub(home, PATH=path) == "kept"


def test_gh_is_asked_for_the_host_and_then_its_file_is_read(home):
    path = with_gh(home, '[ "$1 $2 $3 $4" = "auth token --hostname git.example.com" ] && echo "from-gh"')
    assert hub(home, ENTERPRISE, PATH=path) == "from-gh"
    file = home / ".config/gh/hosts.yml"
    file.parent.mkdir(parents=True)
    file.write_text("github.com:\n  user: me\n  oauth_token: from-file\n")
    assert hub(home, PATH=path) == "from-file"
    file.write_text("github.com:\n  user: me\n  users:\n    you: {oauth_token: b}\n    me: {oauth_token: a}\n")
    assert hub(home) == "a"


def test_the_file_of_gh_is_looked_for_where_gh_looks(home):
    for name, path in (("GH_CONFIG_DIR", "hosts.yml"), ("XDG_CONFIG_HOME", "gh/hosts.yml")):
        file = home / name / path
        file.parent.mkdir(parents=True)
        file.write_text(f"github.com: {{oauth_token: {name}}}\n")
    assert hub(home, XDG_CONFIG_HOME=str(home / "XDG_CONFIG_HOME")) == "XDG_CONFIG_HOME"
    both = {name: str(home / name) for name in ("GH_CONFIG_DIR", "XDG_CONFIG_HOME")}
    assert hub(home, **both) == "GH_CONFIG_DIR"


def test_a_gh_that_hangs_or_cannot_be_run_is_only_a_reason_for_no_token(home, monkeypatch):
    monkeypatch.setattr(gh_cli, "GH_TIMEOUT_S", 0.05)
    path = with_gh(home, "exec sleep 20")
    assert "gh gave no answer within" in hub_refused(home, PATH=path)
    (home / "bin" / "gh").write_text("no program")
    assert "gh could not be run" in hub_refused(home, PATH=path)


def test_no_token_anywhere_says_every_way_out(home):
    message = hub_refused(home)
    for words in (
        "set GITHUB_TOKEN",
        "gh auth login --hostname github.com",
        "not on the PATH",
    ):
        assert words in message


def test_a_malformed_file_of_gh_is_an_error_with_its_line(home):
    (home / "hosts.yml").write_text("github.com:\n\toauth_token: x\n")
    assert "hosts.yml:2: a tab" in hub_refused(home, GH_CONFIG_DIR=str(home))
    (home / "hosts.yml").write_text("")
    assert "no token for github.com" in hub_refused(home, GH_CONFIG_DIR=str(home))
