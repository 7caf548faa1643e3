"""Findings about the tables of a source: what its reader may see, and what is slow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from fdwarehouse.database.diagnosis.findings import Finding, State, failure, ok, warning
from fdwarehouse.database.diagnosis.server import Server
from fdwarehouse.database.profiling import profile
from fdwarehouse.project.chosen_columns import is_left_out, is_read
from fdwarehouse.project.chosen_tables import (
    Relation,
    is_pattern,
    known_as,
    settings_by_pattern,
    settings_of_relation,
)
from fdwarehouse.project.config import SourceConfig, TableConfig
from fdwarehouse.project.proposals import TableProfile, large_snapshot, slow_watermark
from fdwarehouse.rendering.source_errors import RIGHTS, ROW_SECURITY

# citext is read as text, with the same meaning of equality in keys.
_TYPES = """
    SELECT DISTINCT e.extname, n.nspname, c.relname, a.attname
    FROM pg_attribute AS a
    INNER JOIN pg_class AS c ON a.attrelid = c.oid
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN pg_type AS t ON a.atttypid = t.oid
    INNER JOIN pg_depend AS d
        ON d.classid = 'pg_type'::regclass AND d.deptype = 'e'
        AND d.objid IN (t.oid, t.typelem, t.typbasetype)
    INNER JOIN pg_extension AS e ON d.refobjid = e.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
        AND e.extname <> 'citext' AND n.nspname !~ '^pg_'
    ORDER BY 1, 2, 3, 4
"""


def diagnose_tables(server: Server, source: SourceConfig) -> Iterator[Finding]:
    """Look at the tables that ``warehouse.yaml`` names, in the catalogue of the source.

    Args:
        server: the source's.
        source: its configuration.
    """
    _, profiles = profile(server.url, None)
    chosen = _chosen(source, profiles)
    fine = 0
    for name, (table, settings) in chosen.items():
        shown = f"{server.name}.{name}"
        found = [_gone(shown)] if table is None else [*diagnose_table(shown, table, settings)]
        for finding in found:
            is_left_out = name not in source.tables and finding.state == State.error
            yield replace(finding, state=State.warning) if is_left_out else finding
        fine += not found
    if fine:
        yield ok("tables", server.name, f"{fine} of {len(chosen)} tables have no problem")


def diagnose_table(shown: str, table: TableProfile, settings: TableConfig) -> Iterator[Finding]:
    """Say what is wrong with a table, or slow.

    Args:
        shown: its name in the report.
        table: as the catalogue describes it.
        settings: of ``warehouse.yaml``.
    """
    names = [column.name for column in table.columns]
    if unreadable := [c for c in table.unreadable if is_read(settings, c, names)]:
        what = "it" if len(unreadable) == len(table.columns) else ", ".join(unreadable)
        yield failure("rights", shown, f"the reader may not read {what}", RIGHTS)
    elif table.hides_rows:
        yield failure(
            "row_security", shown, "row security hides rows from its reader", ROW_SECURITY
        )
    if settings.watermark is None:
        if slow := large_snapshot(table, table.name):
            yield warning("snapshot", shown, slow, "Name a watermark, if a column can be one.")
    elif slow := slow_watermark(table, settings.watermark, table.name):
        yield warning("watermark", shown, slow, f"CREATE INDEX ON ... ({settings.watermark}).")
    if table.is_never_analyzed:
        yield warning(
            "statistics",
            shown,
            "it has no statistics: its rows are fetched in batches of a guessed size",
            "ANALYZE it there, and deploy again.",
        )


def _chosen(
    source: SourceConfig, profiles: Iterable[TableProfile]
) -> dict[str, tuple[TableProfile | None, TableConfig]]:
    """Return each table that a name or a pattern takes, None if it is missing; and its settings."""
    known = {f"{table.schema}.{table.name}": table for table in profiles}
    known |= {known_as(source, table.schema, table.name): table for table in profiles}
    chosen = {
        n: (known.get(n), s) for n, s in source.tables.items() if n in known or not is_pattern(n)
    }
    named = {(table.schema, table.name) for table, _ in chosen.values() if table}
    for table in profiles:
        found = settings_by_pattern(source, table.schema, table.name)
        is_taken = table.kind in ("r", "p") and not table.parent and not table.extension
        if (table.schema, table.name) not in named and is_taken and found is not None:
            settings = found.for_columns({c.name: c for c in table.columns})
            chosen[known_as(source, table.schema, table.name)] = table, settings
    return chosen


def types_of_extensions(
    server: Server, source: SourceConfig, extensions: set[str] | None
) -> Iterator[Finding]:
    """Find columns whose types come from extensions that the warehouse does not have.

    Args:
        server: the source's.
        source: its configuration.
        extensions: those of the warehouse; None if they are unknown.
    """
    used: dict[str, list[str]] = defaultdict(list)
    for extension, schema, table, column in server.connection.execute(_TYPES):
        name = known_as(source, schema, table)
        settings = settings_of_relation(source, Relation(schema, table))
        if settings and not is_left_out(settings, column):
            used[extension].append(f"{name}.{column}")
    missing = {name: columns for name, columns in used.items() if name not in (extensions or ())}
    for name, columns in missing.items():
        yield warning(
            "types",
            server.name,
            f"{', '.join(columns)}: the types come from extension {name}, which the warehouse "
            "does not have; the values arrive as text",
            f"Where silver must compute with them: CREATE EXTENSION {name} in the warehouse, as an "
            "administrator, and a cast in silver.",
        )
    if not missing:
        yield ok("types", server.name, "no type comes from an extension that is missing here")


def _gone(shown: str) -> Finding:
    return failure(
        "gone",
        shown,
        "production has no such table, or its reader may not use its schema",
        "Fix schema or tables in warehouse.yaml, or create the table in production.",
    )
