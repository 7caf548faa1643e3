"""Describes the tables of bronze, silver and gold, as rows of the tables of `etl`.

What is said here is what files say. `mechanics/deploy/describe.sql` adds what PostgreSQL knows: the
columns, their comments, and the tables that are written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from fdwarehouse.compiler.algebra.lineage import Lineage
from fdwarehouse.compiler.tables.dimension import Dimension
from fdwarehouse.compiler.tables.lineage import AnyTable, lineage_of
from fdwarehouse.compiler.tables.silver_table import SilverTable
from fdwarehouse.project.chosen_columns import columns_of_filter
from fdwarehouse.project.header import ColumnHeader
from fdwarehouse.project.source_tables import SourceTable
from fdwarehouse.project.sources import Source
from fdwarehouse.project.sql_files import SqlFile, code_of, names_read
from fdwarehouse.rendering.steps import Model

Row = Mapping[str, object]

_VIEW = re.compile(r"\bCREATE\s+(?:OR\s+REPLACE\s+)?VIEW\b", re.IGNORECASE)


def rows_of_tables(
    sources: Iterable[Source],
    tables: Sequence[AnyTable],
    models: Iterable[Model],
    objects: Sequence[SqlFile],
    checks: Collection[str],
) -> Mapping[str, Sequence[Row]]:
    """Describe the tables of a project.

    Args:
        sources: of the project.
        tables: those that are one SELECT.
        models: the steps.
        objects: the compiled routines and views.
        checks: names of the checks.

    Returns:
        Rows of `etl.tables`, `etl.columns` (only those of which files say something) and
        `etl.column_lineage`; and what tables written by hand read, as `written_by_hand`.
    """
    silver = {t.target.qualified: t for t in tables if isinstance(t, SilverTable)}
    raw = [(source, table) for source in sources for table in source.tables]
    by_hand = list(_written_by_hand(tables, models, objects))
    return {
        "etl.tables": [
            *(_raw_table(source, table) for source, table in raw),
            *map(_table, tables),
            *(row for row, _ in by_hand),
        ],
        "etl.columns": [
            *(column for _, table in raw for column in _raw_columns(table)),
            *(column for table in tables for column in _columns(table, checks)),
        ],
        "etl.column_lineage": [
            *(row for _, table in raw for row in _raw_lineage(table)),
            *(row for t in tables for row in _lineage(t.target.qualified, lineage_of(t, silver))),
        ],
        "written_by_hand": [reads for _, reads in by_hand],
    }


def is_view(file: SqlFile) -> bool:
    """Return whether a file of the project creates a view."""
    is_of_project = file.origin.startswith(("sql/silver/", "sql/gold/"))
    return is_of_project and _VIEW.search(code_of(file.sql)) is not None


def _raw_table(source: Source, table: SourceTable) -> Row:
    described = f"All extracted versions of the rows of {table.foreign_table}."
    return {
        "table_name": table.raw_table,
        "layer": "bronze",
        "kind": "raw",
        "description": f"{described} {table.comment}" if table.comment else described,
        "grain": "one version of one row",
        "key_columns": [*table.key, "_run_id"],
        "tags": [],
        "is_incremental": table.watermark is not None,
        "maintenance": f"appended from {table.foreign_table}: {table.how_it_is_read}",
        "source_name": source.name,
        "source_table": table.name,
    }


def _raw_columns(table: SourceTable) -> Iterator[Row]:
    masked = {column.name for column in table.raw_columns if column.mask}
    if table.is_multiset and masked:
        masked.add("_row_hash")
    for name in masked:
        yield {"table_name": table.raw_table, "column_name": name, "tests": [], "is_masked": True}


def _raw_lineage(table: SourceTable) -> Iterator[Row]:
    names = [column.name for column in table.contract_columns]
    filters = columns_of_filter(table.where, [column.name for column in table.watched_columns])
    for name in table.columns:
        direct = {name} if name in names else {*names}
        for column in sorted(direct | filters):
            yield {
                "table_name": table.raw_table,
                "column_name": name,
                "from_table": table.foreign_table,
                "from_column": column,
                "kind": "direct" if column in direct else "indirect",
            }


def _table(table: AnyTable) -> Row:
    definition, header = table.definition, table.definition.header
    kept_up = "computed when it is read" if header.kind == "view" else table.kept_up
    return {
        "table_name": table.target.qualified,
        "layer": table.target.schema,
        "kind": "mirror" if definition.is_generated else header.kind,
        "file": None if definition.is_generated else definition.path,
        "description": header.description,
        "grain": header.grain,
        "key_columns": [table.surrogate] if isinstance(table, Dimension) else header.key,
        "tags": header.tags,
        "select_text": definition.written,
        "is_incremental": header.kind != "view" and not kept_up.startswith("full"),
        "maintenance": kept_up,
    }


def _columns(table: AnyTable, checks: Collection[str]) -> Iterator[Row]:
    if isinstance(table, SilverTable):
        yield {
            "table_name": table.target.qualified,
            "column_name": "is_deleted",
            "description": "Whether the source has deleted the row, or WHERE excludes it.",
        }
    for name, column in table.definition.header.columns.items():
        yield {
            "table_name": table.target.qualified,
            "column_name": name,
            "description": column.description,
            "unit": column.unit,
            "tests": list(_tests(f"{table.target.name}__{name}", column, checks)),
            "references_table": column.references.to if column.references else None,
        }


def _tests(prefix: str, column: ColumnHeader, checks: Collection[str]) -> Iterator[Row]:
    """Yield what is promised of a column; a promise without a check is a constraint."""
    promises: dict[str, dict[str, object]] = {}
    if column.not_null:
        promises["not_null"] = {}
    if column.unique:
        promises["unique"] = {}
    if column.accepted_values is not None:
        promises["accepted_values"] = {"values": column.accepted_values}
    if column.check:
        promises["check"] = {"condition": column.check}
    if column.references:
        promises["references"] = {
            "to": column.references.to,
            "severity": column.references.severity,
        }
    for test, facts in promises.items():
        name = f"{prefix}__{test}"[:57]
        check = {"check_name": name} if name in checks else {}
        yield {"test": test, "severity": column.severity, **facts, **check}


def _lineage(table: str, lineage: Lineage) -> Iterator[Row]:
    for column, sources in lineage.items():
        for kind, origins in (("direct", sources.direct), ("indirect", sources.indirect)):
            for origin in sorted(origins - sources.direct if kind == "indirect" else origins):
                yield {
                    "table_name": table,
                    "column_name": column,
                    "from_table": origin.table,
                    "from_column": origin.column,
                    "kind": kind,
                }


def _written_by_hand(
    tables: Sequence[AnyTable], models: Iterable[Model], objects: Sequence[SqlFile]
) -> Iterator[tuple[Row, Row]]:
    """Yield the tables and views that are written by hand, each with what it reads."""
    by_name = {o.creates: o for o in objects if o.creates}
    described, files = {t.target.qualified for t in tables}, {t.definition.path for t in tables}
    views = {n for n, o in by_name.items() if is_view(o) and o.origin not in files}
    read_through = {name: o for name, o in by_name.items() if name not in views}
    found = {(v, "view", v): by_name[v] for v in sorted(views)}
    for model in models:
        if model.layer in ("silver", "gold") and model.model not in described:
            found[model.model, "by_hand", model.writer] = by_name[model.writer]
    for (name, kind, routine), file in found.items():
        is_by_hand = kind == "by_hand"
        stub = {
            "table_name": name,
            "layer": name.partition(".")[0],
            "kind": kind,
            "file": file.origin,
            "key_columns": [],
            "tags": [],
            "is_incremental": False,
            "maintenance": f"written by {routine}()" if is_by_hand else "computed when it is read",
        }
        reads = sorted(names_read(file, read_through) - {name})
        yield stub, {"table_name": name, "writer": routine if is_by_hand else None, "reads": reads}
