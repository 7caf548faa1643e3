"""Looks at a production database: its catalogue and statistics, never its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row

from fdwarehouse.database.connections import READER, connect
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.project.proposals import ColumnProfile, TableProfile

_TABLES = """
WITH relations AS (
    SELECT c.*, n.nspname
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND CASE
            WHEN %(schemas)s::text[] IS NOT NULL THEN n.nspname = ANY(%(schemas)s::text[])
            ELSE n.nspname NOT IN ('information_schema', 'fdwarehouse') AND n.nspname !~ '^pg_'
                AND has_schema_privilege(n.oid, 'USAGE')
        END
),

null_shares AS (
    SELECT c.oid, s.attname, max(s.null_frac) AS null_frac
    FROM relations AS c
    INNER JOIN pg_stats AS s ON c.nspname = s.schemaname AND c.relname = s.tablename
    GROUP BY c.oid, s.attname
),

columns AS (
    SELECT
        a.attrelid,
        json_agg(
            json_build_array(
                a.attname,
                format_type(a.atttypid, a.atttypmod),
                a.attnotnull,
                coalesce(s.null_frac, 0)
            )
            ORDER BY a.attnum
        ) AS listed
    FROM pg_attribute AS a
    LEFT JOIN null_shares AS s ON a.attrelid = s.oid AND a.attname = s.attname
    WHERE a.attrelid IN (SELECT oid FROM relations) AND a.attnum > 0 AND NOT a.attisdropped
    GROUP BY a.attrelid
),

indexes AS (
    SELECT
        i.indrelid,
        i.indisprimary,
        i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
        AND bool_and(a.attnotnull) FILTER (WHERE k.position <= i.indnkeyatts) AS is_key,
        json_agg(a.attname ORDER BY k.position)
            FILTER (WHERE k.position <= i.indnkeyatts) AS named
    FROM pg_index AS i
    CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, position)
    LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid IN (SELECT oid FROM relations) AND i.indisvalid
    GROUP BY i.indexrelid, i.indrelid, i.indisprimary, i.indisunique, i.indpred, i.indexprs
),

keys AS (
    SELECT
        indrelid,
        (array_agg(named::jsonb) FILTER (WHERE indisprimary))[1] AS primary_key,
        jsonb_agg(named) FILTER (WHERE is_key AND NOT indisprimary) AS unique_keys,
        jsonb_agg(named -> 0) AS indexed
    FROM indexes
    GROUP BY indrelid
),

triggers AS (
    SELECT t.tgrelid, string_agg(p.prosrc || ' ' || encode(t.tgargs, 'escape'), ' ') AS code
    FROM pg_trigger AS t
    INNER JOIN pg_proc AS p ON t.tgfoid = p.oid
    WHERE NOT t.tgisinternal AND t.tgtype & 16 > 0
    GROUP BY t.tgrelid
),

-- An administrator sees all rows, also before bootstrap creates the reader, who may not.
readers AS (
    SELECT
        me.rolsuper OR me.rolcreaterole AS is_administrator,
        coalesce(reader.rolsuper OR reader.rolbypassrls, false) AS is_exempt
    FROM pg_roles AS me
    LEFT JOIN pg_roles AS reader ON reader.rolname = %(reader)s
    WHERE me.rolname = current_user
)

