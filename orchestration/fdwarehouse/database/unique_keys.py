"""What identifies a row of a source table without a primary key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from fdwarehouse.database.mounting import MOUNT, mount_table
from fdwarehouse.project.contract import Column

_INDEXES = """
    SELECT n.nspname, c.relname, (string_to_array(i.indkey, ' ')::integer[])[1:i.indnkeyatts]
    FROM {mount}._pg_index AS i
    INNER JOIN {mount}._pg_class AS c ON i.indrelid = c.oid
    INNER JOIN {mount}._pg_namespace AS n ON c.relnamespace = n.oid
    WHERE i.indisunique
        AND i.indisvalid
        AND i.indpred IS NULL
        AND i.indexprs IS NULL
        AND n.nspname !~ '^(pg_|information_schema)'
"""
_COLUMNS = """
    indrelid oid, indkey text, indnkeyatts smallint, indisunique boolean, indisvalid boolean,
    indpred text, indexprs text
"""


def unique_indexes(connection: psycopg.Connection) -> dict[tuple[str, str], list[list[int]]]:
    """List the columns of unique indexes without conditions and expressions.

    Args:
        connection: see `mounted_catalogue`.

    Returns:
        The positions of their columns, by schema and table.
    """
    mount_table(connection, "_pg_index", sql.SQL(_COLUMNS), "pg_catalog", "pg_index")
    query = sql.SQL(_INDEXES).format(mount=sql.Identifier(MOUNT))
    found: dict[tuple[str, str], list[list[int]]] = {}
    for schema, table, positions in connection.execute(query):
        found.setdefault((schema, table), []).append(positions)
    return found


def smallest_key(
    indexes: Sequence[Sequence[int]], names: Mapping[int, str], columns: Mapping[str, Column]
) -> list[str]:
    """Choose the unique index with the fewest columns, of which none can be null.

    Args:
        indexes: positions of their columns.
        names: of the columns, by position.
        columns: of the table.

    Returns:
        The columns; none if there is no such index.
    """
    keys = [[names[n] for n in index] for index in indexes if all(n in names for n in index)]
    known = [key for key in keys if all(c in columns and columns[c].not_null for c in key)]
    return min(known, key=lambda key: (len(key), key), default=[])
