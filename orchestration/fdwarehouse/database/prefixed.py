"""Connections to a deployment beside the main one, whose schemas have a prefix.

What is sent is renamed, and what comes back is renamed back, so that the rest of the code knows
`silver`, `gold` and `etl` alone. A text such as `gold.fact_sales` is a name in both directions; a
text such as `gold` is a layer when it is sent.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql
from psycopg.abc import Buffer, Query
from psycopg.types.json import JsonbLoader, JsonLoader
from psycopg.types.string import StrDumperUnknown, TextLoader

from fdwarehouse.project.schema_names import with_prefix, without_prefix

_TEXTS = ("text", "name", "varchar", "bpchar", "regclass", "regproc", "regtype")


class WarehouseUrl(str):
    """The connection string of a deployment beside the main one."""

    __slots__ = ("schema_prefix",)
    schema_prefix: str


def prefixed_url(url: str, schema_prefix: str) -> str:
    """Return a connection string whose connections mean the schemas with a prefix.

    Args:
        url: connection string.
        schema_prefix: such as `dev_`; empty for the main deployment.
    """
    if not schema_prefix:
        return url
    prefixed = WarehouseUrl(url)
    prefixed.schema_prefix = schema_prefix
    return prefixed


def plain_url(url: str) -> str:
    """Return a connection string whose connections rename nothing.

    Args:
        url: see `prefixed_url`.
    """
    return str(url)


def prefix_of(url: str) -> str:
    """Return the prefix of the schemas that a connection string means; empty for none.

    Args:
        url: see `prefixed_url`.
    """
    return url.schema_prefix if isinstance(url, WarehouseUrl) else ""


def use_prefix(connection: psycopg.Connection, prefix: str) -> None:
    """Make a connection rename what it sends and receives.

    Args:
        connection: outside a transaction.
        prefix: such as `dev_`.
    """
    _rename_sent(connection, prefix)
    _rename_values(connection, prefix)


def _rename_sent(connection: psycopg.Connection, prefix: str) -> None:
    def sent(query: Query) -> Query:
        if isinstance(query, bytes):
            return with_prefix(query.decode(), prefix).encode()
        if isinstance(query, str):
            return with_prefix(query, prefix).encode()
        if isinstance(query, (sql.SQL, sql.Composed)):
            return with_prefix(query.as_string(connection), prefix).encode()
        raise TypeError(f"cannot rename schemas in {type(query)}")

    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Query, *args: Any, **kwargs: Any) -> Cursor:
            super().execute(sent(query), *args, **kwargs)
            return self

    class ServerCursor(psycopg.ServerCursor[Any]):
        def execute(self, query: Query, *args: Any, **kwargs: Any) -> ServerCursor:
            super().execute(sent(query), *args, **kwargs)
            return self

    connection.cursor_factory = Cursor
    connection.server_cursor_factory = ServerCursor


def _rename_values(connection: psycopg.Connection, prefix: str) -> None:
    class Dumper(StrDumperUnknown):
        def dump(self, obj: str) -> Buffer | None:
            return super().dump(with_prefix(obj, prefix))

    class Loader(TextLoader):
        def load(self, data: Buffer) -> str | bytes:
            text = super().load(data)
            return without_prefix(text, prefix) if isinstance(text, str) else text

    class Json(JsonLoader):
        def load(self, data: Buffer) -> Any:
            return super().load(without_prefix(bytes(data).decode(), prefix).encode())

    class Jsonb(JsonbLoader):
        def load(self, data: Buffer) -> Any:
            return super().load(without_prefix(bytes(data).decode(), prefix).encode())

    connection.adapters.register_dumper(str, Dumper)
    for type_name in _TEXTS:
        connection.adapters.register_loader(type_name, Loader)
    connection.adapters.register_loader("json", Json)
    connection.adapters.register_loader("jsonb", Jsonb)
