"""Analyses the definition of a table of silver in the warehouse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import psycopg

from fdwarehouse.compiler.algebra.canonical import canonical
from fdwarehouse.compiler.algebra.lineage import lineage
from fdwarehouse.compiler.algebra.reasons import Unsupported, line_of_impurity
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.partitions import require_partitions
from fdwarehouse.compiler.tables.silver_table import SilverTable
from fdwarehouse.compiler.tables.table import TAKEN, require_columns
from fdwarehouse.compiler.tables.target import Target
from fdwarehouse.compiler.tables.versions import (
    ADDED,
    key_in_source,
    not_row_by_row,
    require_row_by_row,
    take_apart,
)
from fdwarehouse.database.analysis.catalog import impure_parts, read_catalog, types_read
from fdwarehouse.database.analysis.definition import create_definition, create_empty
from fdwarehouse.errors import FdwarehouseError, Problems
from fdwarehouse.identifiers import qualified
from fdwarehouse.project.sources import Source

_PURE = (
    "A row of silver depends only on its version, so that it can be computed again at any time: "
    "compare with the current time where the table is read."
)


def analyse_silver(
    definition: Definition, sources: Iterable[Source], warehouse: psycopg.Connection
) -> SilverTable:
    """Analyse a definition of silver.

    Args:
        definition: the file.
        sources: whose tables bronze has.
        warehouse: a connection as the owner; the empty table exists afterwards.

    Raises:
        FdwarehouseError: it is not a SELECT over one table of bronze, row by row; or a condition of
            `reject` is wrong. The message names file and line.
    """
    _, schema, file = definition.path.split("/", 2)
    header = definition.header
    if header.kind != "table":
        raise FdwarehouseError(
            f"{definition.path}, line {definition.line_of('kind')}: silver has no {header.kind}s",
            hint="Move the file to sql/gold.",
        )
    target = Target(schema, file.removesuffix(".sql"), header.key, (), partitions=header.partitions)
    columns, canonical_sql = create_definition(definition, target.definition, warehouse)
    target = replace(target, types_read=types_read(warehouse, target.definition))
    require_columns(definition, columns, (*TAKEN, *ADDED))
    require_partitions(definition, columns)
    _require_pure(definition, impure_parts(warehouse, target.definition))
    catalog = read_catalog(warehouse, [target.definition])
    try:
        block = canonical(canonical_sql, catalog)
    except Unsupported as problem:
        raise not_row_by_row(definition, problem) from problem
    relation = require_row_by_row(definition, block).relation
    source, table = next(
        (
            (s, t)
            for s in sources
            for t in s.tables
            if t.raw_table == qualified(relation.schema, relation.name)
        ),
        (None, None),
    )
    if source is None or table is None:
        raise FdwarehouseError(
            f"{definition.path}: {relation.qualified} has no source in warehouse.yaml",
            hint="Add its table there, or read one that is there.",
        )
    _require_conditions(definition, target, warehouse)
    target = replace(target, columns=(*columns, ("is_deleted", "boolean")), lineage=lineage(block))
    create_empty(target, warehouse, key=target.primary_key)
    return SilverTable(
        target,
        definition,
        take_apart(definition.select),
        table,
        source.local_time_zone,
        key_in_source(block, header.key, tuple(table.key)),
    )


def _require_pure(definition: Definition, impure: Iterable[str]) -> None:
    for reason in impure:
        line = line_of_impurity(reason, definition.select) or 1
        raise FdwarehouseError(
            f"{definition.path}, line {definition.first_line + line - 1}: {reason}", hint=_PURE
        )


def _require_conditions(
    definition: Definition, target: Target, warehouse: psycopg.Connection
) -> None:
    """Check each condition of `reject` against the columns of the SELECT."""
    problems = Problems()
    rule = qualified(target.schema, f"{target.name}_rule")
    for reason, conditions in definition.header.reject.items():
        place = f"{definition.path}, line {definition.line_of('reject', reason)}: reject: {reason}"
        for condition in conditions:
            view = f"CREATE VIEW {rule} AS SELECT FROM {target.definition} WHERE ({condition})"
            try:
                with warehouse.transaction(force_rollback=True):
                    warehouse.execute(view.encode())
                    impure = impure_parts(warehouse, rule)
            except psycopg.Error as error:
                said = error.diag.message_primary or str(error)
                problems.add(
                    FdwarehouseError(
                        f"{place}: {said}",
                        hint="Write a condition on the columns of the SELECT.",
                    )
                )
            else:
                for part in impure:
                    problems.add(FdwarehouseError(f"{place}: {part}", hint=_PURE))
    problems.raise_found()
