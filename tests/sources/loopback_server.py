"""Small HTTP servers on loopback, each in its own thread, for tests that need real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any


class Request:
    """A received request and the ways to respond to it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler
        self.method = handler.command
        self.path = handler.path
        self.headers = dict(handler.headers.items())
        self.body = handler.rfile.read(int(handler.headers.get("content-length") or 0))

    def respond(self, status: int = 200, body: bytes | str = b"", **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        self._handler.send_response(status)
        for name, value in {"content_type": "application/json", **headers}.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.send_header("content-length", str(len(content)))
        self._handler.end_headers()
        self._handler.wfile.write(content)

    def drip(self, pause: Callable[[], bool], **headers: str) -> None:
        """Respond with one byte at a time, without an end, until `pause` returns True or the client is gone."""
        self._start_endless(headers)
        while not pause():
            self.send_part(b" ")

    def stream(self, parts: Iterable[bytes], **headers: str) -> None:
        """Respond with parts, and end the connection after the last one."""
        self._start_endless(headers)
        for part in parts:
            self.send_part(part)

    def send_part(self, part: bytes) -> None:
        """Send a part of a body without a length."""
        self._handler.wfile.write(part)
        self._handler.wfile.flush()

    def _start_endless(self, headers: dict[str, str]) -> None:
        self._handler.close_connection = True
        self._handler.send_response(200)
        for name, value in {"content_type": "application/json", "connection": "close", **headers}.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def reset_connection(self) -> None:
        """End the connection without a response."""
        self._handler.connection.shutdown(socket.SHUT_RDWR)

    def send_headers(self, length: int) -> None:
        """Send headers that announce a longer body than is sent."""
        self._handler.send_response(200)
        self._handler.send_header("content-type", "application/json")
        self._handler.send_header("content-length", str(length))
        self._handler.end_headers()
        self._handler.wfile.flush()


@contextmanager
def serve_requests(answer: Callable[[Request], None], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run a server that handles every request with `answer`; return its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            try:
                answer(Request(self))
            except (OSError, ValueError):
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take  # noqa: N815 - the standard library names them

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:  # a client may close the connection
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def create_self_signed_tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS context with a self-signed certificate, and the file of the certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "ca.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    return context, certificate_file
