"""Sends a message through a channel: Slack, a webhook, mail.

No address and no secret is part of an error: the address of a webhook is a secret itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from fdwarehouse.alerts import delivery
from fdwarehouse.alerts.delivery import NotSentError
from fdwarehouse.alerts.messages import Message
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.alert_channels import (
    AlertChannel,
    EmailChannel,
    SlackChannel,
    name_of,
)

DEADLINE = 30.0
"""Seconds for one message to one channel, all attempts and pauses together."""
PAUSES: tuple[float, ...] = (1, 4)
"""Seconds before each further attempt."""
_PORTS = {"starttls": 587, "ssl": 465, "none": 25}
_SLACK_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def send(channel: AlertChannel, message: Message, environment: Mapping[str, str]) -> str | None:
    """Send a message, in up to three attempts, and return a warning if not all is as it should be.

    Args:
        channel: of ``warehouse.yaml``.
        message: to send.
        environment: has the secrets.

    Raises:
        FdwarehouseError: the channel did not accept it within `DEADLINE`, or a secret is missing.
    """
    request = json.dumps(_request(channel, message, environment))
    end = time.monotonic() + DEADLINE
    for pause in (*PAUSES, None):
        try:
            return _attempt(request, end - time.monotonic())
        except NotSentError as error:
            is_last = pause is None or time.monotonic() + pause >= end
            if is_last or not error.may_succeed_later:
                raise FdwarehouseError(
                    f"channel {name_of(channel)}: {error}",
                    hint="It is told when `fdwarehouse alert` is called again.",
                    exit_code=1,
                ) from None
            time.sleep(pause or 0)
    return None


def _request(
    channel: AlertChannel, message: Message, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return the arguments of `delivery.post` or `delivery.mail`."""
    if isinstance(channel, EmailChannel):
        password = _secret(channel, channel.password, environment) if channel.password else None
        return {
            "host": channel.host,
            "port": channel.port or _PORTS[channel.security],
            "security": channel.security,
            "login": None if password is None else (channel.user or channel.sender, password),
            "sender": channel.sender,
            "recipients": channel.recipients,
            "subject": message.subject,
            "text": message.text,
        }
    url = _secret(channel, channel.url, environment)
    if isinstance(channel, SlackChannel):
        text = f"*{message.subject}*\n\n{message.text}".translate(_SLACK_ESCAPES)
        return {"url": url, "document": {"text": text}}
    return {"url": url, "document": message.document}


def require_secret(channel: AlertChannel, environment: Mapping[str, str]) -> None:
    """Fail if a channel names a variable that is not set, though nothing is to be sent now.

    Args:
        channel: of ``warehouse.yaml``.
        environment: should have the secrets.

    Raises:
        FdwarehouseError: the address or the password is missing.
    """
    reference = channel.password if isinstance(channel, EmailChannel) else channel.url
    if reference:
        _secret(channel, reference, environment)


def _secret(channel: AlertChannel, reference: str, environment: Mapping[str, str]) -> str:
    name = reference[2:-1]
    if not (value := environment.get(name)):
        raise FdwarehouseError(
            f"channel {name_of(channel)}: {name} is not set",
            hint=f"Set the environment variable {name}: warehouse.yaml names it.",
            exit_code=1,
        )
    return value


def _attempt(request: str, seconds: float) -> str | None:
    try:
        done = subprocess.run(
            [sys.executable, "-I", delivery.__file__],  # -I: no module of the current folder
            input=request,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotSentError(f"no answer within {DEADLINE:g} s", may_succeed_later=False) from None
    except OSError as error:
        raise NotSentError(
            f"no process can be started: {error.strerror}", may_succeed_later=True
        ) from None
    if done.returncode:  # what it wrote to stderr may have a secret
        raise NotSentError("the process that sends has failed", may_succeed_later=False)
    result = json.loads(done.stdout)
    if result["error"] is not None:
        raise NotSentError(result["error"], may_succeed_later=result["may_succeed_later"])
    return result["warning"] and str(result["warning"])
