"""Reads what the compiler needs from PostgreSQL's catalogue: relations, views, functions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from fdwarehouse.compiler.algebra.catalog import Catalog, ColumnFact, Known, Relation, View
from fdwarehouse.compiler.algebra.reasons import TELLING_THE_TIME

_RELATIONS = """
WITH RECURSIVE read_relations AS (
    SELECT c.oid FROM pg_class AS c WHERE c.oid = ANY(%(views)s::regclass[])
    UNION
    SELECT d.refobjid
    FROM read_relations AS r
    INNER JOIN pg_rewrite AS w ON r.oid = w.ev_class
    INNER JOIN pg_depend AS d
        ON w.oid = d.objid
            AND d.classid = 'pg_rewrite'::regclass
            AND d.refclassid = 'pg_class'::regclass
)

SELECT
    c.oid,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind AS kind,
    CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END AS definition,
    to_regclass(format('%%I.%%I', n.nspname, c.relname || '_changes'))::oid AS log
FROM read_relations AS r
INNER JOIN pg_class AS c ON r.oid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
ORDER BY n.nspname, c.relname
"""

_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), attnotnull
FROM pg_attribute
WHERE attrelid = %s::oid AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""

_INDEXES = r"""
SELECT
    i.indisprimary AS is_primary,
    i.indisunique AND i.indimmediate AND i.indpred IS NULL AS is_unique,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
        LEFT JOIN pg_attribute AS a ON i.indrelid = a.attrelid AND k.attnum = a.attnum
        WHERE k.position <= i.indnkeyatts
        ORDER BY k.position
    ) AS columns
