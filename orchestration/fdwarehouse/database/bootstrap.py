"""The step that needs an administrator: extensions, roles and grants, by ``bootstrap.sql``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg

from fdwarehouse.database.connections import (
    READER,
    ROLES_OF_THE_WAREHOUSE,
    Connections,
    connect,
)
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.chosen_columns import UnfitError, mounted_columns, take_columns
from fdwarehouse.project.chosen_tables import (
    Relation,
    exclusions,
    schemas_of,
    settings_of_relation,
)
from fdwarehouse.project.config import SourceConfig
from fdwarehouse.project.conninfo import parse_conninfo
from fdwarehouse.project.contract import Column, Table
from fdwarehouse.rendering.templates import MECHANICS

_COLUMNS = """
    SELECT
        n.nspname,
        c.relname,
        c.relkind IN ('r', 'p') AND NOT c.relispartition,
        array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid
    WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND a.attnum > 0 AND NOT a.attisdropped
    GROUP BY n.nspname, c.relname, c.relkind, c.relispartition
    ORDER BY 1, 2
"""


def bootstrap_warehouse(connections: Connections) -> Iterator[str]:
    """Create extensions and roles on the warehouse's server, unless they exist.

    Args:
        connections: of the project; the owner's password is that of ``WAREHOUSE_URL``.

    Yields:
        What was done, one line at a time.

    Raises:
        FdwarehouseError: a connection string does not match, or the administrator lacks privileges.
    """
    admin_url = connections.warehouse_admin()
    owner = _password_of(connections, "warehouse", "warehouse_owner", admin_url)
    passwords = {role: connections.password(role) for role in ROLES_OF_THE_WAREHOUSE}
    passwords["warehouse_owner"] = owner or passwords["warehouse_owner"]
    _run(admin_url, {"side": "warehouse"}, passwords)
    yield f"warehouse: extensions and roles exist ({', '.join(ROLES_OF_THE_WAREHOUSE)})"
    for role, password in passwords.items():
        if password is None:
            yield (
                f"warehouse: the password of {role} was not changed; "
                f"{role.upper()}_PASSWORD sets one"
            )


def bootstrap_source(connections: Connections, name: str) -> Iterator[str]:
    """Create the role on a source's server that may only read its schemas.

    Args:
        connections: of the project; the reader's password is that of the source's URL.
        name: the source's name in ``warehouse.yaml``.

    Yields:
        What was done, one line at a time.

    Raises:
        FdwarehouseError: a connection string does not match, or the administrator lacks privileges.
    """
    admin_url = connections.source_admin(name)
    source = connections.config.sources[name]
    schemas = _schemas(admin_url, source)
    limited = _limited_tables(admin_url, source, schemas)
    password = _password_of(connections, name, READER, admin_url)
    settings = {"side": "production", "schema": _array(schemas), "columns": json.dumps(limited)}
    notices = _run(admin_url, settings, {READER: password})
    listed = f"schema{'s' if schemas[1:] else ''} {', '.join(schemas)}"
    yield f"{name}: {READER} may read {listed}, and the views of schema fdwarehouse"
    for table in limited:
        if columns := table["columns"]:
            yield f"{name}: of {table['table']}, only {', '.join(columns)}"
        else:
            yield f"{name}: not {table['table']}"
    yield from (f"{name}: {notice}" for notice in notices)


def _schemas(admin_url: str, source: SourceConfig) -> list[str]:
    """List the schemas of production in which warehouse.yaml names tables."""
    with connect(admin_url) as connection:
        existing = connection.execute(
            "SELECT nspname FROM pg_catalog.pg_namespace "
            "WHERE nspname NOT IN ('information_schema', 'fdwarehouse') AND nspname !~ '^pg_' "
            "ORDER BY nspname"
        ).fetchall()
    return schemas_of(source, [schema for (schema,) in existing])


def _limited_tables(
    admin_url: str, source: SourceConfig, schemas: Sequence[str]
) -> list[dict[str, Any]]:
    """List the tables of which warehouse.yaml leaves out columns, and those that it excludes."""
    with connect(admin_url) as connection:
        found = connection.execute(_COLUMNS, [list(schemas)]).fetchall()
    limited: list[dict[str, Any]] = []
    for schema, name, is_table, columns in found:
        relation = Relation(schema, name, is_table)
        settings = settings_of_relation(source, relation)
        if settings is not None:
            settings = settings.for_columns(columns)
            whole = Table(columns={column: Column(type="text") for column in columns})
            try:
                taken = take_columns(settings, whole, is_named=False)
            except UnfitError:
                continue  # `fdwarehouse contract` says it
            granted = [*mounted_columns(settings, taken.columns)]
        elif any(pattern.matches(schema, name) for pattern in exclusions(source)):
            granted = []
        else:
            continue
        if len(granted) < len(columns):
            limited.append({"schema": schema, "table": name, "columns": granted})
    return limited


def _array(names: Iterable[str]) -> str:
    quoted = (name.replace("\\", "\\\\").replace('"', '\\"') for name in names)
    return "{" + ",".join(f'"{name}"' for name in quoted) + "}"


def _password_of(connections: Connections, name: str, role: str, admin_url: str) -> str | None:
    """Return the role's password from its connection string, after checking that it is for it."""
    url = connections.warehouse() if name == "warehouse" else connections.source(name)
    own_variable, admin_variable = (
        connections.variable(name, admin=is_admin) for is_admin in (False, True)
    )
    given = parse_conninfo(own_variable, url)
    admin = parse_conninfo(admin_variable, admin_url)
    if given.get("user") != role:
        raise FdwarehouseError(
            f"{own_variable} logs in as {given.get('user', 'no role')}, "
            f"but bootstrap creates the role {role}",
            hint=f"Put {role} and its new password into {own_variable}.",
        )
    databases = [options.get("dbname") for options in (given, admin)]
    if databases[0] != databases[1]:
        raise FdwarehouseError(
            f"{own_variable} names database {databases[0]}, {admin_variable} names {databases[1]}",
            hint="Privileges are granted in the administrator's database: name the same in both.",
        )
    return given.get("password")


