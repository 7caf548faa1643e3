"""Asks where the columns of a definition come from: its tree, and where that ends, PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import psycopg

from fdwarehouse.compiler.algebra.canonical import canonical
from fdwarehouse.compiler.algebra.catalog import Catalog, ColumnFact, Relation, View
from fdwarehouse.compiler.algebra.lineage import (
    Lineage,
    Origin,
    by_name,
    calls_functions_of_users,
    lineage,
)
from fdwarehouse.compiler.algebra.loosened import loosened
from fdwarehouse.compiler.algebra.names import output_names
from fdwarehouse.compiler.algebra.parse import parse
from fdwarehouse.compiler.algebra.reasons import Unsupported
from fdwarehouse.identifiers import qualified

# Readers are rewrite rules of views, and functions whose body is not a string. If one uses a row as
# a value, pg_depend does not say which: all columns are read.
_READ = """
WITH RECURSIVE readers AS (
    SELECT
        'pg_rewrite'::regclass::oid AS classid,
        w.oid AS objid,
        false AS is_function,
        pg_get_viewdef(w.ev_class) LIKE '%%.*%%' AS has_rows_as_values
    FROM pg_rewrite AS w
    WHERE w.ev_class = %(view)s::regclass
    UNION
    SELECT
        f.classid,
        f.objid,
        r.is_function OR f.classid = 'pg_proc'::regclass,
        f.body LIKE '%%.*%%'
    FROM readers AS r
    INNER JOIN pg_depend AS d ON r.classid = d.classid AND r.objid = d.objid
    CROSS JOIN LATERAL (
        SELECT
            d.refclassid AS classid,
            d.refobjid AS objid,
            pg_get_function_sqlbody(d.refobjid) AS body
        WHERE d.refclassid = 'pg_proc'::regclass
        UNION ALL
        SELECT 'pg_rewrite'::regclass, w.oid, pg_get_viewdef(w.ev_class)
        FROM pg_rewrite AS w
        WHERE
            d.refclassid = 'pg_class'::regclass
            AND w.ev_class = d.refobjid
            AND d.refobjid <> ALL(%(leaves)s::text[]::regclass[]::oid[])
    ) AS f
)

SELECT DISTINCT n.nspname, c.relname, a.attname
FROM readers AS r
INNER JOIN pg_depend AS d ON r.classid = d.classid AND r.objid = d.objid
INNER JOIN pg_class AS c ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_attribute AS a
    ON c.oid = a.attrelid AND (d.refobjsubid = a.attnum OR r.has_rows_as_values)
WHERE
    a.attnum > 0
    AND NOT a.attisdropped
    AND (r.is_function OR NOT %(only_functions)s)
    AND (c.relkind <> 'v' OR c.oid = ANY(%(leaves)s::text[]::regclass[]::oid[]))
"""


def lineage_of_definition(
    warehouse: psycopg.Connection,
    view: str,
    canonical_sql: str,
    catalog: Catalog,
    views: Collection[str],
) -> Lineage:
    """Return where each column of a definition comes from.

    Args:
        warehouse: a connection as the owner.
        view: the view with the definition, quoted.
        canonical_sql: its text, as `pg_get_viewdef` prints it.
        catalog: the relations that it reads.
        views: those of them, quoted, that count as tables; others are replaced by what they read.
    """
    relations = {
        name: _as_table(name, found)
        if isinstance(found, View) and qualified(*name) in views
        else found
        for name, found in catalog.relations.items()
    }
    leaves = [qualified(*name) for name in catalog.relations if qualified(*name) in views]
    # Without names of functions that return sets, they are functions like others.
    loose = replace(catalog, relations=relations, set_returning=frozenset())
    statement = parse(canonical_sql)
    names = output_names(_targets(statement))
    try:
        block = canonical(loosened(statement), loose)
    except Unsupported:
        return by_name(names, _read(warehouse, view, leaves, only_functions=False))
    found = lineage(block)
    if not calls_functions_of_users(block):
        return found
    read = frozenset(_read(warehouse, view, leaves, only_functions=True))
    return {name: value.with_rows(read) for name, value in found.items()}


def _targets(statement: Any) -> tuple[Any, ...]:
    """Return the SELECT list that names the columns of a statement: of a UNION, the first."""
    while statement.larg:
        statement = statement.larg
    return statement.targetList or ()


def _as_table(name: tuple[str, str], view: View) -> Relation:
    columns = output_names(_targets(parse(view.definition)))
    return Relation(*name, tuple(ColumnFact(column, "") for column in columns))


def _read(
    warehouse: psycopg.Connection, view: str, leaves: list[str], *, only_functions: bool
) -> Iterator[Origin]:
    """List the columns that a view reads, also through functions and other views.

    Args:
        warehouse: a connection as the owner.
        view: its name, quoted.
        leaves: views, quoted, that are not followed further.
        only_functions: whether to list only those that functions read.
    """
    values = {"view": view, "leaves": leaves, "only_functions": only_functions}
    for schema, table, column in warehouse.execute(_READ.encode(), values).fetchall():
        yield Origin(qualified(schema, table), column)
