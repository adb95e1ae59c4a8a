"""The connection settings: proxy and TLS."""

from __future__ import annotations

import pytest

from anchor_tui.sources.argocd.client import ArgoClient
from anchor_tui.sources.argocd.connection import resolve_connection
from anchor_tui.sources.errors import TlsError, Unreachable
from tests.sources.argocd.fakes import (
    TOKEN,
    make_access,
)
from tests.sources.loopback_server import create_self_signed_tls, serve_requests

# --- proxies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_the_proxy_of_the_environment_is_used(monkeypatch, variable):
    asked: list[str] = []

    def answer(request) -> None:
        asked.append(request.path)
        request.respond(200, '{"Version":"v3.5.1"}')

    with serve_requests(answer) as proxy:
        monkeypatch.setenv(variable, proxy)
        argo = ArgoClient(resolve_connection(make_access("http://argocd.example:8080")), read_only=True)
        await argo.get("api/version")
        await argo.aclose()
    assert asked == ["http://argocd.example:8080/api/version"]


@pytest.mark.parametrize("listed", ["argocd.example", ".example", "argocd.example:8080", "*", "x,argocd.example"])
def test_no_proxy_addresses_are_connected_directly(monkeypatch, listed):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", listed)
    assert resolve_connection(make_access("http://argocd.example:8080")).proxy is None


async def test_loopback_uses_no_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    with serve_requests(lambda request: request.respond(200, "{}")) as url:
        argo = ArgoClient(resolve_connection(make_access(url)), read_only=True)
        await argo.get("api/version")
        await argo.aclose()


@pytest.mark.parametrize("proxy", ["socks5://user:hidden@proxy.example", "ftp://hidden@proxy", "http://proxy:hidden"])
def test_the_error_of_an_unusable_proxy_hides_its_password(monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(Unreachable, match="proxy that the environment names cannot be used") as caught:
        ArgoClient(resolve_connection(make_access()), read_only=True)
    assert "hidden" not in caught.value.message


# --- TLS ---------------------------------------------------------------------------------------------


async def test_an_untrusted_certificate_is_refused_until_its_ca_is_configured(tmp_path):
    context, ca_file = create_self_signed_tls(tmp_path)
    with serve_requests(lambda request: request.respond(200, '{"Version":"v3.5.1"}'), context) as url:
        argo = ArgoClient(resolve_connection(make_access(url)), read_only=True)
        with pytest.raises(TlsError, match="ca_file") as caught:
            await argo.get("api/version")
        await argo.aclose()
        assert "certificate" in caught.value.message.lower()
        assert TOKEN not in caught.value.message
        for trusting in (
            make_access(url, ca_file=str(ca_file)),
            make_access(url, ca_data=ca_file.read_text()),
            make_access(url, insecure=True),
        ):
            argo = ArgoClient(resolve_connection(trusting), read_only=True)
            assert (await argo.get("api/version")).body == b'{"Version":"v3.5.1"}'
            await argo.aclose()


async def test_a_server_without_tls_raises_tls_error():
    with serve_requests(lambda request: request.respond(200, "{}")) as url:
        argo = ArgoClient(resolve_connection(make_access(url.replace("http:", "https:"))), read_only=True)
        with pytest.raises(TlsError):
            await argo.get("api/version")
        await argo.aclose()


def test_an_unusable_ca_file_raises_tls_error(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(TlsError, match="TLS files of the configuration"):
        ArgoClient(resolve_connection(make_access(ca_file=str(tmp_path / "ca.pem"))), read_only=True)
    with pytest.raises(TlsError, match="TLS files of the configuration"):
        ArgoClient(resolve_connection(make_access(ca_file=str(tmp_path / "none.pem"))), read_only=True)
