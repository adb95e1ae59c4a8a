"""A file of contexts of the argocd command line, and a lookup of the credentials of an Argo CD."""

from __future__ import annotations

import pytest

from anchor_tui.config.model import ServerConfig
from anchor_tui.sources.credentials.argocd import find_argocd_access
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
ARGOCD = ServerConfig()
CD = ServerConfig(server="https://cd.example.com")


def write_contexts(home, text=CLI_CONFIG, path=".config/argocd/config", mode=0o600):
    """Write the file of contexts; return its path."""
    file = home / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def find_url_and_token(home, server=ARGOCD, **environ):
    """Return address and token."""
    access = find_argocd_access(server, environ, home=home)
    return access.url, access.token.reveal()


def find_error(home, server=ARGOCD, **environ):
    """Return the message of the error."""
    with pytest.raises(CredentialError) as caught:
        find_argocd_access(server, environ, home=home)
    assert caught.value.kind == "credentials"
    return caught.value.message
