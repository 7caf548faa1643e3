"""Findings about a source as the warehouse's server reads it, which is what a run does.

The source is mounted as `fdwarehouse contract` does, with its connection string, and rolled back.
What is deployed keeps its own connection; it is tried too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import psycopg

from fdwarehouse.database.connections import connect, variable
from fdwarehouse.database.diagnosis.findings import Finding, failure, ok, unknown, warning
from fdwarehouse.database.diagnosis.server import is_local
from fdwarehouse.database.inspection import read_contract, trials, try_to_read
from fdwarehouse.database.mounting import MOUNT, mounted_catalogue
from fdwarehouse.errors import FdwarehouseError, Problems, database_error
from fdwarehouse.project.config import SourceConfig
from fdwarehouse.project.conninfo import parse_conninfo
from fdwarehouse.project.contract import Contract, without_comments
from fdwarehouse.project.sources import SESSION_SETTINGS
from fdwarehouse.rendering.source_errors import way_out
from fdwarehouse.rendering.templates import render_mechanics

_LIMITS = [name for name, (value, _) in SESSION_SETTINGS.items() if value == "0"]
_DEPLOYED = """
    SELECT
        s.srvname AS server,
        (SELECT jsonb_object_agg(option_name, option_value) FROM pg_options_to_table(s.srvoptions))
        || coalesce(
            (
                SELECT jsonb_object_agg(option_name, option_value)
                FROM pg_user_mappings AS m, pg_options_to_table(m.umoptions)
                WHERE m.srvid = s.oid AND m.usename = current_user AND option_name = 'user'
            ),
            '{}'
        ) AS options
    FROM pg_foreign_server AS s
    WHERE s.srvname = %s
"""


@dataclass(frozen=True)
class Mounted:
    """A source that the warehouse's server reads."""

    name: str
    source: SourceConfig
    url: str
    """Connection string of the reader."""
    warehouse_url: str
    """Connection string of the warehouse's owner."""

    @property
    def options(self) -> dict[str, str]:
        """Options of the connection string."""
        return parse_conninfo(variable(self.name), self.url)


def diagnose_through_warehouse(
    mounted: Mounted, *, contract: Contract | None, wait: str
) -> Iterator[Finding]:
    """Look at a source through the warehouse's server.

    Args:
        mounted: the source.
        contract: of the project; None if there is none yet.
        wait: how long the source may take to answer.
    """
    name = mounted.name
    known_as = f"fdwarehouse doctor {uuid4().hex[:8]}"
    try:
        with mounted_catalogue(
            mounted.warehouse_url,
            name,
            mounted.url,
            wait=wait,
            application_name=known_as,
        ) as connection:
            yield from session(connection, name)
            yield ok("mount", name, f"the warehouse's server reads it with {variable(name)}")
            yield encrypted(connection, mounted, known_as)
            yield from limits(connection, name)
            yield from tables(connection, mounted, contract)
    except FdwarehouseError as error:
        yield Finding.of_error("mount", name, error)
    yield from deployed_mount(mounted)


def session(connection: psycopg.Connection, name: str) -> Iterator[Finding]:
    """Require of the session there what a run requires of it."""
    statement = render_mechanics(
        "per_source/require_session.sql",
        source={"name": MOUNT},
        creates=f"{MOUNT}.require_session",
    )
    connection.execute(statement.encode())
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"SELECT {MOUNT}.require_session()".encode())
    except psycopg.Error as error:
        if error.sqlstate != "DW019":
            raise
        told = database_error(error)
        message = told.message.replace(MOUNT, name)
        yield failure("session", name, message, (told.hint or "").replace(MOUNT, name))
    else:
        yield ok("session", name, "the session of a run there is read-only and sees every row")


def limits(connection: psycopg.Connection, name: str) -> Iterator[Finding]:
    """Look for settings that end a long load."""
    query = f"SELECT name, setting FROM {MOUNT}._pg_settings WHERE name = ANY(%s)"  # noqa: S608
    with connection.transaction(force_rollback=True):
        rows = connection.execute(query.encode(), [_LIMITS]).fetchall()
    found = [f"{setting} is {value}" for setting, value in sorted(rows) if value != "0"]
    if found:
        yield warning(
            "limits",
            name,
            f"{', '.join(found)}: a load that takes longer fails",
            "A pooler in between may drop `options`: `fdwarehouse bootstrap --side production` "
            "sets them to 0 for the reader.",
        )
    else:
        yield ok("limits", name, "no setting ends a long load")


