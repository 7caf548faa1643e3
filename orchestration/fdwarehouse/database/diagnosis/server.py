"""Findings about any server, be it the warehouse's or a source's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from fdwarehouse.database.connections import connect, variable
from fdwarehouse.database.diagnosis.findings import Finding, failure, ok, warning

FEW_CONNECTIONS = 5
"""Fewer free connections than this are a warning."""

# Every version of PostgreSQL since 9.4 answers these.
_FACTS = """
    SELECT
        pg_is_in_recovery(),
        current_setting('server_encoding'),
        current_setting('max_connections')::integer
            - current_setting('superuser_reserved_connections')::integer
            - (SELECT sum(numbackends) FROM pg_stat_database)::integer,
        (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user)
"""


@dataclass(frozen=True)
class Server:
    """A server as a session of the command sees it."""

    name: str
    """``warehouse``, or the source's name."""
    url: str
    connection: psycopg.Connection
    """In autocommit: a pooler may refuse transactions."""
    version: int
    """Number of the version: 180006."""
    is_standby: bool
    encoding: str
    connections_left: int
    connection_limit: int
    """Of the role; -1: none."""

    @property
    def variable(self) -> str:
        """The environment variable with its connection string."""
        return variable(self.name)


def read_server(name: str, url: str, connection: psycopg.Connection) -> Server:
    """Read the facts of a server.

    Args:
        name: ``warehouse``, or the source's name.
        url: the connection string.
        connection: of it, in autocommit.
    """
    row = connection.execute(_FACTS).fetchone()
    assert row
    return Server(name, url, connection, connection.info.server_version, *row)


def is_local(host: str) -> bool:
    """Say whether a connection to a host stays on this machine.

    Args:
        host: a name, an address, the folder of a socket, or empty.
    """
    return host.startswith("/") or host in ("localhost", "127.0.0.1", "::1", "")


def tls(server: Server) -> Iterator[Finding]:
    """Say whether the connection is encrypted."""
    host = server.connection.info.host
    if server.connection.pgconn.ssl_in_use:
        yield ok("tls", server.name, "the connection from here is encrypted")
    elif is_local(host):
        yield ok("tls", server.name, "the connection from here does not leave this machine")
    else:
        yield warning(
            "tls",
            server.name,
            f"the connection from here to {host} is not encrypted: passwords are hashed, rows are "
            "not",
            f"Set ssl = on on its server, and sslmode=verify-full in {server.variable}.",
        )


def connections_left(server: Server) -> Iterator[Finding]:
    """Say how many more sessions the server accepts."""
    left = server.connections_left
    if server.connection_limit >= 0:
        left = min(left, server.connection_limit)
    message = f"{max(left, 0)} more connections are possible"
    if left < FEW_CONNECTIONS:
        yield warning(
            "connections",
            server.name,
            f"only {message}",
            "A run needs one connection to each source and two to the warehouse, a backfill one "
            "per job. Raise max_connections, or end idle sessions.",
        )
    else:
        yield ok("connections", server.name, message)


def pool_mode(server: Server) -> str:
    """Return the mode of the pooler in between: none, session, transaction or statement.

    A pooler invents the process that it reports at login. Two clients that see one process share
    it: the pooler hands it out per transaction.
    """
    process = _process(server.connection)
    if process == server.connection.info.backend_pid:
        return "none"
    with connect(server.url, autocommit=True) as second:
        try:
            with second.transaction():
                shares = _process(second) == process
        except psycopg.Error:
            return "statement"
        for _ in range(3):
            shares = shares or _process(server.connection) == _process(second)
    return "transaction" if shares else "session"


def pooler(server: Server, mode: str) -> Finding:
    """Say whether a pooler is in between, and what it needs.

    Args:
        server: the server.
        mode: see `pool_mode`.
    """
    limits = "Its own limits (query_timeout, idle_transaction_timeout) must allow the longest load."
    if mode == "none":
        return ok("pooler", server.name, "no pooler is in between")
    if mode == "session":
        message = "a pooler is in between, which keeps its server process to one client at a time"
        return warning("pooler", server.name, message, limits)
    if mode == "transaction":
        message = "a pooler is in between, which shares its server processes (transaction mode)"
        if server.name == "warehouse":
            return warning(
                "pooler",
                server.name,
                f"{message}: settings of a session get into those of others, and the progress of a "
                "run is not shown",
                "Set pool_mode = session for its roles, or put the server itself into "
                f"{server.variable}. {limits}",
            )
        hint = f"It works after `fdwarehouse bootstrap --side production`. {limits}"
        return warning("pooler", server.name, message, hint)
    return failure(
        "pooler",
        server.name,
        "a pooler in between refuses transactions (statement mode)",
        f"Set pool_mode = session for its role, or put the server itself into {server.variable}.",
    )


def _process(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0


def too_old(server: Server, oldest: int) -> Iterator[Finding]:
    """Compare the version of PostgreSQL with the oldest that works.

    Args:
        server: the server.
        oldest: major version.
    """
    major, minor = divmod(server.version, 10000)
    message = f"it is PostgreSQL {major}.{minor}"
    if major < oldest:
        yield failure(
            "version", server.name, f"{message}, too old", f"Version {oldest} or later is needed."
        )
    else:
        yield ok("version", server.name, message)
