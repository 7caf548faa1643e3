"""Proposes how each table of a database is read, with the reason for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from fdwarehouse.identifiers import qualified
from fdwarehouse.project.config import TableConfig
from fdwarehouse.project.contract import Column, Table
from fdwarehouse.project.local_names import MAX_NAME_BYTES, generated_name, local_name
from fdwarehouse.project.table_rules import (
    LOWER_BOUNDS,
    problems_of_table,
)

# Names of columns that usually hold the time of a row's last change, without _ and capitals.
_WATERMARKS = (
    *("updatedat", "updatedon", "updated", "updatetime", "updatedate", "lastupdate"),
    *("lastupdated", "lastupdatedat", "lastupdatedate", "modifiedat", "modifiedon", "modified"),
    *("modifieddate", "modifydate", "lastmodified", "lastmodifiedat", "lastmodifieddate"),
    *("changedat", "changedon", "changed", "lastchanged", "lastchange", "mtime", "rowversiontime"),
)
# Tables in which frameworks and extensions record themselves.
_BOOKKEEPING = re.compile(
    r"django_(migrations|session|content_type|admin_log)|schema_migrations|ar_internal_metadata"
    r"|alembic_version|flyway_schema_history|schema_version|databasechangelog(lock)?"
    r"|knex_migrations(_lock)?|_prisma_migrations|migrations|typeorm_metadata|goose_db_version"
    r"|spatial_ref_sys|__efmigrationshistory|sequelizemeta|pgmigrations|hdb_.*|celery_.*",
    re.IGNORECASE,
)
_SCANNED_ROWS = 100_000
_LARGE_BYTES = 1_000_000_000
_LARGE_ROWS = 5_000_000
# If more rows than this have no watermark, reading the other rows too costs little and finds more.
_MANY_NULLS = 0.5


@dataclass(frozen=True)
class ColumnProfile:
    """A column of a production database."""

    name: str
    type: str
    """As format_type writes it."""
    not_null: bool
    nulls: float = 0
    """Share of rows where it is null, by its statistics."""


@dataclass(frozen=True)
class TableProfile:
    """A table or view of a production database, as its catalogue describes it."""

    name: str
    kind: str
    """relkind: r a table, p a partitioned table, v a view, m a materialized view, f foreign."""
    columns: tuple[ColumnProfile, ...]
    rows: int = 0
    """Estimate of its statistics."""
    size: int = 0
    """Bytes, with indexes."""
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    """Columns of the unique indexes, without conditions, expressions or nullable columns."""
    indexed: frozenset[str] = frozenset()
    """First columns of its indexes."""
    trigger_code: str = ""
    """Source text of the functions that its triggers on UPDATE call."""
    is_readable: bool = True
    unreadable: tuple[str, ...] = ()
    """Columns that the reader may not read."""
    hides_rows: bool = False
    """Whether row security hides rows from the reader."""
    parent: str | None = None
    """The table whose partition it is."""
    has_children: bool = False
    """Whether other tables inherit from it."""
    extension: str | None = None
    schema: str = ""
    is_never_analyzed: bool = False
    """Whether it has more than a megabyte of rows, but no statistics."""


@dataclass(frozen=True)
class Proposal:
    """How a table is read, or why it is not."""

    table: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    """As in warehouse.yaml."""
    reason: str = ""
    skipped: str | None = None
    """Why it is left out; None if it is read."""
    warnings: tuple[str, ...] = ()
    part_of: str | None = None
    """The table through which its rows are read."""

    @property
    def mode(self) -> str:
        """How it is read."""
        return "watermark" if "watermark" in self.settings else str(self.settings["mode"])


def propose(tables: Iterable[TableProfile], schema: str = "") -> list[Proposal]:
    """Propose how tables are read.

    Args:
        tables: of one database.
        schema: whose tables are named without a schema.

    Returns:
        One proposal per table, in their order.
    """
    used: set[str] = set()
    found = [*tables]
    parents = {qualified(t.schema, t.name): t.parent for t in found if t.parent}
    proposals = [*_of_different_names(_propose(table, schema, used) for table in found)]
    return [replace(p, part_of=_top(p.part_of, parents)) if p.part_of else p for p in proposals]


def _of_different_names(proposals: Iterable[Proposal]) -> Iterator[Proposal]:
    """Leave out a table whose schema and name are the name of a table with a dot in it."""
    seen: set[str] = set()
    for proposal in proposals:
        taken = f"{proposal.table} is also the name of a table of another schema"
        yield replace(proposal, skipped=taken) if proposal.table in seen else proposal
        seen.add(proposal.table)


def _top(table: str, parents: Mapping[str, str]) -> str:
    """Return the table of which others are partitions, at any depth."""
    while table in parents:
        table = parents[table]
    return table


def _propose(table: TableProfile, schema: str, used: set[str]) -> Proposal:
    """Propose how a table is read; ``used`` has the names of the others in the warehouse."""
    in_schema = None if table.schema == schema else table.schema
    name = table.name if in_schema is None else f"{in_schema}.{table.name}"
    if skipped := _reason_to_skip(table):
        return Proposal(name, skipped=skipped, part_of=None if table.extension else table.parent)
    settings, reasons = _key(table)
    warnings: list[str] = []
    watermark = _watermark(table) if "mode" not in settings else None
    if watermark is not None and watermark.nulls <= _MANY_NULLS:
        settings["watermark"] = watermark.name
        reasons.append(_how_it_moves(table, watermark.name))
        if not watermark.not_null:
            reasons.append(f"every run reads the rows where it is null ({watermark.nulls:.0%})")
        if slow := slow_watermark(table, watermark.name, name):
            warnings.append(slow)
    else:
        if "mode" not in settings:
            settings["mode"] = "snapshot"
            reasons.append(
                f"{watermark.name} is null in {watermark.nulls:.0%} of rows"
                if watermark
                else "no column tells when a row changed"
            )
        reasons.append(f"every run reads about {table.rows:,} rows, {_size(table.size)}")
        if slow := large_snapshot(table, name):
            warnings.append(slow)
    plain = table.name if in_schema is None else f"{in_schema}_{table.name}"
    chosen = local_name(TableConfig(), in_schema, table.name)
    if chosen in used:
        chosen = generated_name(name, MAX_NAME_BYTES)
    if chosen != plain:
        settings["as"] = chosen
    if problem := _refusal(table, settings):
        return Proposal(name, skipped=problem)
    used.add(chosen)
    return Proposal(name, settings, "; ".join(reasons), warnings=tuple(warnings))


def slow_watermark(table: TableProfile, watermark: str, name: str) -> str | None:
    """Say that a watermark has no index, if that is slow.

    Args:
        table: as its catalogue describes it.
        watermark: the column.
        name: of the table, as it is shown.
    """
    if watermark in table.indexed or table.rows <= _SCANNED_ROWS:
        return None
    return f"{name}.{watermark} has no index: every run scans {table.rows:,} rows"


def large_snapshot(table: TableProfile, name: str) -> str | None:
    """Say that a table is large, if reading all of it is slow.

    Args:
        table: as its catalogue describes it.
        name: of the table, as it is shown.
    """
    if table.size <= _LARGE_BYTES and table.rows <= _LARGE_ROWS:
        return None
    size = f"{table.rows:,} rows, {_size(table.size)}"
    return (
        f"{name} is large ({size}), and every run reads all of it. If rows are only inserted, a "
        "watermark can be a rising number"
    )


def _key(table: TableProfile) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that say what its rows are and what identifies them, and why."""
    settings: dict[str, Any] = {}
    reasons = ["primary key"]
    if not table.primary_key and table.unique_keys:
        key = min(table.unique_keys, key=len)
        settings["key"] = list(key) if len(key) > 1 else key[0]
        reasons = [f"no primary key; ({', '.join(key)}) is unique and never null"]
    elif not table.primary_key:
        settings["mode"] = "multiset"
        reasons = ["no primary key, nor a unique key that is NOT NULL: identical rows are counted"]
    if table.has_children:
        settings["inherit"] = "only"
        reasons.append("tables inherit from it, which are read as tables of their own")
    return settings, reasons


