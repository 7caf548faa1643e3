"""Where the columns of a table come from: those of its SELECT, and those that the engine adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fdwarehouse.compiler.algebra.lineage import Lineage, Origin, Sources
from fdwarehouse.compiler.algebra.parse import parse
from fdwarehouse.compiler.tables.dimension import IS_CURRENT, VALIDITY, Dimension
from fdwarehouse.compiler.tables.silver_table import SilverTable
from fdwarehouse.compiler.tables.table import Table
from fdwarehouse.compiler.tables.view import View
from fdwarehouse.project.sql_names import column_names_in

AnyTable = Table | SilverTable | Dimension | View


def lineage_of(table: AnyTable, silver: Mapping[str, SilverTable]) -> Lineage:
    """Return where each column of a table comes from.

    Args:
        table: the table.
        silver: tables of silver of the project, quoted, which dimensions read.
    """
    match table:
        case SilverTable():
            return _of_silver(table)
        case Dimension():
            return _of_dimension(table, silver)
        case _:
            return table.target.lineage


def _of_silver(table: SilverTable) -> Lineage:
    """Add what marks rows as deleted or rejects them."""
    found = table.target.lineage
    raw = table.source.raw_table
    select = table.select
    filters = frozenset[Origin]()
    if select.condition:
        names = set(column_names_in(parse(f"SELECT {select.condition}")))
        filters = frozenset(Origin(raw, n) for n in table.source.columns if n in names)
    rules = [c for conditions in table.definition.header.reject.values() for c in conditions]
    rejecting = frozenset[Origin]().union(
        *(
            found[name].all
            for rule in rules
            for name in column_names_in(parse(f"SELECT ({rule})"))
            if name in found
        )
    )
    marks = Sources(filters | {Origin(raw, "_is_deleted")})
    return {n: v.with_rows(rejecting) for n, v in {**found, "is_deleted": marks}.items()}


def _of_dimension(dimension: Dimension, silver: Mapping[str, SilverTable]) -> Lineage:
    """Add the surrogate key, the validity, and the members that others refer to."""
    found = dict(dimension.target.lineage)
    header = dimension.definition.header
    source = silver.get(dimension.source)
    referring = _referring(dimension, silver.values())
    found[dimension.key] |= Sources(referring)
    versions = frozenset[Origin]().union(*(found[c].direct for c in (dimension.key, *header.type2)))
    found[dimension.surrogate] = Sources(indirect=versions)
    began = frozenset({Origin(source.source.raw_table, "_extracted_at")}) if source else frozenset()
    if header.updated_at:
        began |= found[header.updated_at].direct
    validity = Sources(began if header.type2 else frozenset()).with_rows(versions)
    found |= {name: validity for name, kind in VALIDITY if kind == "timestamp"}
    found[IS_CURRENT[0]] = validity
    found["is_inferred"] = Sources(indirect=found[dimension.key].all)
    return found


def _referring(dimension: Dimension, silver: Iterable[SilverTable]) -> frozenset[Origin]:
    """Return the columns of silver that have keys of members, known or not."""
    tables = {table.target.versions: table.target.qualified for table in silver}
    return frozenset(Origin(tables[v], column) for v, column in dimension.referenced_by)
