"""Lineage and star: the data that the browser draws, and the star as Mermaid text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fdwarehouse.database.observation.everything import Observation
from fdwarehouse.site.addresses import table_page
from fdwarehouse.site.formats import short_type

COLUMNS_IN_STAR = 14
"""Columns of a table in the diagram; keys and references first."""


def lineage(seen: Observation) -> dict[str, Any]:
    """Describe the graph of tables and of columns, by numbers, so that it is small.

    Args:
        seen: the warehouse.

    Returns:
        ``tables``: name, layer, file of the page (empty for tables of production), description,
        columns. ``edges``: [from, to]. ``columns``: [from, its column, to, its column, kind], with
        kind 1 for direct.
    """
    described = {table.name: table for table in seen.described.tables}
    names = list(described)
    names += sorted({read for _, read in seen.described.reads} - {*names})
    own = {name: [row["column_name"] for row in seen.columns.get(name, [])] for name in names}
    for origin in seen.described.origins:
        for table, column in (
            (origin.table, origin.column),
            (origin.from_table, origin.from_column),
        ):
            if column not in own.setdefault(table, []):
                own[table].append(column)
    number = {name: n for n, name in enumerate(names)}
    places = {name: {column: n for n, column in enumerate(own[name])} for name in names}
    return {
        "tables": [
            {
                "name": name,
                "layer": described[name].layer if name in described else "source",
                "page": table_page(name) if name in described else "",
                "text": described[name].description if name in described else "",
                "columns": own[name],
            }
            for name in names
        ],
        "edges": sorted(
            [number[read], number[table]]
            for table, read in seen.described.reads
            if table in number and table != read
        ),
        "columns": [
            [
                number[o.from_table],
                places[o.from_table][o.from_column],
                number[o.table],
                places[o.table][o.column],
                int(o.kind == "direct"),
            ]
            for o in seen.described.origins
            if o.table in number and o.from_table in number
        ],
    }


def star(seen: Observation) -> dict[str, Any]:
    """Describe the tables of gold that refer to one another.

    Args:
        seen: the warehouse.

    Returns:
        ``tables`` with their columns (name, type, and mark: key, reference or nothing), ``edges``
        as [from table, column, to table], ``others``: the tables without references.
    """
    gold = {table.name: table for table in seen.described.tables if table.layer == "gold"}
    edges = sorted({*_references(seen, gold)})
    linked = {name for table, _, to in edges for name in (table, to)}
    shown = []
    for name in (name for name in gold if name in linked):
        marks = {column: "reference" for table, column, _ in edges if table == name}
        marks |= dict.fromkeys(_referenced(seen, name) or gold[name].key, "key")
        columns = [
            {
                "name": row["column_name"],
                "type": short_type(row["type"]),
                "mark": marks.get(row["column_name"]),
            }
            for row in seen.columns[name]
            if not row["column_name"].startswith("_")
        ]
        columns.sort(key=lambda c: ("key", "reference", None).index(c["mark"]))
        shown.append(
            {
                "name": name,
                "page": table_page(name),
                "kind": gold[name].kind,
                "columns": columns[:COLUMNS_IN_STAR],
                "more": max(0, len(columns) - COLUMNS_IN_STAR),
                "all": columns,
            }
        )
    return {
        "tables": shown,
        "edges": [list(edge) for edge in edges],
        "others": [name for name in gold if name not in linked],
    }


def mermaid(described: dict[str, Any]) -> str:
    """Write a star as an entity-relationship diagram of Mermaid.

    Args:
        described: what `star` returned.
    """
    lines = ["erDiagram"]
    marks = {"key": " PK", "reference": " FK"}
    for table in described["tables"]:
        lines.append(f"    {_entity(table['name'])} {{")
        for column in table["all"]:
            kind = re.sub(r"[^A-Za-z0-9_]+", "_", column["type"]).strip("_") or "type"
            lines.append(
                f"        {kind} {_word(column['name'])}{marks.get(column['mark'] or '', '')}"
            )
        lines.append("    }")
    lines += [
        f"    {_entity(to)} ||--o{{ {_entity(table)} : {_quoted(column)}"
        for table, column, to in described["edges"]
    ]
    return "\n".join(lines) + "\n"


def _references(seen: Observation, gold: Any) -> Iterator[tuple[str, str, str]]:
    for key in seen.foreign_keys:
        if key["table_name"] in gold and key["references_table"] in gold:
            yield key["table_name"], key["column_name"], key["references_table"]
    for table in gold.values():
        for column in table.columns.values():
            if column.references_table in gold:
                yield table.name, column.name, column.references_table


def _referenced(seen: Observation, table: str) -> list[str]:
    """Return the columns of a table that foreign keys refer to: its surrogate key."""
    return sorted(
        {key["references_column"] for key in seen.foreign_keys if key["references_table"] == table}
    )


def _entity(table: str) -> str:
    name = table.partition(".")[2]
    return name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else _quoted(name)


def _quoted(text: str) -> str:
    return '"' + text.strip('"').replace('"', "'") + '"'


def _word(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return plain if re.match("[A-Za-z_]", plain) else f"_{plain}"
