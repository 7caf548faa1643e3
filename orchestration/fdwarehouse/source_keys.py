"""Whether a view over bronze gives its rows the key that they have in the source."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fdwarehouse.compiled import code_of
from fdwarehouse.identifiers import ident
from fdwarehouse.source_tables import SourceTable
from fdwarehouse.sources import Source

# What the macro bronze.metadata writes, until it is known which table the view reads.
SOURCE_KEY_HERE = "ARRAY[source_key_here]"

# One to one, whatever the values are.
_CASTS = "bigint|integer|text|character varying|varchar"


def with_source_key(sql: str, sources: Iterable[Source]) -> str:
    """Put the key of the one table of bronze that is read where a view asks for it.

    Args:
        sql: a file of the project, rendered.
        sources: whose tables bronze has.
    """
    if SOURCE_KEY_HERE not in sql:
        return sql
    table = _table_read(sql, sources)
    columns = ", ".join(f"{ident(c)}::text" for c in table.key) if table else ""
    return sql.replace(SOURCE_KEY_HERE, f"ARRAY[{columns}]::text[]")


def key_is_computed(text: str, key: Iterable[str], sources: Iterable[Source]) -> bool:
    """Tell whether a view computes the key of its rows, or takes over the source's.

    What is not plainly a column of the source's key counts as computed: that is right, and costs
    more.

    Args:
        text: the view's file, as it is written.
        key: key columns of the view.
        sources: whose tables bronze has.
    """
    table = _table_read(text, sources)
    if table is None or "bronze.metadata(" not in text:
        return False
    return {_source_column(text, column) for column in key} != set(table.key)


def _table_read(text: str, sources: Iterable[Source]) -> SourceTable | None:
    tables = {table.raw_table: table for source in sources for table in source.tables}
    names = set(re.findall(r'\bbronze\.(?:"(?:[^"]|"")+"|\w+)', code_of(text))) & set(tables)
    return tables[names.pop()] if len(names) == 1 else None


def _source_column(text: str, column: str) -> str | None:
    """Name the column of bronze that a column is, perhaps renamed; None for an expression."""
    code, name = code_of(text), re.escape(ident(column))
    named = re.findall(rf"\bAS\s+{name}(?![\w\"])", code, re.IGNORECASE)
    renamed = re.findall(
        rf"(?:\bSELECT|,)\s*(?:\w+\.)?(\w+|\"[^\"]+\")(?:::(?:{_CASTS}))?\s+AS\s+{name}(?![\w\"])",
        code,
        re.IGNORECASE,
    )
    if not named:
        return column
    return renamed[0].strip('"') if len(named) == len(renamed) == 1 else None