SELECT
    c.nspname AS schema,
    c.relname AS name,
    c.relkind::text AS kind,
    coalesce(a.listed, '[]') AS columns,
    greatest(c.reltuples, 0)::bigint AS rows,
    CASE WHEN c.relkind IN ('r', 'm') THEN pg_total_relation_size(c.oid) ELSE 0 END AS size,
    coalesce(k.primary_key, '[]') AS primary_key,
    coalesce(k.unique_keys, '[]') AS unique_keys,
    coalesce(k.indexed, '[]') AS indexed,
    coalesce(t.code, '') AS trigger_code,
    has_table_privilege(c.oid, 'SELECT') AS is_readable,
    ARRAY(
        SELECT a.attname::text FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')
    ) AS unreadable,
    CASE
        WHEN r.is_administrator THEN c.relrowsecurity AND NOT r.is_exempt
        ELSE row_security_active(c.oid)
    END AS hides_rows,
    c.relkind = 'r' AND c.relpages = 0 AND pg_relation_size(c.oid) > 1000000 AS is_never_analyzed,
    (
        SELECT i.inhparent::regclass::text
        FROM pg_inherits AS i
        WHERE i.inhrelid = c.oid AND c.relispartition
    ) AS parent,
    c.relkind = 'r' AND EXISTS (
        SELECT FROM pg_inherits AS i WHERE i.inhparent = c.oid
    ) AS has_children,
    (
        SELECT e.extname
        FROM pg_depend AS d
        INNER JOIN pg_extension AS e ON d.refobjid = e.oid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
            AND d.refclassid = 'pg_extension'::regclass
        LIMIT 1
    ) AS extension
FROM relations AS c
CROSS JOIN readers AS r
LEFT JOIN columns AS a ON c.oid = a.attrelid
LEFT JOIN keys AS k ON c.oid = k.indrelid
LEFT JOIN triggers AS t ON c.oid = t.tgrelid
ORDER BY c.nspname, c.relname
"""


_SCHEMAS = """
SELECT n.nspname, count(*)
FROM pg_namespace AS n
INNER JOIN pg_class AS c ON n.oid = c.relnamespace
WHERE n.nspname !~ '^(pg_|information_schema$|fdwarehouse$)' AND c.relkind IN ('r', 'p')
GROUP BY n.nspname
ORDER BY count(*) DESC, n.nspname
"""


def sizes_of_schemas(url: str) -> dict[str, int]:
    """Return how many tables each schema of a production database has, the largest first.

    Args:
        url: connection string of the reader.

    Raises:
        FdwarehouseError: it cannot be reached.
    """
    with connect(url) as connection:
        return dict(connection.execute(_SCHEMAS).fetchall())


def profile(url: str, schemas: Sequence[str] | None) -> tuple[str, list[TableProfile]]:
    """Describe the tables of some schemas of a production database.

    Args:
        url: connection string of the reader, or of an administrator, who looks for the reader.
        schemas: their names; None: all that the reader may use.

    Returns:
        The name of the database, and its tables.

    Raises:
        FdwarehouseError: it cannot be reached, or one of the schemas has no tables.
    """
    wanted = None if schemas is None else list(schemas)
    with connect(url) as connection:
        try:
            connection.execute("SET TRANSACTION READ ONLY")
            cursor = connection.cursor(row_factory=dict_row)
            rows = cursor.execute(
                _TABLES.encode(), {"schemas": wanted, "reader": READER}
            ).fetchall()
            database = connection.info.dbname
            existing = connection.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)' "
                "ORDER BY nspname"
            ).fetchall()
        except psycopg.Error as error:
            raise database_error(error) from error
    found = {row["schema"] for row in rows}
    if empty := [schema for schema in wanted or () if schema not in found]:
        known = ", ".join(name for (name,) in existing)
        raise FdwarehouseError(
            f"schema {empty[0]} of database {database} has no tables",
            hint=f"Name another with --schema. There are {known}.",
        )
    if not rows:
        raise FdwarehouseError(
            f"the reader may use no schema of database {database} that has tables",
            hint="GRANT USAGE ON SCHEMA ... TO warehouse_reader, or name one with --schema.",
        )
    return database, [_table(row) for row in rows]


def _table(row: dict[str, Any]) -> TableProfile:
    """Describe a table; lists of the row are lists of JSON."""
    lists = {
        "columns": tuple(ColumnProfile(*column) for column in row["columns"]),
        "primary_key": tuple(row["primary_key"]),
        "unique_keys": tuple(tuple(key) for key in row["unique_keys"]),
        "unreadable": tuple(row["unreadable"]),
        "indexed": frozenset(column for column in row["indexed"] if column is not None),
    }
    return TableProfile(**row | lists)
