"""Findings about the warehouse's server, its roles, and what is deployed there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from fdwarehouse.database.connections import ROLES_OF_THE_WAREHOUSE, Connections, connect
from fdwarehouse.database.deployment import LOCKS_PER_TABLE, TOO_FEW_LOCKS
from fdwarehouse.database.diagnosis.findings import (
    Finding,
    examine,
    failure,
    ok,
    unknown,
    warning,
)
from fdwarehouse.database.diagnosis.server import (
    Server,
    connections_left,
    pool_mode,
    pooler,
    read_server,
    tls,
    too_old,
)
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.rendering.templates import render_mechanics

OLDEST_WAREHOUSE = 18
_NAME = "warehouse"
_EXTENSIONS = ("postgres_fdw", "btree_gist")
_BOOTSTRAP = "`fdwarehouse bootstrap --side warehouse` creates it, as an administrator."
# The mechanics set their own lock_timeout; these end a long step.
_LIMITS = ("statement_timeout", "transaction_timeout", "idle_in_transaction_session_timeout")


def diagnose_warehouse(connections: Connections) -> Iterator[Finding]:
    """Look at the warehouse.

    Args:
        connections: of the project.
    """
    try:
        url = connections.warehouse()
        connection = connect(url, autocommit=True)
    except FdwarehouseError as error:
        yield Finding.of_error("reachable", _NAME, error)
        yield unknown("all", _NAME, "nothing else is known about it")
        return
    with connection:
        server = read_server(_NAME, url, connection)
        yield ok("reachable", _NAME, f"{server.variable} works from here")
        mode = pool_mode(server)
        yield pooler(server, mode)
        if mode == "statement":
            yield unknown("all", _NAME, "nothing else can be looked at through this pooler")
            return
        tables = sum(len(source.tables) for source in connections.config.sources.values())
        yield from examine("version", _NAME, lambda s: too_old(s, OLDEST_WAREHOUSE), server)
        yield from examine("locks", _NAME, lambda s: locks(s, tables), server)
        for check, examiner in (
            ("standby", standby),
            ("bootstrap", bootstrapped),
            ("rights", rights_of_owner),
            ("public", trusted_public),
            ("encoding", encoding),
            ("limits", limits),
            ("tls", tls),
            ("connections", connections_left),
            ("deployed", deployed),
        ):
            yield from examine(check, _NAME, examiner, server)


def standby(server: Server) -> Iterator[Finding]:
    """Say whether the warehouse can be written."""
    if server.is_standby:
        yield failure(
            "standby",
            _NAME,
            "it is a standby, which nothing can be written to",
            f"Put the primary into {server.variable}; target_session_attrs=read-write finds it.",
        )
    elif _value(server, "SELECT current_setting('default_transaction_read_only') = 'on'"):
        yield failure(
            "standby",
            _NAME,
            "its sessions are read-only: default_transaction_read_only is on",
            "ALTER ROLE warehouse_owner RESET default_transaction_read_only, or the same for the "
            "database or the server.",
        )
    else:
        yield ok("standby", _NAME, "it can be written")


def bootstrapped(server: Server) -> Iterator[Finding]:
    """Look for the roles and extensions that bootstrap creates."""
    missing = [
        *(f"role {role}" for role in ROLES_OF_THE_WAREHOUSE if not _has_role(server, role)),
        *(f"extension {e}" for e in _EXTENSIONS if not _has_extension(server, e)),
    ]
    absent = [e for e in _EXTENSIONS if not _has_extension(server, e, "pg_available_extensions")]
    if missing:
        hint = _BOOTSTRAP
        if absent:
            hint = f"Install the package with contrib modules there ({', '.join(absent)}). {hint}"
        yield failure("bootstrap", _NAME, f"it has no {', no '.join(missing)}", hint)
    else:
        yield ok("bootstrap", _NAME, "it has the roles and extensions")


def rights_of_owner(server: Server) -> Iterator[Finding]:
    """Look for the privileges that a deploy needs."""
    rights = {
        "CREATE on the database": "has_database_privilege(current_database(), 'CREATE')",
        "TEMPORARY on the database": "has_database_privilege(current_database(), 'TEMPORARY')",
        "USAGE on foreign data wrapper postgres_fdw": (
            "coalesce((SELECT has_foreign_data_wrapper_privilege(oid, 'USAGE') "
            "FROM pg_foreign_data_wrapper WHERE fdwname = 'postgres_fdw'), false)"
        ),
        "ownership of the schemas of an earlier deploy": (
            "coalesce((SELECT bool_and(pg_has_role(nspowner, 'USAGE')) FROM pg_namespace "
            "WHERE nspname IN ('etl', 'bronze', 'silver', 'gold')), true)"
        ),
    }
    user = server.connection.info.user
    missing = [what for what, has in rights.items() if not _value(server, f"SELECT {has}")]
    if missing:
        yield failure(
            "rights",
            _NAME,
            f"{user} lacks {', '.join(missing)}",
            "Put warehouse_owner into WAREHOUSE_URL. `fdwarehouse bootstrap --side warehouse` "
            "gives it what a deploy needs.",
        )
    elif _value(server, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        yield warning(
            "rights",
            _NAME,
            f"{user} is a superuser, which a deploy does not need",
            "Put warehouse_owner into WAREHOUSE_URL.",
        )
    else:
        yield ok("rights", _NAME, f"{user} may deploy")


def trusted_public(server: Server) -> Iterator[Finding]:
    """Do what the deploy does to find roles that may create objects in schema public."""
    connection = server.connection
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(render_mechanics("deploy/require_trusted_public.sql").encode())
    except psycopg.Error as error:
        if not (error.sqlstate or "").startswith("DW"):
            raise
        yield Finding.of_error("public", _NAME, database_error(error))
    else:
        yield ok("public", _NAME, "no other role may create objects in schema public")


def locks(server: Server, tables: int) -> Iterator[Finding]:
    """Compare the number of locks of a deploy with those that the server has room for.

    Args:
        server: the warehouse's.
        tables: number of tables of all sources.
    """
    room = int(
        _value(
            server,
            "SELECT current_setting('max_locks_per_transaction')::bigint "
            "* (current_setting('max_connections')::bigint "
            "+ current_setting('max_prepared_transactions')::bigint)",
        )
    )
    needed = tables * LOCKS_PER_TABLE
    message = (
        f"a deploy of {tables} tables takes about {needed:,} locks; there is room for {room:,}"
    )
    if needed > room:
        yield warning("locks", _NAME, message, TOO_FEW_LOCKS)
    else:
        yield ok("locks", _NAME, message)


def encoding(server: Server) -> Iterator[Finding]:
    """Say whether every character of a source fits."""
    if server.encoding == "UTF8":
        yield ok("encoding", _NAME, "its encoding is UTF8")
    else:
        yield warning(
            "encoding",
            _NAME,
            f"its encoding is {server.encoding}: rows with a character that it does not have fail",
            "Use a database that was created with ENCODING 'UTF8'.",
        )


def limits(server: Server) -> Iterator[Finding]:
    """Look for settings that end a long step."""
    found = [f"{name} is {value}" for name in _LIMITS if (value := _setting(server, name)) != "0"]
    if found:
        yield warning(
            "limits",
            _NAME,
            f"{', '.join(found)}: a step that takes longer fails",
            "ALTER ROLE warehouse_owner SET each of them TO 0, and the same for warehouse_loader; "
            "timeouts.step in warehouse.yaml limits a step.",
        )
    else:
        yield ok("limits", _NAME, "no setting ends a long step")


def deployed(server: Server) -> Iterator[Finding]:
    """Say whether a warehouse is deployed."""
    is_there = _value(server, "SELECT to_regclass('etl.deployed_objects') IS NOT NULL")
    yield ok(
        "deployed", _NAME, "a warehouse is deployed" if is_there else "nothing is deployed yet"
    )


def _has_role(server: Server, role: str) -> bool:
    return bool(_value(server, "SELECT to_regrole(%s) IS NOT NULL", role))


def _has_extension(server: Server, name: str, catalogue: str = "pg_extension") -> bool:
    column = "name" if catalogue == "pg_available_extensions" else "extname"
    query = f"SELECT count(*) > 0 FROM {catalogue} WHERE {column} = %s"  # noqa: S608
    return bool(_value(server, query, name))


def _setting(server: Server, name: str) -> str:
    return str(_value(server, "SELECT setting FROM pg_settings WHERE name = %s", name) or "0")


def _value(server: Server, query: str, *parameters: str) -> Any:
    row = server.connection.execute(query.encode(), parameters or None).fetchone()
    return row[0] if row else None
