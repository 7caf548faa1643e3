"""Analyses the definition of a dimension in the warehouse."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from fdwarehouse.compiler.algebra.canonical import canonical
from fdwarehouse.compiler.algebra.lineage import lineage
from fdwarehouse.compiler.algebra.reasons import Unsupported
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.dimension import IS_CURRENT, VALIDITY, Dimension
from fdwarehouse.compiler.tables.partitions import require_partitions
from fdwarehouse.compiler.tables.silver_table import SilverTable
from fdwarehouse.compiler.tables.table import TAKEN, require_columns
from fdwarehouse.compiler.tables.target import Target
from fdwarehouse.compiler.tables.versions import not_row_by_row, require_row_by_row, take_apart
from fdwarehouse.database.analysis.catalog import (
    impure_parts,
    read_catalog,
    relation_exists,
    types_read,
)
from fdwarehouse.database.analysis.definition import create_definition, create_empty
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import qualified

_OWN = (*TAKEN, *(name for name, _ in (*VALIDITY, IS_CURRENT)), "is_deleted", "reject_reasons")
_WAY_OUT = (
    "A dimension reads one table of silver, row by row: its history is that of the rows. "
    "Without `kind: dimension`, and without history, any SELECT is possible."
)


def analyse_dimension(
    definition: Definition, warehouse: psycopg.Connection, versions: Mapping[str, SilverTable]
) -> Dimension:
    """Analyse a definition of a dimension.

    Args:
        definition: the file.
        warehouse: a connection as the owner; the empty table exists afterwards.
        versions: tables of silver that are one SELECT, by their views of versions.

    Raises:
        FdwarehouseError: its history cannot be derived; the message names file and line.
    """
    _, schema, file = definition.path.split("/")
    header = definition.header
    name = file.removesuffix(".sql")
    if len(header.key) != 1:
        raise FdwarehouseError(
            f"{definition.path}, line {definition.line_of('key')}: the key of a dimension is one "
            "column",
            hint="Combine several in the SELECT: shop || '-' || number AS shop_number.",
        )
    target = Target(schema, name, (header.key[0], "valid_from"), ())
    columns, canonical_sql = create_definition(definition, target.definition, warehouse)
    require_columns(definition, columns, (*_OWN, header.surrogate_key))
    _require_named(definition, dict(columns))
    require_partitions(definition, columns)
    for reason in impure_parts(warehouse, target.definition):
        raise FdwarehouseError(
            f"{definition.path}, line {definition.first_line}: {reason}", hint=_WAY_OUT
        )
    try:
        block = canonical(canonical_sql, read_catalog(warehouse, [target.definition]))
    except Unsupported as problem:
        raise not_row_by_row(definition, problem, _WAY_OUT) from problem
    relation = require_row_by_row(definition, block, "silver", _WAY_OUT).relation
    source_versions = qualified(relation.schema, f"{relation.name}_versions")
    if source_versions in versions and versions[source_versions].is_computed:
        raise FdwarehouseError(
            f"{definition.path}, line {definition.line_of('key')}: {relation.qualified} computes "
            "its key: a row of the source could end the history of another",
            hint="Read a table whose key is that of the source, or leave out `kind: dimension`.",
        )
    if source_versions not in versions and not relation_exists(warehouse, source_versions):
        raise FdwarehouseError(
            f"{definition.path}: there is no view {source_versions}",
            hint=f"It is created if {relation.qualified} is a SELECT; or write it by hand.",
        )
    target = Target(
        schema,
        name,
        target.key,
        (*_key_first(columns, header.key[0]), *VALIDITY),
        generated=((header.surrogate_key, "bigint"), IS_CURRENT),
        types_read=types_read(warehouse, target.definition),
        lineage=lineage(block),
    )
    create_empty(
        target,
        warehouse,
        key=(header.surrogate_key,),
        unique=target.key,
        not_null=[name for name, _ in VALIDITY],
    )
    return Dimension(
        target,
        definition,
        take_apart(definition.select),
        columns,
        qualified(relation.schema, relation.name),
        source_versions,
    )


def _key_first(columns: tuple[tuple[str, str], ...], key: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(columns, key=lambda column: column[0] != key))


def _require_named(definition: Definition, columns: dict[str, str]) -> None:
    """Check that the header names columns of the SELECT, and a time of the right type."""
    header = definition.header
    for part, names in (
        ("type2", header.type2),
        ("unknown", tuple(header.unknown)),
        ("updated_at", (header.updated_at,) if header.updated_at else ()),
    ):
        for name in names:
            if name not in columns:
                place = f"{definition.path}, line {definition.line_of(part)}"
                raise FdwarehouseError(
                    f"{place}: {part}: the SELECT has no column {name}",
                    hint=f"It has {', '.join(columns)}.",
                )
    stamped = header.updated_at
    if stamped and not columns[stamped].startswith("timestamp without"):
        raise FdwarehouseError(
            f"{definition.path}, line {definition.line_of('updated_at')}: {stamped} is of type "
            f"{columns[stamped]}",
            hint="Validity is in production's local time, timestamp without time zone: write, for "
            f"example, {stamped} AT TIME ZONE 'Europe/Berlin' AS {stamped}.",
        )
