"""One attempt to deliver a message, as a program of its own.

A server can keep a connection busy indefinitely without an answer, and the limits of sockets apply
to each read alone. A process can be ended at any point. It imports only the standard library, reads
the message and the secrets from stdin, so that no list of processes shows them, and writes one JSON
object to stdout: ``{"error": null, "may_succeed_later": false, "warning": null}``.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import sys
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

_TIMEOUT = 10.0
"""Seconds to wait for a connection or for each part of an answer."""


class NotSentError(Exception):
    """A channel did not accept a message.

    Args:
        reason: why, without an address of a webhook: it is a secret.
        may_succeed_later: whether another attempt may succeed.
    """

    def __init__(self, reason: str, *, may_succeed_later: bool) -> None:
        super().__init__(reason)
        self.may_succeed_later = may_succeed_later


class _NoRedirects(HTTPRedirectHandler):
    """Leaves a redirect as an error: urllib would repeat the request without its body."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def post(url: str, document: Mapping[str, Any]) -> None:
    """Send JSON by POST.

    Args:
        url: of the webhook.
        document: what to send.

    Raises:
        NotSentError: it was not accepted.
    """
    if not url.startswith(("http://", "https://")):
        raise NotSentError("its URL does not begin with https://", may_succeed_later=False)
    try:
        request = Request(
            url,
            data=json.dumps(document, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        with build_opener(_NoRedirects).open(request, timeout=_TIMEOUT):
            pass
    except HTTPError as error:
        with error:
            later = error.code == 429 or error.code >= 500
        moved = ": it has moved, set its new URL" if error.code // 100 == 3 else ""
        raise NotSentError(f"HTTP {error.code}{moved}", may_succeed_later=later) from None
    except URLError as error:
        raise NotSentError(_reason(error.reason), may_succeed_later=True) from None
    except OSError as error:
        raise NotSentError(_reason(error), may_succeed_later=True) from None
    except Exception:  # noqa: BLE001 - its text may have the URL
        raise NotSentError("its URL is not valid", may_succeed_later=False) from None


def mail(
    *,
    host: str,
    port: int,
    security: str,
    login: tuple[str, str] | None,
    sender: str,
    recipients: list[str],
    subject: str,
    text: str,
) -> str | None:
    """Send a mail, and return a warning if only some recipients were accepted.

    Args:
        host: the mail server.
        port: its port.
        security: ``ssl``, ``starttls`` or ``none``.
        login: name and password; None: without.
        sender: its address.
        recipients: their addresses.
        subject: of the mail.
        text: of the mail.

    Raises:
        NotSentError: no recipient was accepted.
    """
    letter = EmailMessage()
    letter["From"] = sender
    letter["To"] = ", ".join(recipients)
    letter["Subject"] = subject
    letter["Date"] = formatdate()
    letter["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2] or None)
    letter.set_content(text)
    try:
        context = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=context)
            if security == "ssl"
            else smtplib.SMTP(host, port, timeout=_TIMEOUT)
        ) as server:
            if security == "starttls":
                server.starttls(context=context)
            if login is not None:
                server.login(*login)
            refused = server.send_message(letter)
    except smtplib.SMTPRecipientsRefused as error:
        later = all(400 <= code < 500 for code, _ in error.recipients.values())
        raise NotSentError("no recipient was accepted", may_succeed_later=later) from None
    except smtplib.SMTPResponseException as error:
        later = 400 <= error.smtp_code < 500
        raise NotSentError(f"SMTP {error.smtp_code}", may_succeed_later=later) from None
    except smtplib.SMTPException as error:
        later = isinstance(error, smtplib.SMTPServerDisconnected)
        raise NotSentError(type(error).__name__, may_succeed_later=later) from None
    except OSError as error:
        raise NotSentError(_reason(error), may_succeed_later=True) from None
    return f"{', '.join(refused)} was refused" if refused else None


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT:g} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _attempt(request: dict[str, Any]) -> dict[str, Any]:
    warning = None
    try:
        if "url" in request:
            post(**request)
        else:
            warning = mail(**request)
    except NotSentError as error:
        return {
            "error": str(error),
            "may_succeed_later": error.may_succeed_later,
            "warning": None,
        }
    return {"error": None, "may_succeed_later": False, "warning": warning}


if __name__ == "__main__":
    json.dump(_attempt(json.load(sys.stdin)), sys.stdout)
