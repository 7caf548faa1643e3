"""Channels of alerts, and servers that receive them: HTTP and SMTP, on this machine."""

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

SLACK = {"to": "slack", "url": "${SLACK_URL}"}
HOOK = {"to": "webhook", "url": "${HOOK_URL}"}


def configure(project: Path, *alerts: dict[str, Any]) -> None:
    """Give a project these channels, and no others."""
    path = project / "warehouse.yaml"
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, "alerts": list(alerts)}, sort_keys=False))


class Web:
    """An HTTP server that keeps what it gets, and answers with the statuses that a test sets."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.answers: list[int] = []
        """The next statuses; then 200."""
        self.drips = False
        """Whether the next answer begins at once and never ends."""
        self.is_over = Event()
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if web.drips:
                    web.drips = False
                    self._drip()
                    return
                status = web.answers.pop(0) if web.answers else 200
                if status == 200:
                    web.received.append(json.loads(body))
                self.send_response(status)
                if status // 100 == 3:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()

            def _drip(self) -> None:
                with suppress(OSError):  # the sender has given up
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    for _ in range(200):  # then the sender was too patient
                        if web.is_over.wait(0.1):
                            return
                        self.wfile.write(b".")
                    self.wfile.write(b"\r\n\r\n")

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/t0psecret"

    def taken(self) -> list[dict[str, Any]]:
        """What came since the last call."""
        taken, self.received = self.received, []
        return taken


@contextmanager
def web_server() -> Iterator[Web]:
    web = Web()
    thread = Thread(target=web.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield web
    finally:
        web.is_over.set()
        web.server.shutdown()
        thread.join()
        web.server.server_close()


class Post:
    """A mail server that keeps what it gets."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.logins: list[tuple[str, str]] = []
        self.port = 0
        self.refused: list[str] = []
        """Recipients that it does not know."""

    async def handle_RCPT(  # noqa: N802
        self, _server: object, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address in self.refused:
            return "550 unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def authenticate(self, *arguments: Any) -> AuthResult:
        data = arguments[-1]
        assert isinstance(data, LoginPassword)
        login = (data.login.decode(), data.password.decode())
        self.logins.append(login)
        return AuthResult(success=login == ("robot", "t0psecret"), handled=False)


@contextmanager
def mail_server(folder: Path, security: str) -> Iterator[Post]:
    """Serve SMTP, as `starttls`, `ssl` or `none`; the certificate is folder/cert.pem."""
    post = Post()
    options: dict[str, Any] = {}
    if security != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate(folder))
        options = {
            "authenticator": post.authenticate,
            "auth_required": security == "starttls",
            **(
                {"ssl_context": context, "auth_require_tls": False}
                if security == "ssl"
                else {"tls_context": context, "require_starttls": True}
            ),
        }
    with socket.create_server(("127.0.0.1", 0)) as free:
        post.port = free.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=post.port, **options)
    controller.start()
    try:
        yield post
    finally:
        controller.stop()


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1 and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    if not cert.exists():
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", str(key), "-out", str(cert)),
            ],
            check=True,
            capture_output=True,
        )
    return cert, key
