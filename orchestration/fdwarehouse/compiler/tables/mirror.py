"""The mirror of a source in silver: a table that no file of the project builds, as it is there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

import yaml

from fdwarehouse.compiler.tables.definition import Definition, read_definition
from fdwarehouse.compiler.tables.table import TAKEN
from fdwarehouse.compiler.tables.versions import ADDED
from fdwarehouse.identifiers import ident, qualified
from fdwarehouse.project.source_tables import SourceTable
from fdwarehouse.project.sources import Source


def mirrored(sources: Iterable[Source], read: Collection[str]) -> Iterator[Definition]:
    """Define the tables of silver that mirror sources.

    Args:
        sources: of the project.
        read: tables of bronze that files of silver read, quoted; these are not mirrored.

    Raises:
        FdwarehouseError: a name is too long.
    """
    for source in sources:
        for table in source.tables:
            if table.is_mirrored and table.raw_table not in read:
                path = f"sql/silver/{table.local_name}.sql"
                text = definition_of(source.name, table)
                yield replace(read_definition(path, text), is_generated=True)


def definition_of(source_name: str, table: SourceTable) -> str:
    """Write the file of a table of silver that has all columns of a table of a source.

    Args:
        source_name: name of the source.
        table: its table.

    Returns:
        The text: a header and a SELECT, as a user would begin it.
    """
    own = [c.name for c in table.contract_columns]
    names = {name: _renamed(name, own) for name in own}
    for name in table.columns[len(own) :]:  # of a multiset
        alias = name.removeprefix("_")
        names[name] = f"row_{alias}" if alias in names.values() else alias
    of_source = qualified(source_name, table.local_name)
    header: dict[str, object] = {
        "description": " ".join(
            part
            for part in (f"The latest version of each row of {of_source}.", table.comment)
            if part
        ),
        "grain": f"one row of {of_source}",
        "key": [names[name] for name in table.key],
    }
    comments = {c.name: c.comment for c in table.contract_columns if c.comment}
    if comments:
        header["columns"] = {
            names[name]: {"description": comment} for name, comment in comments.items()
        }
    text = yaml.safe_dump(
        header, sort_keys=False, allow_unicode=True, width=96, default_flow_style=None
    )
    selected = ",\n".join(
        f"    {ident(name)}" if name == alias else f"    {ident(name)} AS {ident(alias)}"
        for name, alias in names.items()
    )
    # A name of production must not end the header.
    return f"/*\n{text.replace('*/', '* /')}*/\nSELECT\n{selected}\nFROM {table.raw_table}\n"


def _renamed(name: str, columns: Collection[str]) -> str:
    """Rename a column that the engine has its own of: is_deleted becomes source_is_deleted."""
    if name not in (*TAKEN, *ADDED) and not name.startswith("_"):
        return name
    renamed = f"source_{name.lstrip('_')}"
    while renamed in columns:
        renamed = f"source_{renamed}"
    return renamed
