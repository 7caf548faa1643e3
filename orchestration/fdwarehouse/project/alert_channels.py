"""Who is told of problems: the section ``alerts`` of ``warehouse.yaml``."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LISTENERS = "fdwarehouse"
"""The channel of LISTEN, whose state is kept beside that of the others."""

Kind = Literal[
    "run_failed",
    "run_lost",
    "step_failed",
    "check_failed",
    "check_warned",
    "source_late",
    "fence_held",
    "drift",
    "unreconciled",
    "rows_rejected",
    "never_ran",
]


def _secret(value: str) -> str:
    if not re.fullmatch(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", value):
        raise ValueError('a secret comes from the environment: write "${NAME}"')
    return value


Secret = Annotated[str, AfterValidator(_secret)]
"""The name of an environment variable, as ``${NAME}``."""


class _Channel(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True
    )

    name: str | None = Field(default=None, min_length=1, max_length=200)
    """Under which the warehouse remembers what the channel was told; None: that of its kind."""
    severity: Literal["error", "warn"] = "warn"
    """error: only problems of severity error; warn: all."""
    kinds: list[Kind] = []
    """Kinds of problems; empty: all."""


class SlackChannel(_Channel):
    """A channel of Slack, or of what accepts its messages, such as Mattermost."""

    to: Literal["slack"]
    url: Secret
    """The incoming webhook."""


class WebhookChannel(_Channel):
    """Any server that accepts JSON by POST."""

    to: Literal["webhook"]
    url: Secret


class EmailChannel(_Channel):
    """Mail, through one server."""

    to: Literal["email"]
    recipients: list[str] = Field(min_length=1)
    sender: str = Field(min_length=3)
    host: str = Field(min_length=1)
    """The mail server."""
    port: int | None = Field(default=None, ge=1, le=65_535)
    """None: 587 with starttls, 465 with ssl, 25 with none."""
    security: Literal["starttls", "ssl", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None


AlertChannel = Annotated[SlackChannel | WebhookChannel | EmailChannel, Field(discriminator="to")]


def name_of(channel: AlertChannel) -> str:
    """Return the name of a channel: its own, or that of its kind."""
    return channel.name or channel.to


def require_different_names(channels: list[AlertChannel]) -> list[AlertChannel]:
    """Check that each channel has a name of its own.

    Args:
        channels: of the project.

    Raises:
        ValueError: two have the same, or one has that of the listeners.
    """
    for name, count in Counter(map(name_of, channels)).items():
        if count > 1:
            raise ValueError(f"{count} channels are named {name}: give each a name")
        if name == LISTENERS:
            raise ValueError(f"{name} is the name of the channel of LISTEN: choose another")
    return channels
