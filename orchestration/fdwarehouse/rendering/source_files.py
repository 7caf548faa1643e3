"""The files that a deploy creates for each source and each of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fdwarehouse.identifiers import file_name, qualified
from fdwarehouse.project.source_tables import SourceTable
from fdwarehouse.project.sources import Source
from fdwarehouse.project.sql_files import SqlFile
from fdwarehouse.rendering.project_templates import ProjectTemplates

_ROUTINES = (
    *("find_drift", "storage_now", "observe_storage", "require_same_storage"),
    *("read_fence", "discontinuity_in", "utc_offset", "unchanged_tables"),
)


def tables_of_sources(templates: ProjectTemplates, sources: Iterable[Source]) -> Iterator[SqlFile]:
    """Mount the sources and create their tables in bronze, in order of execution.

    Args:
        templates: of the project.
        sources: of the project.
    """
    for source in sources:
        yield from _tables_of_source(templates, source)


def routines_of_sources(
    templates: ProjectTemplates, sources: Iterable[Source]
) -> Iterator[SqlFile]:
    """Create the routines that read the sources.

    Args:
        templates: of the project.
        sources: of the project.
    """
    for source in sources:
        for routine in _ROUTINES:
            creates = qualified(source.name, routine)
            yield templates.compile(f"per_source/{routine}.sql", creates, source=source)
        if source.numbered_tables:
            observe_numbers = qualified(source.name, "observe_numbers")
            yield templates.compile(
                "per_source/observe_numbers.sql",
                observe_numbers,
                source=source,
                tables=source.numbered_tables,
            )
        if in_chunks := [table for table in source.tables if table.watermark]:
            plan_chunks = qualified(source.name, "plan_chunks")
            yield templates.compile(
                "per_source/plan_chunks.sql", plan_chunks, source=source, tables=in_chunks
            )
        for table in source.tables:
            yield from _routines_of_table(templates, source, table)


def _routines_of_table(
    templates: ProjectTemplates, source: Source, table: SourceTable
) -> Iterator[SqlFile]:
    if table.mounted_table != table.foreign_table:
        view = templates.compile(
            "per_table/source_view.sql", table.foreign_table, source=source, table=table
        )
        yield replace(view, origin=f"warehouse.yaml: where or mask of {table.foreign_table}")
    appends = qualified("bronze", f"append_{table.raw_name}")
    yield templates.compile("per_table/append.sql", appends, source=source, table=table)
    if not table.is_multiset:
        erases = qualified("bronze", f"erase_{table.raw_name}")
        yield templates.compile("per_table/erase.sql", erases, source=source, table=table)
    if table.is_hashed:
        yield templates.compile("per_table/bucket.sql", table.bucket_function, table=table)
    if table.is_hashed or table.hashes_unstamped:
        yield templates.compile("per_table/row_hash.sql", table.hash_function, table=table)
    if table.reconcile_every:
        reconciles = qualified("bronze", f"reconcile_{table.raw_name}")
        yield templates.compile("per_table/reconcile.sql", reconciles, table=table, appends=appends)


def _tables_of_source(templates: ProjectTemplates, source: Source) -> Iterator[SqlFile]:
    def script(kind: str, suffix: str = "") -> SqlFile:
        file = templates.compile(f"per_source/{kind}.sql", source=source)
        return replace(file, name=f"{source.name}{suffix}.sql")

    yield script("server")
    require_session = qualified(source.name, "require_session")
    yield templates.compile("per_source/require_session.sql", require_session, source=source)
    yield script("catalogue", "_catalogue")
    yield script("probe", "_probe")
    yield templates.compile(
        "per_source/tables.sql", qualified(source.name, "_tables"), source=source
    )
    yield script("fetch_sizes", "_fetch_sizes")
    yield templates.compile(
        "per_source/columns.sql",
        qualified(source.name, "_columns"),
        source=source,
        tables=[(table.name, table.schema_name, table.table_name) for table in source.tables],
    )
    for table in source.tables:
        raw_table = templates.compile("per_table/raw_table.sql", source=source, table=table)
        yield replace(raw_table, name=file_name(table.model))
