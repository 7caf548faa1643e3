"""Tables, columns and lineage as deploy has described them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg

from fdwarehouse.database.json_rows import Row, rows

_TABLES = """
    SELECT
        t.table_name, t.layer, t.kind, t.file, t.description, t.grain, t.key_columns, t.tags,
        t.select_text, t.is_incremental, t.maintenance, t.source_name, t.source_table
    FROM etl.tables AS t
    LEFT JOIN etl.pipeline_steps AS m ON t.table_name = m.model
    ORDER BY array_position('{bronze,silver,gold}', t.layer), m.position NULLS LAST, t.table_name
"""
_COLUMNS = """
    SELECT table_name, column_name, description, unit, tests, references_table, is_masked
    FROM etl.columns
    ORDER BY table_name, position
"""
_LINEAGE = """
    SELECT table_name, column_name, from_table, from_column, kind
    FROM etl.column_lineage
    ORDER BY table_name, column_name, kind, from_table, from_column
"""
_READS = """
    SELECT table_name, unnest(reads) AS from_table
    FROM etl.pipeline_steps
    WHERE interval_between IS NULL
"""


@dataclass(frozen=True)
class DescribedColumn:
    """A column, as its table's file describes it."""

    name: str
    description: str | None = None
    unit: str | None = None
    tests: Any = None
    references_table: str | None = None
    is_masked: bool = False


@dataclass(frozen=True)
class DescribedTable:
    """A table or view, as its file describes it."""

    name: str
    layer: str
    kind: str = "table"
    file: str | None = None
    description: str | None = None
    grain: str | None = None
    key: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    select: str | None = None
    is_incremental: bool | None = None
    maintenance: str | None = None
    source_name: str | None = None
    source_table: str | None = None
    columns: dict[str, DescribedColumn] = field(default_factory=dict)

    @property
    def ruled_rows(self) -> str | None:
        """Condition of the rows for which its rules hold; None: all.

        Members of a dimension that are inferred have only a key, and the unknown one not even that.
        """
        return "NOT is_inferred" if self.kind == "dimension" else None

    @property
    def source(self) -> str | None:
        """Of a table of bronze, what it is taken from: the source and its table."""
        return ".".join(filter(None, (self.source_name, self.source_table))) or None


@dataclass(frozen=True)
class Origin:
    """A column from which another one is computed, or (kind indirect) by which it is chosen."""

    table: str
    column: str
    from_table: str
    from_column: str
    kind: str


@dataclass(frozen=True)
class Described:
    """All tables in the order of building, and what they are computed from."""

    tables: list[DescribedTable]
    origins: list[Origin]
    reads: set[tuple[str, str]]
    """(table, table that it reads)"""

    @cached_property
    def masked(self) -> set[tuple[str, str]]:
        """The columns whose values come from a masked column, as (table, column)."""
        return {(t.name, c.name) for t in self.tables for c in t.columns.values() if c.is_masked}


def read_described(connection: psycopg.Connection) -> Described:
    """Read what deploy knows about each table.

    Args:
        connection: to the warehouse.
    """
    reads = {(row["table_name"], row["from_table"]) for row in rows(connection, _READS)}
    columns: dict[str, list[Row]] = {}
    for row in rows(connection, _COLUMNS):
        columns.setdefault(row["table_name"], []).append(row)
    tables = [_table(row, columns.get(row["table_name"], [])) for row in rows(connection, _TABLES)]
    origins = [
        Origin(
            *(row[n] for n in ("table_name", "column_name", "from_table", "from_column", "kind"))
        )
        for row in rows(connection, _LINEAGE)
    ]
    return Described(tables, origins, reads | {(o.table, o.from_table) for o in origins})


def _table(row: Row, columns: list[Row]) -> DescribedTable:
    return DescribedTable(
        row["table_name"],
        row["layer"],
        row.get("kind") or "table",
        row.get("file"),
        row["description"],
        row["grain"],
        row.get("key_columns") or [],
        row.get("tags") or [],
        row.get("select_text"),
        row.get("is_incremental"),
        row["maintenance"],
        row["source_name"],
        row.get("source_table"),
        {
            column["column_name"]: DescribedColumn(
                column["column_name"],
                column["description"],
                column["unit"],
                column["tests"],
                column["references_table"],
                bool(column["is_masked"]),
            )
            for column in columns
        },
    )
