"""Describes a project as rows of the catalogue tables in `etl`, written as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from fdwarehouse.identifiers import unused_tag
from fdwarehouse.project.checks import Check
from fdwarehouse.project.sources import Source
from fdwarehouse.project.sql_files import SqlFile
from fdwarehouse.rendering.steps import Model, Partitions

Row = Mapping[str, object]
"""A row by column; None is NULL."""


def rows_of_project(
    sources: Sequence[Source],
    models: Sequence[Model],
    checks: Sequence[Check],
    partitions: Partitions,
) -> Mapping[str, Sequence[Row]]:
    """Describe a project.

    Args:
        sources: of the project.
        models: the steps, in the order in which they run.
        checks: of the project.
        partitions: how tables are partitioned by a date, by table.

    Returns:
        The rows of each table of the catalogue, by the table's name.
    """
    return {
        "etl.sources": [
            {
                "source_name": source.name,
                "source_system": source.source_system,
                "fence": source.fence,
                "lookback": source.lookback,
                "overlap": source.overlap,
                "warn_after": source.warn_after,
                "fresh_within": source.fresh_within,
                "on_error": source.on_error,
                "time_zone": source.time_zone,
                "contract_time_zone": source.local_time_zone,
            }
            for source in sources
        ],
        "etl.source_columns": [
            {
                "source_name": source.name,
                "table_name": table.name,
                "column_name": column.name,
                "type": column.type,
                "source_type": column.source_type,
                "key_position": column.key_position,
                "is_watermark": (
                    column.name == table.watermark and not table.is_watermark_nullable
                ),
                "mask": column.mask,
            }
            for source in sources
            for table in source.tables
            for column in table.watched_columns
        ],
        "etl.range_partitions": [
            {
                "table_name": table,
                "every": choice.every,
                "dates_table": choice.dates_table,
                "dates_column": choice.dates_column,
            }
            for table, choice in partitions.items()
        ],
        "etl.pipeline_steps": [
            {
                "model": model.model,
                "layer": model.layer,
                "table_name": model.table_name,
                "source_name": model.source_name,
                "writer": model.writer,
                "loads_chunks": model.loads_chunks,
                "interval_between": model.interval_between,
                "checksum": model.checksum,
                "position": position,
                "reads": model.reads,
                "is_derived": model.is_derived,
                "retention": model.retention,
            }
            for position, model in enumerate(models, start=1)
        ],
        "etl.checks": [
            {
                "check_name": check.name,
                "layer": check.layer,
                "severity": check.severity,
                "scope": check.scope,
                "description": check.description,
                "reads": check.reads,
                "is_incremental": check.is_incremental,
            }
            for check in checks
        ],
    }


def rows_of_files(files: Iterable[SqlFile]) -> Sequence[Row]:
    """Describe the files of a deploy, as rows of `etl.deployed_objects`."""
    return [{"object_name": file.name, "checksum": file.checksum} for file in files]


def json_literal(rows: Sequence[Row] | Mapping[str, Sequence[Row]]) -> str:
    """Write rows, or those of several tables, as JSON in dollar quotes: one line per row.

    Args:
        rows: of one table, or by table.
    """
    if isinstance(rows, Mapping):
        tables = [f"    {_json(table)}: {_array(of_it, '    ')}" for table, of_it in rows.items()]
        text = "\n".join(["{", ",\n".join(tables), "}"])
    else:
        text = _array(rows, "")
    quotes = unused_tag("json", text)
    return f"{quotes}{text}{quotes}"


def _array(rows: Iterable[Row], indent: str) -> str:
    present = ({name: value for name, value in row.items() if value is not None} for row in rows)
    lines = [f"{indent}    {_json(row)}" for row in present]
    return "\n".join(["[", ",\n".join(lines), f"{indent}]"]) if lines else "[]"


def _json(value: object) -> str:
    """Write readable JSON: letters of all languages unchanged, unprintable characters escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
