"""Tables as they are deployed: types, sizes, foreign keys, and the SQL that maintains them."""

from __future__ import annotations

import psycopg

from fdwarehouse.database.json_rows import Row, rows

_COLUMNS = """
    SELECT
        format('%I.%I', n.nspname, c.relname) AS table_name, a.attname AS column_name,
        format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
        col_description(a.attrelid, a.attnum) AS comment, t.typcategory AS category
    FROM pg_attribute AS a
    INNER JOIN pg_class AS c ON a.attrelid = c.oid
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN pg_type AS t ON a.atttypid = t.oid
    WHERE
        n.oid IN (to_regnamespace('bronze'), to_regnamespace('silver'), to_regnamespace('gold'))
        AND c.relkind IN ('r', 'p', 'v', 'm')
        AND NOT c.relispartition
        AND a.attnum > 0
        AND NOT a.attisdropped
    ORDER BY table_name, a.attnum
"""

_RELATIONS = """
    WITH RECURSIVE parts AS ( -- pg_partition_tree would wait for a first load
        SELECT c.oid AS root, c.oid
        FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        WHERE
            n.oid IN (to_regnamespace('bronze'), to_regnamespace('silver'), to_regnamespace('gold'))
            AND c.relkind IN ('r', 'p', 'v', 'm')
            AND NOT c.relispartition
        UNION ALL
        SELECT p.root, i.inhrelid
        FROM parts AS p
        INNER JOIN pg_inherits AS i ON p.oid = i.inhparent
    ),

    sizes AS (
        SELECT
            p.root,
            sum(greatest(c.reltuples, 0)) FILTER (WHERE c.relkind IN ('r', 'm'))::bigint AS rows,
            bool_or(c.reltuples >= 0) AS is_analyzed,
            count(*) - 1 AS partitions
        FROM parts AS p
        INNER JOIN pg_class AS c ON p.oid = c.oid
        GROUP BY p.root
    )

    SELECT
        format('%I.%I', n.nspname, c.relname) AS table_name, c.relkind = 'v' AS is_view,
        CASE WHEN s.is_analyzed THEN s.rows END AS rows, s.partitions,
        obj_description(c.oid, 'pg_class') AS comment
    FROM sizes AS s
    INNER JOIN pg_class AS c ON s.root = c.oid
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
"""

_SQL = """
    SELECT
        m.table_name,
        (
            SELECT pg_get_functiondef(p.oid)
            FROM pg_proc AS p
            WHERE p.oid = to_regproc(m.writer)
        ) AS writer,
        (
            SELECT pg_get_functiondef(p.oid)
            FROM pg_proc AS p
            WHERE p.oid = to_regproc(
                format(
                    '%I.%I',
                    (parse_ident(m.table_name)) [1],
                    (parse_ident(m.table_name)) [2] || '_affected'
                )
            )
        ) AS affected
    FROM etl.pipeline_steps AS m
    WHERE m.layer <> 'source' AND m.interval_between IS NULL
"""

_VIEWS = """
    SELECT
        format('%I.%I', n.nspname, c.relname) AS table_name, pg_get_viewdef(c.oid) AS definition
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE
        n.oid IN (to_regnamespace('silver'), to_regnamespace('gold'))
        AND c.relkind = 'v'
        AND c.relname !~ '_(image|versions)$'
"""

_FOREIGN_KEYS = """
    SELECT
        format('%I.%I', n.nspname, c.relname) AS table_name,
        a.attname AS column_name,
        format('%I.%I', rn.nspname, r.relname) AS references_table,
        ra.attname AS references_column
    FROM pg_constraint AS f
    INNER JOIN pg_class AS c ON f.conrelid = c.oid
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN pg_class AS r ON f.confrelid = r.oid
    INNER JOIN pg_namespace AS rn ON r.relnamespace = rn.oid
    INNER JOIN pg_attribute AS a ON c.oid = a.attrelid AND a.attnum = f.conkey[1]
    INNER JOIN pg_attribute AS ra ON r.oid = ra.attrelid AND ra.attnum = f.confkey[1]
    WHERE f.contype = 'f' AND n.oid = to_regnamespace('gold') AND NOT c.relispartition
    ORDER BY table_name, f.conname
"""


def read_columns(connection: psycopg.Connection) -> list[Row]:
    """List all columns of bronze, silver and gold, in order, with types and comments.

    Args:
        connection: to the warehouse.
    """
    return rows(connection, _COLUMNS)


def read_relations(connection: psycopg.Connection) -> dict[str, Row]:
    """Describe all tables and views: estimated rows (null: unknown), partitions, comment.

    Args:
        connection: to the warehouse.
    """
    return {row["table_name"]: row for row in rows(connection, _RELATIONS)}


def read_sql(connection: psycopg.Connection) -> dict[str, dict[str, str]]:
    """Return the SQL as deployed of each table: its writer, what finds affected keys, its SELECT.

    Args:
        connection: to the warehouse.

    Returns:
        Title and SQL, by name of the table.
    """
    found: dict[str, dict[str, str]] = {}
    for row in rows(connection, _SQL):
        named = {"writer": row["writer"], "affected keys": row["affected"]}
        found[row["table_name"]] = {title: sql for title, sql in named.items() if sql}
    for row in rows(connection, _VIEWS):
        name = row["table_name"].removesuffix("_definition")
        of_table = name in found
        found.setdefault(name, {})["definition" if of_table else "view"] = row["definition"]
    return found


def read_foreign_keys(connection: psycopg.Connection) -> list[Row]:
    """List the foreign keys of gold, by column.

    Args:
        connection: to the warehouse.
    """
    return rows(connection, _FOREIGN_KEYS)
