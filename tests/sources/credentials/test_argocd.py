"""Address and token of an Argo CD: their precedence, and the servers that a token is not sent to."""

from __future__ import annotations

import pytest

from anchor_tui.config.model import ServerConfig
from anchor_tui.sources.credentials.argocd import find_argocd_access, find_argocd_url
from anchor_tui.sources.credentials.secret import Secret
from tests.sources.credentials.argocd_files import (
    CD,
    find_error,
    find_url_and_token,
    write_contexts,
)


def test_the_current_context_is_the_default(home):
    write_contexts(home)
    access = find_argocd_access(ServerConfig(), {}, home=home)
    assert (access.url, access.token) == ("https://cd.example.com", Secret("cd-token"))
    assert (access.insecure, access.ca_data) == (True, "---CA---")
    assert "the token from the context cd.example.com" in access.origin


def test_the_environment_beats_the_context(home):
    write_contexts(home)
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
    write_contexts(home)
    environ = {"ARGOCD_SERVER": "env.example.com", "ARGOCD_AUTH_TOKEN": "env-token", "MINE": "my-token"}
    environ["ARGOCD_OPTS"] = "--insecure --server-crt /x"
    server = ServerConfig(server="https://mine.example.com", token_env="MINE", ca_file="/ca.pem")
    access = find_argocd_access(server, environ, home=home)
    assert (access.url, access.token.reveal()) == ("https://mine.example.com", "my-token")
    assert (access.insecure, access.ca_file) == (False, "/ca.pem")


def test_the_configured_context_beats_the_environment(home):
    write_contexts(home)
    server = ServerConfig(context="other")
    assert find_url_and_token(home, server, ARGOCD_SERVER="env.example.com", ARGOCD_AUTH_TOKEN="env-token") == (
        "https://other.example.com:8443",
        "other-token",
    )
    access = find_argocd_access(server, {"ARGOCD_OPTS": "--insecure"}, home=home)
    assert (access.client_cert_data, access.client_key_data, access.insecure) == ("---C---", "---K---", False)


def test_a_configured_token_is_used_with_a_configured_context(home):
    write_contexts(home)
    assert find_url_and_token(home, ServerConfig(context="other", token_env="MINE"), MINE="my-token") == (
        "https://other.example.com:8443",
        "my-token",
    )


def test_the_token_variable_is_for_the_current_context(home):
    write_contexts(home)
    assert find_url_and_token(home, ARGOCD_AUTH_TOKEN="env-token") == ("https://cd.example.com", "env-token")


def test_the_token_variable_is_for_a_configured_address(home):
    assert find_url_and_token(home, CD, ARGOCD_AUTH_TOKEN="env-token") == ("https://cd.example.com", "env-token")


def test_a_configured_address_uses_the_token_of_its_context(home):
    write_contexts(home)
    assert find_url_and_token(home, ServerConfig(server="https://other.example.com:8443")) == (
        "https://other.example.com:8443",
        "other-token",
    )
    assert find_url_and_token(home, ServerConfig(server="https://cd.example.com:443/"))[1] == "cd-token"
    assert find_url_and_token(home, ServerConfig(server="https://rooted.example.com/argo-cd"))[1] == "other-token"


def test_options_may_name_context_and_file(home):
    write_contexts(home, path="elsewhere")
    assert find_url_and_token(home, ARGOCD_OPTS="--config elsewhere --argocd-context other")[1] == "other-token"


def test_a_context_token_is_not_sent_to_the_environments_server(home):
    write_contexts(home)
    message = find_error(home, ARGOCD_SERVER="evil.example.com")
    assert "no token for https://evil.example.com" in message
    assert "cd-token" not in message


def test_a_context_token_is_not_sent_to_another_port(home):
    write_contexts(home)
    find_error(home, ServerConfig(server="https://cd.example.com:8443"))
    find_error(home, ServerConfig(server="https://rooted.example.com/other"))


def test_the_environments_token_is_only_for_its_server(home):
    message = find_error(home, CD, ARGOCD_SERVER="env.example.com", ARGOCD_AUTH_TOKEN="env-token")
    assert "no token for https://cd.example.com" in message


def test_the_environments_token_is_for_a_further_server_if_named(home):
    eu = ServerConfig(name="eu", server="https://eu.example.com")
    assert "[servers.eu]" in find_error(home, eu, ARGOCD_AUTH_TOKEN="env-token")
    assert find_url_and_token(home, eu, ARGOCD_SERVER="eu.example.com", ARGOCD_AUTH_TOKEN="env-token")[1] == "env-token"


def test_a_further_server_ignores_the_environments_address(home):
    write_contexts(home)
    message = find_error(home, ServerConfig(name="eu"), ARGOCD_SERVER="env.example.com", ARGOCD_AUTH_TOKEN="x")
    assert message == "[servers.eu] names no address: add server or context to it"


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
def test_https_and_port_443_are_the_default(home, text, url):
    assert find_url_and_token(home, ARGOCD_SERVER=text, ARGOCD_AUTH_TOKEN="t")[0] == url
    assert find_argocd_url(ServerConfig(), {"ARGOCD_SERVER": text}, home=home) == url