FROM pg_index AS i
INNER JOIN pg_class AS x ON i.indexrelid = x.oid
WHERE i.indrelid = %s::oid AND i.indisvalid
"""

_PRIMARY_KEY = """
SELECT a.attname
FROM pg_constraint AS k
CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS u (number, position)
INNER JOIN pg_attribute AS a ON k.conrelid = a.attrelid AND u.number = a.attnum
WHERE k.conrelid = to_regclass(%s) AND k.contype = 'p'
ORDER BY u.position
"""

_FUNCTIONS = """
SELECT n.nspname, p.proname
FROM pg_proc AS p
INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
WHERE CASE WHEN %s THEN p.prokind = 'a' ELSE p.proretset END
"""

_VOLATILITY = """
SELECT p.proname, p.provolatile, n.nspname
FROM pg_proc AS p
INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
WHERE p.oid = ANY(%s)
"""

_COARSE_COLLATIONS = """
SELECT collname
FROM pg_collation
WHERE oid = ANY(%s) AND NOT collisdeterministic
ORDER BY collname
"""


def read_catalog(
    connection: psycopg.Connection,
    views: Iterable[str],
    *,
    keeps_rows: Collection[str] | None = None,
    compiled: Collection[str] = (),
    known: Mapping[str, Known] | None = None,
    keys: Mapping[str, tuple[str, ...]] | None = None,
) -> Catalog:
    """Read the relations of some definitions.

    Args:
        connection: to the warehouse.
        views: names of the views with the definitions, quoted.
        keeps_rows: tables, as `schema.name`, whose rows are never deleted; None for those of silver
            that mark rows in `is_deleted`.
        compiled: tables, as `schema.name`, that the compiler writes: their logs have what is read.
        known: facts from the definition of such a table.
        keys: keys of partitioned tables, as `schema.name`, whose primary key also has the date.
    """
    relations: dict[tuple[str, str], Relation | View] = {}
    with connection.transaction():
        # With nothing in the search path, every name of a definition is qualified.
        connection.execute("SET LOCAL search_path = pg_catalog, pg_temp")
        for found in _rows(connection, _RELATIONS, {"views": list(views)}):
            name = f"{found.schema}.{found.name}"
            if found.kind == "v":
                relations[found.schema, found.name] = View(found.definition)
            elif found.kind in "rp":
                relations[found.schema, found.name] = _relation(
                    connection,
                    found,
                    keeps_rows=None if keeps_rows is None else name in keeps_rows,
                    is_compiled=name in compiled,
                    known=(known or {}).get(name, Known()),
                    key=(keys or {}).get(name),
                )
    return Catalog(relations, _functions(connection, True), _functions(connection, False))


def _rows(connection: psycopg.Connection, query: str, arguments: Any) -> list[Any]:
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(query.encode(), arguments).fetchall()


def _relation(
    connection: psycopg.Connection,
    found: Any,
    *,
    keeps_rows: bool | None,
    is_compiled: bool,
    known: Known,
    key: tuple[str, ...] | None,
) -> Relation:
    columns = tuple(
        ColumnFact(name, kind, not_null, known.scales.get(name))
        for name, kind, not_null in connection.execute(_COLUMNS.encode(), [found.oid]).fetchall()
    )
    indexes = _rows(connection, _INDEXES, [found.oid])
    if keeps_rows is None:
        keeps_rows = found.schema == "silver" and any(c.name == "is_deleted" for c in columns)
    log = None
    if is_compiled:
        log = frozenset(c.name for c in columns)
    elif found.log:
        log = frozenset(
            row[0] for row in connection.execute(_COLUMNS.encode(), [found.log]).fetchall()
        )
    return Relation(
        found.schema,
        found.name,
        columns,
        primary_key=key or next((tuple(i.columns) for i in indexes if i.is_primary), ()),
        unique_keys=tuple(
            tuple(i.columns) for i in indexes if i.is_unique and None not in i.columns
        ),
        removes_rows=not keeps_rows,
        logged=log if log is None or {"run_id", "sign"} <= log or is_compiled else None,
        dependencies=known.dependencies,
        period=known.period,
    )


def _functions(connection: psycopg.Connection, are_aggregates: bool) -> frozenset[tuple[str, ...]]:
    return frozenset(
        (name,) if schema == "pg_catalog" else (schema, name)
        for schema, name in connection.execute(_FUNCTIONS.encode(), [are_aggregates]).fetchall()
    )


def primary_key(connection: psycopg.Connection, table: str) -> tuple[str, ...]:
    """Return the columns of a table's primary key; none if the table does not exist.

    Args:
        connection: to the warehouse.
        table: its name with its schema, quoted.
    """
    found = connection.execute(_PRIMARY_KEY, [table]).fetchall()
    return tuple(name for (name,) in found)


def relation_exists(connection: psycopg.Connection, name: str) -> bool:
    """Return whether a table or view of this name, quoted, exists."""
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
    return bool(row and row[0])


def impure_parts(connection: psycopg.Connection, view: str) -> tuple[str, ...]:
    """Return what makes a definition depend on more than the tables that it names.

    The parse tree that PostgreSQL stores refers to the functions themselves, not to their names.

    Args:
        connection: to the warehouse.
        view: the view with the definition, quoted.
    """
    found: dict[str, None] = {}
    for relation in _rows(connection, _RELATIONS, {"views": [view]}):
        if relation.kind == "v":
            name = f"{relation.schema}.{relation.name}"
            place = "" if name.replace('"', "") == view.replace('"', "") else f" in {name}"
            found |= dict.fromkeys(f"{p}{place}" for p in _impure(connection, relation.oid))
    return tuple(found)


def _impure(connection: psycopg.Connection, view: int) -> Iterator[str]:
    row = connection.execute(
        "SELECT string_agg(ev_action::text, '') FROM pg_rewrite WHERE ev_class = %s", [view]
    ).fetchone()
    tree = str(row and row[0])
    if "{SQLVALUEFUNCTION" in tree:
        yield "CURRENT_DATE, CURRENT_USER or the like depends on the time or the session"
    if "{TABLESAMPLECLAUSE" in tree:
        yield "TABLESAMPLE is volatile: it reads different rows each time"
    called = {int(oid) for oid in re.findall(r":(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)", tree)}
    for name, volatility, schema in connection.execute(
        _VOLATILITY.encode(), [list(called)]
    ).fetchall():
        if volatility == "v":
            yield f"{name}() is volatile"
        elif volatility == "s" and schema == "pg_catalog" and name in TELLING_THE_TIME:
            yield f"{name}() depends on the time or the session"
        elif schema != "pg_catalog" and volatility == "s":
            yield f"{schema}.{name}() is STABLE and may read tables"
    collations = {int(oid) for oid in re.findall(r":\w*[cC]oll(?:id|Oid) (\d+)", tree)}
    for (name,) in connection.execute(_COARSE_COLLATIONS.encode(), [list(collations)]).fetchall():
        yield f"collation {name} treats different texts as equal"


_TYPES_READ = """
SELECT DISTINCT
    d.refobjid::regclass || '.' || quote_ident(a.attname) || ' '
    || format_type(a.atttypid, a.atttypmod)
FROM pg_rewrite AS r
INNER JOIN pg_depend AS d
    ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
INNER JOIN pg_attribute AS a ON d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
WHERE r.ev_class = %s::regclass AND d.refobjsubid > 0
"""


def types_read(connection: psycopg.Connection, view: str) -> frozenset[str]:
    """List the columns that a view reads, each with its type, as text.

    Args:
        connection: of the warehouse.
        view: its name, as SQL writes it.
    """
    return frozenset(text for (text,) in _rows(connection, _TYPES_READ, [view]))
