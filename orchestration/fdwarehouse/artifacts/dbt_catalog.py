"""dbt's catalog.json, version 1: the tables as they are in the databases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fdwarehouse.artifacts.dbt import Names
from fdwarehouse.artifacts.naming import Relation
from fdwarehouse.artifacts.observed import Observed
from fdwarehouse.database.json_rows import Row


def catalog(observed: Observed) -> dict[str, Any]:
    """Describe the tables and columns of a warehouse, with estimated numbers of rows.

    Args:
        observed: the warehouse.
    """
    names = Names(observed)
    raw = {f: t for t, f in observed.described.reads if f in names.sources}
    return {
        "metadata": names.metadata("catalog", 1),
        "nodes": {
            id_: _entry(
                id_,
                observed.relation(table),
                observed.columns[table],
                observed.relations.get(table, {}),
            )
            for table, id_ in names.models.items()
        },
        "sources": {
            id_: _entry(
                id_,
                observed.sources[table],
                [
                    column
                    for column in observed.columns.get(raw.get(table, ""), [])
                    if not column["column_name"].startswith("_")
                ],
                {},
            )
            for table, id_ in names.sources.items()
        },
        "errors": None,
    }


def _entry(id_: str, relation: Relation, columns: Iterable[Row], known: Row) -> dict[str, Any]:
    rows = known.get("rows")
    stats = {
        "has_stats": _statistic("has_stats", "Has stats?", value=rows is not None, shown=False)
    }
    if rows is not None:
        stats["num_rows"] = _statistic("num_rows", "Rows (estimated)", value=float(rows))
    return {
        "unique_id": id_,
        "metadata": {
            "type": "VIEW" if known.get("is_view") else "BASE TABLE",
            "schema": relation.schema,
            "name": relation.name,
            "database": relation.place.database,
            "comment": known.get("comment"),
            "owner": None,
        },
        "columns": {
            column["column_name"]: {
                "type": column["type"],
                "index": number,
                "name": column["column_name"],
                "comment": column["comment"],
            }
            for number, column in enumerate(columns, start=1)
        },
        "stats": stats,
    }


def _statistic(id_: str, label: str, *, value: float | bool, shown: bool = True) -> dict[str, Any]:
    return {"id": id_, "label": label, "value": value, "include": shown, "description": label}
