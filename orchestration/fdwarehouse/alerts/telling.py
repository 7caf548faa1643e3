"""Compares what is wrong with what each channel was told, sends the difference, and records it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from fdwarehouse.alerts.channels import send
from fdwarehouse.alerts.messages import Message, Problem, compare
from fdwarehouse.database.connections import connect
from fdwarehouse.database.running import require_deployed
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.project.alert_channels import AlertChannel, name_of
from fdwarehouse.project.config import Config

_PROBLEMS = "SELECT to_jsonb(p) FROM etl.problems AS p ORDER BY severity, problem"
_TOLD = "SELECT to_jsonb(a) FROM etl.take_alert_channel(%s) AS a ORDER BY severity, problem"
_RECORD = "SELECT etl.record_alert(%s, %s, %s)"

Send = Callable[[AlertChannel, Message, Mapping[str, str]], None]


@dataclass(frozen=True)
class Told:
    """What became of one channel."""

    channel: str
    message: Message | None
    """None: there is nothing that it was not told."""
    error: FdwarehouseError | None = None


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

    A channel is told in a transaction that locks it. It commits once the channel has accepted the
    message: after a crash in between, the same message is sent again.

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
        FdwarehouseError: nothing is deployed, or the role may not read what is wrong.
    """
    with closing(connect(warehouse_url, autocommit=True)) as connection:
        require_deployed(connection)
        try:
            connection.execute("SET TIME ZONE 'UTC'")
            connection.execute("SET idle_in_transaction_session_timeout = 0")
            if not is_rehearsal:
                connection.execute("CALL etl.notify_problems()")
            for channel in config.alerts:
                yield _tell_one(
                    connection,
                    channel,
                    lambda new, over: Message(config.project, new, over, site_url),
                    None if is_rehearsal else lambda c, m: deliver(c, m, environment),
                )
        except psycopg.Error as error:
            raise database_error(error) from error


def _tell_one(
    connection: psycopg.Connection,
    channel: AlertChannel,
    make: Callable[[list[Problem], list[Problem]], Message],
    deliver: Callable[[AlertChannel, Message], None] | None,
) -> Told:
    name = name_of(channel)
    with connection.transaction(force_rollback=deliver is None):
        told = _objects(connection, _TOLD, name)
        new, over = compare(channel, _objects(connection, _PROBLEMS), told)
        if not new and not over:
            return Told(name, None)
        message = make(new, over)
        if deliver is not None:
            try:
                deliver(channel, message)
            except FdwarehouseError as error:
                return Told(name, message, error)
            connection.execute(
                _RECORD, [name, json.dumps(new), [problem["problem"] for problem in over]]
            )
        return Told(name, message)


def _objects(connection: psycopg.Connection, query: str, *parameters: str) -> list[dict[str, Any]]:
    rows = connection.execute(query.encode(), parameters or None).fetchall()
    return [row[0] for row in rows]
