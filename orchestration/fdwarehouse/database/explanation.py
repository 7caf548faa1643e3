"""How a table is maintained: its arms, the indexes that they need, and the cost of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg

from fdwarehouse.compiler.algebra.tree import Block, Select, SetOperation
from fdwarehouse.compiler.deltas.indexes import Index
from fdwarehouse.compiler.tables.statement import query
from fdwarehouse.compiler.tables.table import Table
from fdwarehouse.identifiers import qualified

LARGE = 1000
"""Rows from which a scan of a whole table is reported."""


@dataclass(frozen=True)
class Cost:
    """What EXPLAIN says about one statement.

    Attributes:
        rows: estimated.
        cost: estimated, in units of a sequential page read.
        scanned: large tables that are read in full.
        actual_rows: counted; None if it was not run.
        pages: pages of 8 kB read; None if it was not run.
    """

    rows: int
    cost: float
    scanned: tuple[str, ...] = ()
    actual_rows: int | None = None
    pages: int | None = None


@dataclass(frozen=True)
class Arm:
    """One way in which a change reaches the table."""

    comment: str
    sql: str
    cost: Cost | None = None
    is_of_full_refresh: bool = False
    """Whether it reads all rows, and only in a full refresh."""


@dataclass(frozen=True)
class WantedIndex:
    """An index by which the writer looks up rows."""

    table: str
    columns: tuple[str, ...]
    is_there: bool


@dataclass(frozen=True)
class Explanation:
    """How a table is maintained."""

    table: str
    path: str
    kept_up: str
    arms: list[Arm] = field(default_factory=list)
    indexes: list[WantedIndex] = field(default_factory=list)

    @property
    def lacks_index(self) -> bool:
        """Whether an index is missing; where none is, PostgreSQL scans because that is cheaper."""
        return not all(index.is_there for index in self.indexes)


def explain(
    table: Table, warehouse: psycopg.Connection, *, since_run_id: int, analyze: bool
) -> Explanation:
    """Describe how a table is maintained, and what it costs.

    Args:
        table: the compiled table.
        warehouse: a connection as the owner; the table is deployed there.
        since_run_id: the changes of later runs are used.
        analyze: whether to run the arms, which only read, and count rows.
    """
    arms = []
    counting = table.plan.counting
    for arm in _arms(table):
        sql = query(arm)
        run = re.sub(r"\bp_since_run_id\b", str(since_run_id), sql)
        is_of_full_refresh = counting is not None and arm == counting.all_rows
        cost = _cost(warehouse, run, analyze=analyze)
        arms.append(Arm(arm.comment, sql, cost, is_of_full_refresh))
    indexes = [
        WantedIndex(i.qualified, i.columns or i.expressions, _has_index(warehouse, i))
        for i in table.plan.wanted_indexes
    ]
    path = table.definition.path
    return Explanation(table.target.qualified, path, table.kept_up, arms, indexes)


def _arms(table: Table) -> Iterator[Select]:
    plan = table.plan
    if plan.counting:
        yield from _selects(plan.counting.images)
    elif plan.affected:
        yield from _selects(plan.affected.block)


def _selects(block: Block) -> Iterator[Select]:
    if isinstance(block, SetOperation):
        yield from _selects(block.left)
        yield from _selects(block.right)
    elif isinstance(block, Select):
        yield block


def _cost(warehouse: psycopg.Connection, sql: str, *, analyze: bool) -> Cost | None:
    options = "FORMAT JSON, ANALYZE, BUFFERS" if analyze else "FORMAT JSON"
    try:
        with warehouse.transaction(force_rollback=True):
            row = warehouse.execute(f"EXPLAIN ({options}) {sql}".encode()).fetchone()
    except psycopg.errors.UndefinedTable:
        return None  # a change log that the next deploy creates
    assert row is not None
    top = row[0][0]["Plan"]
    pages = top.get("Shared Hit Blocks", 0) + top.get("Shared Read Blocks", 0)
    return Cost(
        rows=int(top["Plan Rows"]),
        cost=float(top["Total Cost"]),
        scanned=tuple(sorted(set(_scanned(top)))),
        actual_rows=int(top["Actual Rows"]) if analyze else None,
        pages=pages if analyze else None,
    )


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    """Yield the large tables that a plan reads in full."""
    if node["Node Type"] == "Seq Scan" and node["Plan Rows"] >= LARGE:
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _scanned(child)


def _has_index(warehouse: psycopg.Connection, index: Index) -> bool:
    values: list[object]
    if index.expressions:
        test, values = "to_regclass(%s) IS NOT NULL", [qualified(index.schema, index.name)]
    else:
        test, values = (
            "etl.is_looked_up_by(to_regclass(%s), %s)",
            [index.qualified, list(index.columns)],
        )
    row = warehouse.execute(f"SELECT {test}".encode(), values).fetchone()
    return bool(row and row[0])
