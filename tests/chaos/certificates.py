"""Certificates for the proxies: a valid one, an expired one, and one for another name, all of one authority."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = timedelta(days=1)


class ServerCertificates(NamedTuple):
    """The TLS contexts of a server, and the file of the authority to trust."""

    valid: ssl.SSLContext
    expired: ssl.SSLContext
    mismatched: ssl.SSLContext
    ca_file: Path


def create_certificates(folder: Path, *host_names: str) -> ServerCertificates:
    """Write an authority and its server certificates into a folder."""
    now = datetime.now(UTC)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chaos authority")])

    def issue(key: Any, name: x509.Name, until: datetime, *names: str) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(authority_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * DAY)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in names]), critical=False)
            .sign(authority_key, hashes.SHA256())
        )

    def serve(file_name: str, until: datetime, *names: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chaos server")])
        file = folder / file_name
        file.write_bytes(
            issue(key, subject, until, *names).public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    ca_file = folder / "authority.pem"
    ca_file.write_bytes(issue(authority_key, authority_name, now + DAY).public_bytes(serialization.Encoding.PEM))
    return ServerCertificates(
        valid=serve("valid.pem", now + DAY, *host_names),
        expired=serve("expired.pem", now - DAY, *host_names),
        mismatched=serve("mismatched.pem", now + DAY, "another.localhost"),
        ca_file=ca_file,
    )
