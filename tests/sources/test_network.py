"""TLS trust and proxies, the same for every source."""

from __future__ import annotations

import ssl
import traceback

import certifi
import pytest

from anchor_tui.sources.errors import Unreachable
from anchor_tui.sources.network import create_tls_context, find_ca_bundle, find_proxy

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


def test_the_environment_names_the_authorities(monkeypatch):
    assert find_ca_bundle() is None
    for variable in reversed(VARIABLES):
        monkeypatch.setenv(variable, f"/{variable}")
        assert find_ca_bundle() == f"/{variable}"


def test_a_file_and_a_folder_of_authorities_are_loaded(tmp_path, monkeypatch):
    assert create_tls_context().get_ca_certs()
    assert create_tls_context(certifi.where()).verify_mode == ssl.CERT_REQUIRED
    assert create_tls_context(str(tmp_path)).verify_mode == ssl.CERT_REQUIRED
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(OSError):
        create_tls_context()


def test_an_insecure_context_verifies_nothing():
    context = create_tls_context(insecure=True)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"])
def test_loopback_has_no_proxy(monkeypatch, url):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert find_proxy(url) is None
    assert find_proxy("http://cd.example.com") == "http://proxy.example:3128"


@pytest.mark.parametrize(
    "proxy", ["socks9://user:hunter2@proxy", "user:hunter2://proxy", "http://user:hunter2@proxy:x"]
)
def test_the_error_of_an_unusable_proxy_hides_its_password(monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(Unreachable, match="cannot be used: correct it, or set NO_PROXY") as caught:
        find_proxy("https://cd.example.com")
    assert not caught.value.maybe_applied
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_proxy_without_a_scheme_is_http(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    assert find_proxy("https://cd.example.com") == "http://proxy.example:3128"
