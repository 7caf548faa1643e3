"""Sends a message through a channel: Slack, a webhook, mail.

No address and no secret is part of an error: the address of a webhook is a secret itself.
"""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any
from urllib.error import HTTPError, URLError

from fdwarehouse.alerts.messages import Message
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.alert_channels import (
    AlertChannel,
    EmailChannel,
    SlackChannel,
    name_of,
)

TIMEOUT = 10.0
"""Seconds to wait for a connection or an answer."""
PAUSES: tuple[float, ...] = (1, 4)
"""Seconds before each further attempt."""
_PORTS = {"starttls": 587, "ssl": 465, "none": 25}
_SLACK_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class NotSentError(Exception):
    """A channel did not accept a message."""

    def __init__(self, reason: str, *, may_succeed_later: bool) -> None:
        super().__init__(reason)
        self.may_succeed_later = may_succeed_later


def send(channel: AlertChannel, message: Message, environment: Mapping[str, str]) -> None:
    """Send a message, in up to three attempts.

    Args:
        channel: of ``warehouse.yaml``.
        message: to send.
        environment: has the secrets.

    Raises:
        FdwarehouseError: the channel did not accept it, or a secret is missing.
    """
    deliver = _delivery(channel, message, environment)
    for pause in (*PAUSES, None):
        try:
            deliver()
            return
        except NotSentError as error:
            if pause is None or not error.may_succeed_later:
                raise FdwarehouseError(
                    f"channel {name_of(channel)}: {error}",
                    hint="It is told when `fdwarehouse alert` is called again.",
                    exit_code=1,
                ) from None
            time.sleep(pause)


def _delivery(
    channel: AlertChannel, message: Message, environment: Mapping[str, str]
) -> Callable[[], None]:
    if isinstance(channel, EmailChannel):
        password = _secret(channel, channel.password, environment) if channel.password else None
        return lambda: _mail(channel, message, password)
    url = _secret(channel, channel.url, environment)
    if isinstance(channel, SlackChannel):
        text = f"*{message.subject}*\n\n{message.text}".translate(_SLACK_ESCAPES)
        return lambda: _post(url, {"text": text})
    return lambda: _post(url, message.document)


def _secret(channel: AlertChannel, reference: str, environment: Mapping[str, str]) -> str:
    name = reference[2:-1]
    if not (value := environment.get(name)):
        raise FdwarehouseError(
            f"channel {name_of(channel)}: {name} is not set",
            hint=f"Set the environment variable {name}: warehouse.yaml names it.",
            exit_code=1,
        )
    return value


def _post(url: str, document: Mapping[str, Any]) -> None:
    if not url.startswith(("http://", "https://")):
        raise NotSentError("its URL does not begin with https://", may_succeed_later=False)
    try:
        request = urllib.request.Request(
            url,
            data=json.dumps(document, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT):
            pass
    except HTTPError as error:
        with error:
            later = error.code == 429 or error.code >= 500
        raise NotSentError(f"HTTP {error.code}", may_succeed_later=later) from None
    except URLError as error:
        raise NotSentError(_reason(error.reason), may_succeed_later=True) from None
    except OSError as error:
        raise NotSentError(_reason(error), may_succeed_later=True) from None
    except Exception:  # noqa: BLE001 - its text may have the URL
        raise NotSentError("its URL is not valid", may_succeed_later=False) from None


def _mail(channel: EmailChannel, message: Message, password: str | None) -> None:
    mail = EmailMessage()
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.recipients)
    mail["Subject"] = message.subject
    mail.set_content(message.text)
    port = channel.port or _PORTS[channel.security]
    try:
        context = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(channel.host, port, timeout=TIMEOUT, context=context)
            if channel.security == "ssl"
            else smtplib.SMTP(channel.host, port, timeout=TIMEOUT)
        ) as server:
            if channel.security == "starttls":
                server.starttls(context=context)
            if password is not None:
                server.login(channel.user or channel.sender, password)
            refused = server.send_message(mail)
    except smtplib.SMTPResponseException as error:
        later = 400 <= error.smtp_code < 500
        raise NotSentError(f"SMTP {error.smtp_code}", may_succeed_later=later) from None
    except smtplib.SMTPException as error:
        raise NotSentError(type(error).__name__, may_succeed_later=False) from None
    except OSError as error:
        raise NotSentError(_reason(error), may_succeed_later=True) from None
    if refused:
        names = ", ".join(refused)
        raise NotSentError(f"{names} was refused", may_succeed_later=False)


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError | socket.timeout):
        return f"no answer within {TIMEOUT:g} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
