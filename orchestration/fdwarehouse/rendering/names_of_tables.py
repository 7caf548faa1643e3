"""The names of a project's tables, from its files alone: fast enough for a DAG."""

from __future__ import annotations

import re
from pathlib import Path

from fdwarehouse.compiler.tables.definition import Definition, is_definition, read_definition
from fdwarehouse.project.config import load_config
from fdwarehouse.project.contract import load_contract
from fdwarehouse.project.sources import make_sources

_WRITER = "write_"


def names_of_tables(root: Path) -> dict[str, list[str]]:
    """List the tables that a run reads and writes: of each source, and of each layer.

    Views are left out: nothing writes them.

    Args:
        root: the project's folder.

    Returns:
        Names without schema, by schema. That of a source has its foreign tables.

    Raises:
        FdwarehouseError: configuration, contract or a header is wrong.
    """
    config = load_config(root)
    sources = make_sources(config, {name: load_contract(root, name) for name in config.sources})
    files = {
        (layer, path.stem): path.read_text(encoding="utf-8")
        for layer in ("silver", "gold")
        for path in sorted((root / "sql" / layer).glob("*.sql"))
    }
    selects = {
        name: read_definition(f"sql/{name[0]}/{name[1]}.sql", text)
        for name, text in files.items()
        if is_definition(text)
    }
    found = {source.name: [t.local_name for t in source.tables] for source in sources}
    found["bronze"] = [t.raw_name for source in sources for t in source.tables]
    found |= {
        layer: [
            table
            for (of, stem), text in files.items()
            if of == layer and (table := _table_of(stem, selects.get((of, stem)))) is not None
        ]
        for layer in ("silver", "gold")
    }
    read = _read_by_silver(files, selects)
    found["silver"] += [
        t.local_name for s in sources for t in s.tables if t.is_mirrored and t.raw_name not in read
    ]
    return {schema: sorted(tables) for schema, tables in found.items()}


def _table_of(stem: str, select: Definition | None) -> str | None:
    """Return the table that a file writes; None if it is a view or a routine."""
    if select is not None:
        return None if select.header.kind == "view" else stem
    return stem.removeprefix(_WRITER) if stem.startswith(_WRITER) else None


def _read_by_silver(
    files: dict[tuple[str, str], str], selects: dict[tuple[str, str], Definition]
) -> set[str]:
    """List the tables of bronze that files of silver read."""
    read = {
        table for select in selects.values() for schema, table in select.reads if schema == "bronze"
    }
    for name, text in files.items():
        if name[0] == "silver" and name not in selects:
            read |= set(re.findall(r"\bbronze\.\"?(\w+)", text))
    return read
