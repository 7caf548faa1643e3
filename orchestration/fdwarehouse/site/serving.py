"""Serves the files of a site to this machine, for a look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fdwarehouse.errors import FdwarehouseError

LOCAL = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    """Answers requests for this machine only: another name may be of a page of a stranger."""

    def send_head(self) -> object:  # type: ignore[override]
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        if host not in (LOCAL, "localhost"):
            self.send_error(HTTPStatus.FORBIDDEN, "only for 127.0.0.1 and localhost")
            return None
        return super().send_head()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serving(folder: Path, port: int) -> Iterator[ThreadingHTTPServer]:
    """Open a server for a folder; the caller runs it. Ctrl+C ends the block.

    Args:
        folder: the site.
        port: 0 for any.

    Raises:
        FdwarehouseError: the port is in use.
    """
    try:
        server = ThreadingHTTPServer((LOCAL, port), partial(_Handler, directory=str(folder)))
    except OSError as error:
        raise FdwarehouseError(
            f"port {port} cannot be used: {error.strerror}", hint="Choose another one with --port."
        ) from error
    with server, suppress(KeyboardInterrupt):
        yield server