def _run(
    admin_url: str, settings: Mapping[str, str], passwords: Mapping[str, str | None]
) -> list[str]:
    """Run ``bootstrap.sql`` and return its notices."""
    notices: list[str] = []
    with connect(admin_url) as connection:
        connection.add_notice_handler(
            lambda n: notices.append(". ".join(filter(None, (n.message_primary, n.message_hint))))
        )
        hashed = {
            # Hashed here, as psql's \password does: the server never sees the password.
            f"{role.removeprefix('warehouse_')}_password": connection.pgconn.encrypt_password(
                password.encode(), role.encode(), b"scram-sha-256"
            ).decode()
            for role, password in passwords.items()
            if password
        }
        # By COPY: its data is never logged, unlike parameters of a statement.
        connection.execute("CREATE TEMPORARY TABLE settings (name text, value text) ON COMMIT DROP")
        with connection.cursor().copy("COPY pg_temp.settings FROM STDIN") as copy:
            for name, value in {**settings, **hashed}.items():
                copy.write_row((f"fdwarehouse.{name}", value))
        connection.execute("SELECT count(set_config(name, value, true)) FROM pg_temp.settings")
        try:
            connection.execute((MECHANICS / "bootstrap.sql").read_bytes())
        except psycopg.errors.InsufficientPrivilege as error:
            raise FdwarehouseError(
                f"{connection.info.user} may not bootstrap {connection.info.dbname}: "
                f"{error.diag.message_primary}",
                hint="Use an administrator that may create roles and extensions here, and owns "
                "the tables to read. The SQL is build/bootstrap.sql, see `fdwarehouse render`.",
            ) from error
    return notices
