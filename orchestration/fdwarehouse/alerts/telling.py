"""Compares what is wrong with what each channel was told, sends the difference, and records it.

A slow channel must hold up neither a deploy nor another sender. So a channel is claimed and its
message made in one transaction, the message is sent in none, and it is recorded in a second one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from fdwarehouse.alerts.channels import DEADLINE, send
from fdwarehouse.alerts.messages import Message, Problem, compare
from fdwarehouse.database.connections import connect
from fdwarehouse.database.running import require_deployed
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.project.alert_channels import LISTENERS, AlertChannel, name_of
from fdwarehouse.project.config import Config

_CLAIM = "SELECT etl.take_alert_channel(%s, make_interval(secs => %s))"
_PROBLEMS = "SELECT to_jsonb(p) FROM etl.problems AS p ORDER BY severity, problem"
_TOLD = (
    "SELECT to_jsonb(a) FROM etl.alerted_problems AS a WHERE channel = %s "
    "ORDER BY severity, problem"
)
_RECORD = "SELECT etl.record_alert(%s, %s, %s)"
_RELEASE = "SELECT etl.release_alert_channel(%s, %s)"

_CLAIMED_FOR = DEADLINE + 30
"""Seconds after which another session may tell a channel, though the first one still lives."""
_RECORDED = ("problem", "kind", "severity", "subject", "since", "message")
"""What is kept of a problem. Not the rows that show it, which a server may log with a statement."""

Send = Callable[[AlertChannel, Message, Mapping[str, str]], str | None]


@dataclass(frozen=True)
class Told:
    """What became of one channel."""

    channel: str
    message: Message | None
    """None: there is nothing that it was not told."""
    error: FdwarehouseError | None = None
    warning: str | None = None
    """Why not everybody may have got it, though the channel has accepted it."""


def tell(
    warehouse_url: str,
    config: Config,
    environment: Mapping[str, str],
    *,
    site_url: str | None = None,
    is_rehearsal: bool = False,
    deliver: Send = send,
) -> Iterator[Told]:
    """Tell each channel which problems are new to it and which are over.

    What it was told is recorded once it has accepted the message: after a crash in between, the
    same message is sent again.

    Args:
        warehouse_url: connection string of a role that may read ``etl``.
        config: of the project, with its channels.
        environment: has the secrets of the channels.
        site_url: where the site of the warehouse is.
        is_rehearsal: whether to send and record nothing.
        deliver: sends a message.

    Yields:
        What became of each channel. One that fails does not stop the others.

    Raises:
        FdwarehouseError: nothing is deployed.
    """
    with closing(connect(warehouse_url, autocommit=True)) as connection:
        require_deployed(connection)
        if not is_rehearsal:
            try:
                connection.execute("CALL etl.notify_problems()")
            except psycopg.Error as error:
                yield Told(LISTENERS, None, database_error(error))
    for channel in config.alerts:
        try:
            with closing(connect(warehouse_url, autocommit=True)) as connection:
                yield _tell_one(
                    connection,
                    channel,
                    lambda new, over: Message(config.project, new, over, site_url),
                    None if is_rehearsal else lambda c, m: deliver(c, m, environment),
                )
        except psycopg.Error as error:
            yield Told(name_of(channel), None, database_error(error))
        except FdwarehouseError as error:
            yield Told(name_of(channel), None, error)


def _tell_one(
    connection: psycopg.Connection,
    channel: AlertChannel,
    make: Callable[[list[Problem], list[Problem]], Message],
    deliver: Callable[[AlertChannel, Message], str | None] | None,
) -> Told:
    name = name_of(channel)
    claim = None
    with connection.transaction() as transaction:
        connection.execute("SET LOCAL TIME ZONE 'UTC'")
        if deliver is not None:
            (claim,) = connection.execute(_CLAIM, [name, _CLAIMED_FOR]).fetchone() or (None,)
            if claim is None:
                return Told(name, None, _busy(name))
        told = _objects(connection, _TOLD, name)
        new, over = compare(channel, _objects(connection, _PROBLEMS), told)
        if not new and not over:
            raise psycopg.Rollback(transaction)  # the claim is void
    if not new and not over:
        return Told(name, None)
    message = make(new, over)
    if deliver is None:
        return Told(name, message)
    try:
        warning = deliver(channel, message)
    except FdwarehouseError as error:
        connection.execute(_RELEASE, [name, claim])
        return Told(name, message, error)
    with connection.transaction():
        kept = json.dumps([{key: problem[key] for key in _RECORDED} for problem in new])
        connection.execute(_RECORD, [name, kept, [problem["problem"] for problem in over]])
        connection.execute(_RELEASE, [name, claim])
    return Told(name, message, warning=warning)


def _busy(name: str) -> FdwarehouseError:
    return FdwarehouseError(
        f"channel {name} is being told by another session",
        hint="What is new since that session began is told by the next call.",
        exit_code=1,
    )


def _objects(connection: psycopg.Connection, query: str, *parameters: str) -> list[dict[str, Any]]:
    rows = connection.execute(query.encode(), parameters or None).fetchall()
    return [row[0] for row in rows]
