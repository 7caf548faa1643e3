"""Analyses the definition of a table or a view in the warehouse."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import psycopg

from fdwarehouse.compiler.algebra.catalog import Known
from fdwarehouse.compiler.algebra.tree import Block, Select
from fdwarehouse.compiler.deltas.dependencies import dependencies
from fdwarehouse.compiler.deltas.exactness import fixed_scale
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.partitions import dates_of_rows, require_partitions
from fdwarehouse.compiler.tables.plan import Request, plan, read
from fdwarehouse.compiler.tables.statement import full_states, query
from fdwarehouse.compiler.tables.table import Table, never_null, require_columns
from fdwarehouse.compiler.tables.target import Target
from fdwarehouse.compiler.tables.view import View
from fdwarehouse.database.analysis.catalog import impure_parts, read_catalog, types_read
from fdwarehouse.database.analysis.definition import (
    create_definition,
    create_empty,
    key_errors_named,
    require_reproducible,
    types_in,
)
from fdwarehouse.database.analysis.lineage import lineage_of_definition
from fdwarehouse.errors import FdwarehouseError


def analyse_view(
    definition: Definition, warehouse: psycopg.Connection, views: Collection[str]
) -> View:
    """Analyse a definition that is computed when it is read.

    Args:
        definition: the file.
        warehouse: a connection as the owner; the view exists afterwards.
        views: views of the project, quoted.

    Raises:
        FdwarehouseError: it is wrong; the message names file and line.
    """
    _, schema, file = definition.path.split("/")
    target = Target(schema, file.removesuffix(".sql"), definition.header.key, ())
    columns, canonical_sql = create_definition(definition, target.qualified, warehouse)
    catalog = read_catalog(warehouse, [target.qualified])
    target = replace(
        target,
        types_read=types_read(warehouse, target.qualified),
        lineage=lineage_of_definition(
            warehouse, target.qualified, canonical_sql, catalog, {*views} - {target.qualified}
        ),
    )
    require_columns(definition, columns)
    require_partitions(definition, columns)
    return View(replace(target, columns=columns), definition)


def analyse_table(
    definition: Definition,
    warehouse: psycopg.Connection,
    compiled: set[str],
    known: Mapping[str, Known],
    keys: Mapping[str, tuple[str, ...]],
    *,
    views: Collection[str],
) -> Table:
    """Analyse a definition of a table that is computed from others.

    Args:
        definition: the file.
        warehouse: a connection as the owner; the empty table exists afterwards.
        compiled: tables, as `schema.name`, that were analysed before.
        known: facts from the definition of such a table.
        keys: keys of the partitioned tables among them, whose primary key also has the date.
        views: views of the project, quoted.

    Raises:
        FdwarehouseError: it is wrong; the message names file and line.
    """
    _, schema, file = definition.path.split("/")
    header = definition.header
    if header.reject:
        raise FdwarehouseError(
            f"{definition.path}, line {definition.line_of('reject')}: only silver rejects rows",
            hint="Exclude them in WHERE, or reject them in their table of silver.",
        )
    target = Target(schema, file.removesuffix(".sql"), header.key, (), partitions=header.partitions)
    columns, canonical_sql = create_definition(definition, target.definition, warehouse)
    target = replace(target, types_read=types_read(warehouse, target.definition))
    require_columns(definition, columns)
    require_partitions(definition, columns)
    impure = impure_parts(warehouse, target.definition)
    require_reproducible(definition, impure)
    request = Request(
        header.key,
        canonical_sql,
        definition.select,
        definition.first_line,
        impure,
        is_forced_full=not header.incremental,
        table=(target.schema, target.name),
    )
    catalog = read_catalog(
        warehouse, [target.definition], compiled=compiled, known=known, keys=keys
    )
    traced = lineage_of_definition(warehouse, target.definition, canonical_sql, catalog, views)
    target = replace(target, columns=columns, lineage=traced)
    with key_errors_named(definition, warehouse):
        create_empty(target, warehouse, key=target.primary_key, not_null=never_null(header.columns))
    types = types_in(warehouse, target)
    block = read(request, catalog)
    dates = dates_of_rows(block, header.partitions.by) if block and header.partitions else None
    is_computed = header.partitions is not None and dates is None

    def describe(block: Block) -> dict[str, str]:
        return dict(types(query(block)))

    # A function that computes rows for their dates cannot use counted groups.
    found = plan(request, catalog, describe, counts=not is_computed)
    state = types(full_states(found.counting)) if found.counting else ()
    return Table(target, definition, found, block, state, dates=dates)


def known_of(table: Table) -> Known:
    """Return the facts about a table that follow from its definition."""
    if not isinstance(table.block, Select):
        return Known()
    found = {o.name: fixed_scale(table.block, o.value) for o in table.block.outputs}
    scales = {name: scale for name, scale in found.items() if scale is not None}
    return Known(scales, dependencies(table.block))