def encrypted(connection: psycopg.Connection, mounted: Mounted, known_as: str) -> Finding:
    """Say whether the connection between the two servers is encrypted."""
    statements = render_mechanics("per_source/sessions_with_tls.sql", source={"name": MOUNT})
    query = f"SELECT bool_or(ssl) FROM {MOUNT}._tls WHERE application_name = %s"  # noqa: S608
    name, options = mounted.name, mounted.options
    host = options.get("host", options.get("hostaddr", ""))
    with connection.transaction(force_rollback=True):
        connection.execute(statements.encode())
        row = connection.execute(query.encode(), [known_as]).fetchone()
    if row and row[0]:
        if options.get("sslmode") in ("verify-ca", "verify-full"):
            return ok("tls_of_mount", name, "the warehouse's server reads it encrypted")
        return ok(
            "tls_of_mount",
            name,
            "the warehouse's server reads it encrypted, without verifying its certificate "
            "(sslmode=verify-full does)",
        )
    if is_local(host):
        return ok("tls_of_mount", name, "both servers are on one machine")
    return warning(
        "tls_of_mount",
        name,
        "the warehouse's server reads it without encryption: others on the network see the rows",
        f"Set ssl = on there, and sslmode=verify-full in {variable(name)}.",
    )


def tables(
    connection: psycopg.Connection, mounted: Mounted, contract: Contract | None
) -> Iterator[Finding]:
    """Compare the contract with production, and read one row of each table."""
    name, source = mounted.name, mounted.source
    left_out: list[str] = []
    found = Problems()
    with connection.transaction(force_rollback=True):
        live = read_contract(connection, name, source, left_out.append, found)
    problems = [*found]
    yield from (Finding.of_error("contract", name, error) for error in problems)
    yield from (warning("contract", name, message) for message in left_out)
    unread: list[str] = []
    readable = 0
    for trial in trials(source, live):
        table = trial.table
        try:
            try_to_read(connection, name, trial, warn=unread.append)
            readable += 1
        except FdwarehouseError as error:
            if table in source.tables:
                yield Finding.of_error("read", f"{name}.{table}", error)
            else:  # as `fdwarehouse contract` does
                message = f"a pattern takes it, but it is left out: {error.message}"
                yield warning("read", f"{name}.{table}", message, error.hint)
                del live.tables[table]
    if not problems:
        yield drift(name, live, contract)
    yield from (warning("read", name, message) for message in unread)
    if readable == len(live.tables) and not unread:
        yield ok("read", name, f"the warehouse's server reads {readable} of {readable} tables")


def drift(name: str, live: Contract, contract: Contract | None) -> Finding:
    """Compare production with its contract.

    Args:
        name: the source's name.
        live: production now.
        contract: of the project; None if there is none yet.
    """
    if contract is None:
        return warning(
            "contract", name, "there is no contract yet", "`fdwarehouse contract` writes it."
        )
    live, contract = without_comments(live), without_comments(contract)
    changed = [t for t, table in live.tables.items() if contract.tables.get(t) != table]
    changed += [table for table in contract.tables if table not in live.tables]
    if live.time_zone != contract.time_zone:
        changed.append(f"the time zone (now {live.time_zone})")
    if live.server_version != contract.server_version:
        changed.append(f"the version (now {live.server_version})")
    if not changed:
        return ok("contract", name, "it is as its contract says")
    return warning(
        "contract",
        name,
        f"it differs from its contract: {', '.join(changed)}",
        "`fdwarehouse contract --check` shows the changes. A table that lacks a column or has "
        "another type is not read until the contract is updated and deployed.",
    )


def deployed_mount(mounted: Mounted) -> Iterator[Finding]:
    """Try the connection that is deployed, and compare it with the environment's."""
    name = mounted.name
    with connect(mounted.warehouse_url, autocommit=True) as connection:
        row = connection.execute(_DEPLOYED.encode(), [name]).fetchone()
        if row is None:
            yield ok("deployed_mount", name, "it is not deployed yet")
            return
        function = f"{name}.require_session()"
        try:
            if connection.execute("SELECT to_regprocedure(%s) IS NULL", [function]).fetchone() == (
                True,
            ):
                yield unknown("deployed_mount", name, "its mount has no function require_session")
                return
            connection.execute(f"SELECT {function}".encode())
        except psycopg.Error as error:
            told = database_error(error)
            yield failure(
                "deployed_mount",
                name,
                f"a run cannot reach it: {told.message}",
                told.hint or way_out(told.message, variable(name)) or "Deploy again.",
            )
        else:
            yield ok("deployed_mount", name, "a run reaches it")
    yield same_connection(mounted, row[1])


def same_connection(mounted: Mounted, deployed: dict[str, str]) -> Finding:
    """Compare the deployed connection with that of the environment.

    Args:
        mounted: the source.
        deployed: options of the foreign server, and its user.
    """
    name, wanted = mounted.name, mounted.options
    words = ("host", "hostaddr", "port", "dbname", "user")
    differing = [
        f"{word} is {deployed.get(word, 'not set')}, not {wanted.get(word, 'not set')}"
        for word in words
        if deployed.get(word) != wanted.get(word)
    ]
    if differing:
        return warning(
            "deployed_url",
            name,
            f"the deployed connection is not {variable(name)}: {'; '.join(differing)}",
            "`fdwarehouse deploy` brings it up to date.",
        )
    return ok("deployed_url", name, f"the deployed connection is that of {variable(name)}")