def _reason_to_skip(table: TableProfile) -> str | None:
    reasons = (
        (table.extension, f"it belongs to the extension {table.extension}"),
        (table.parent, f"its rows are read through {table.parent}"),
        (_BOOKKEEPING.fullmatch(table.name), "a framework records itself in it"),
        (not table.is_readable, "the reader may not read it: GRANT SELECT"),
        (table.hides_rows, "row security hides rows from the reader: ALTER ROLE ... BYPASSRLS"),
        (table.kind in ("v", "m"), "a view: to read it, name it here with its key"),
        (table.kind == "f", "a foreign table: make its own server a source"),
        (not table.columns, "it has no columns"),
    )
    return next((reason for applies, reason in reasons if applies), None)


def _watermark(table: TableProfile) -> ColumnProfile | None:
    """Find the column with the time of the last change, by name and type."""
    found = {
        re.sub(r"[^a-z]", "", column.name.lower()): column
        for column in reversed(table.columns)
        if re.sub(r"\(\d\)", "", column.type) in LOWER_BOUNDS and column.type != "date"
    }
    known = [found[name] for name in _WATERMARKS if name in found]
    return next((c for c in known if c.not_null), known[0] if known else None)


def _how_it_moves(table: TableProfile, watermark: str) -> str:
    if re.search(rf"\b{re.escape(watermark)}\b", table.trigger_code):
        return f"a trigger sets {watermark}"
    return (
        f"nothing in the database sets {watermark} on an update: the daily reconciliation finds "
        "what an application forgets"
    )


def _refusal(table: TableProfile, settings: Mapping[str, Any]) -> str | None:
    """Return why a deploy would refuse a table, by its own rules."""
    columns = {column.name: _column(column) for column in table.columns}
    described = Table(
        primary_key=list(table.primary_key), has_children=table.has_children, columns=columns
    )
    chosen = TableConfig.model_validate(settings)
    problems = problems_of_table("activity", chosen, described)
    found = [error.args for error in problems]
    return "; ".join(f"{problem}. {hint.rstrip('.')}" for problem, hint in found) or None


def _column(profile: ColumnProfile) -> Column:
    try:
        return Column(type=profile.type, not_null=profile.not_null)
    except ValidationError:  # an enumeration, a domain, a type of an extension
        return Column(type="text", not_null=profile.not_null, source_type=profile.type)


def _size(size: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.0f} {unit}"
    return f"{size} bytes"