@pytest.mark.parametrize("text", ["a b", "https://", "ftp://x", "x:99999", "x:0", "http://x:y", "x?y", "u:pw@x"])
def test_an_invalid_address_is_refused_without_its_password(home, text):
    message = find_error(home, ARGOCD_SERVER=text, ARGOCD_AUTH_TOKEN="t")
    assert "is not the address of an Argo CD" in message
    assert "pw" not in message


def test_plain_http_is_for_loopback_or_if_allowed(home):
    write_contexts(home)
    assert find_url_and_token(home, ServerConfig(context="local")) == ("http://localhost:8080", "local-token")
    for server, environ in (
        (ServerConfig(context="plain"), {}),
        (ServerConfig(), {"ARGOCD_SERVER": "http://x.example.com"}),
        (ServerConfig(), {"ARGOCD_SERVER": "x.example.com", "ARGOCD_OPTS": "--plaintext"}),
        (ServerConfig(), {"ARGOCD_OPTS": "--plaintext"}),
    ):
        assert "add plaintext = true to [argocd]" in find_error(home, server, ARGOCD_AUTH_TOKEN="t", **environ)
    assert find_url_and_token(home, ServerConfig(context="plain", plaintext=True)) == (
        "http://plain.example.com",
        "other-token",
    )
    environ = {"ARGOCD_SERVER": "127.0.0.1:8080", "ARGOCD_OPTS": "--plaintext=true", "ARGOCD_AUTH_TOKEN": "t"}
    assert find_url_and_token(home, **environ)[0] == "http://127.0.0.1:8080"


def test_the_configured_root_path_precedes_that_of_the_context(home):
    write_contexts(home)
    assert find_url_and_token(home, ServerConfig(context="rooted"))[0] == "https://rooted.example.com/argo-cd"
    assert (
        find_url_and_token(home, ServerConfig(context="rooted", root_path="/cd"))[0] == "https://rooted.example.com/cd"
    )
    assert find_url_and_token(
        home, ServerConfig(server="https://x.example.com", root_path="/cd"), ARGOCD_AUTH_TOKEN="t"
    )[0].endswith("/cd")


@pytest.mark.parametrize("variable", ["ARGOCD_SERVER", "ARGOCD_OPTS"])
def test_the_environments_server_uses_its_contexts_root_path(home, variable):
    write_contexts(home)
    text = "rooted.example.com" if variable == "ARGOCD_SERVER" else "--server rooted.example.com"
    assert find_url_and_token(home, **{variable: text}) == ("https://rooted.example.com/argo-cd", "other-token")


def test_a_root_path_in_the_environment_precedes_the_contexts(home):
    write_contexts(home)
    environ = {"ARGOCD_SERVER": "rooted.example.com/cd", "ARGOCD_AUTH_TOKEN": "t"}
    assert find_url_and_token(home, **environ)[0] == "https://rooted.example.com/cd"
    options = {**environ, "ARGOCD_OPTS": "--grpc-web-root-path /x"}
    assert find_url_and_token(home, **options)[0] == "https://rooted.example.com/x"


def test_the_environments_server_uses_its_contexts_certificates(home):
    write_contexts(home)
    access = find_argocd_access(ServerConfig(), {"ARGOCD_SERVER": "cd.example.com"}, home=home)
    assert (access.ca_data, access.insecure, access.token.reveal()) == ("---CA---", True, "cd-token")


@pytest.mark.parametrize("name", ["kubernetes", "forward", "core"])
def test_a_context_through_kubernetes_has_no_address(home, name):
    write_contexts(home)
    message = find_error(home, ServerConfig(context=name))
    assert "reaches Argo CD through Kubernetes" in message
    assert "server of [argocd]" in message


def test_a_missing_address_names_every_way_out(home):
    message = find_error(home)
    assert "add server or context to [argocd], set ARGOCD_SERVER, or run `argocd login`" in message


def test_an_unknown_context_lists_the_known_ones(home):
    assert "Run `argocd login`" in find_error(home, ServerConfig(context="x"))
    write_contexts(home)
    assert "has no context x; it has cd.example.com, other" in find_error(home, ServerConfig(context="x"))


def test_an_unset_token_variable_is_an_error(home):
    write_contexts(home)
    message = find_error(home, ServerConfig(context="other", token_env="MINE"), MINE=" ", ARGOCD_AUTH_TOKEN="t")
    assert message == "$MINE, which token_env of [argocd] names, is not set: set it, or remove token_env"


def test_options_with_an_open_quote_are_an_error(home):
    assert "cannot read $ARGOCD_OPTS" in find_error(home, ARGOCD_OPTS="--server 'x")
