"""Which columns of a table are read, which are masked, and which only filter its rows."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from fdwarehouse.errors import suggestion
from fdwarehouse.project.config import TableConfig
from fdwarehouse.project.contract import Column, Table
from fdwarehouse.project.hashing import is_equal_in_several_forms

# Their values are constants here, so that production does not send them.
CONSTANT_MASKS = {"redact", "null"}
AGAIN = "If production has changed, run `fdwarehouse contract`; else fix warehouse.yaml."
_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^\W\d][\w$]*)""", re.DOTALL
)


@dataclass(frozen=True)
class SourceColumn:
    """A column of a foreign table."""

    name: str
    type: str
    """As usually written: ``numeric(10, 2)``."""
    source_type: str | None = None
    """Type in the source, if the warehouse does not know it."""
    key_position: int | None = None
    """Position in the key of the table, from 1."""
    mask: str | None = None
    """How its values are replaced while they are read."""
    comment: str | None = None
    """Its comment in the source."""


class UnfitError(Exception):
    """What is wrong with a table, and what to do: its two arguments."""


def columns_of_filter(where: str | None, columns: Container[str]) -> set[str]:
    """List the columns that a condition may read: every name in it that is one of a column.

    Args:
        where: an expression of SQL; None: no condition.
        columns: of the table.
    """
    tokens = _TOKEN.finditer(where or "")
    names = (
        t["plain"].lower() if t["plain"] else (t["quoted"] or "").replace('""', '"') for t in tokens
    )
    return {name for name in names if name in columns}


def take_columns(settings: TableConfig, table: Table, *, is_named: bool) -> Table:
    """Describe a table as its settings take it.

    Args:
        settings: of the table.
        table: all of it, as in production.
        is_named: whether the settings are of this table alone; those of a pattern may name columns
            that it does not have.

    Raises:
        UnfitError: a column that is named does not exist, or one that is needed is left out.
    """
    for setting in ("columns", "exclude", "mask"):
        for column in getattr(settings, setting):
            if is_named and column not in table.columns:
                meant = suggestion(column, table.columns)
                raise UnfitError(f"{setting}: production has no column {column}{meant}", AGAIN)
    taken = _taken(settings, table.columns)
    needed: dict[str, str] = {}
    if settings.mode != "multiset":
        needed |= dict.fromkeys(settings.key or table.primary_key, "of the key")
    if settings.watermark:
        needed[settings.watermark] = "the watermark"
    for column, role in needed.items():
        if column in table.columns and column not in taken:
            raise UnfitError(
                f"column {column} is {role}, and cannot be left out",
                "Take it; mask: {...: hash} hides the values of a key.",
            )
    filters = columns_of_filter(settings.where, table.columns)
    keys = {
        "primary_key": table.primary_key if all(c in taken for c in table.primary_key) else [],
        "unique_key": table.unique_key if all(c in taken for c in table.unique_key) else [],
    }
    columns = {
        name: column if name in taken else column.model_copy(update={"only_where": True})
        for name, column in table.columns.items()
        if name in taken or name in filters
    }
    return table.model_copy(update=keys | {"columns": columns})


def problems_of_columns(settings: TableConfig, table: Table) -> Iterator[UnfitError]:
    """Yield where the settings of a table and its contract differ, and masks that cannot be.

    Args:
        settings: of the table.
        table: its contract.
    """
    present = {name for name, column in table.columns.items() if not column.only_where}
    for column in settings.columns:
        if column not in present:
            meant = suggestion(column, present)
            yield UnfitError(f"columns: {column} is not in the contract{meant}", AGAIN)
    for column in present:
        if column not in _taken(settings, present):
            yield UnfitError(
                f"column {column} of the contract is left out by warehouse.yaml", AGAIN
            )
    key = settings.key or table.key
    for column, mask in settings.mask.items():
        if column not in present:
            meant = suggestion(column, present)
            yield UnfitError(f"mask: {column} is not in the contract{meant}", AGAIN)
        elif column == settings.watermark:
            yield UnfitError(f"watermark {column} cannot be masked", "Mask other columns.")
        elif column in key and mask != "hash":
            yield UnfitError(
                f"column {column} is of the key, and mask {mask} would make rows equal",
                "Mask it by hash.",
            )
        elif column in key and is_equal_in_several_forms(table.columns[column]):
            yield UnfitError(
                f"column {column} is of type {table.columns[column].type}, whose equal values have "
                "different hashes",
                "Name other columns as its key.",
            )


def stored_type(column: Column, mask: str | None) -> str:
    """Return the type that a column has in the warehouse.

    Args:
        column: as in the contract.
        mask: how it is masked; None: not.
    """
    return column.type if mask in (None, "null") else "text"


def mounted_columns(settings: TableConfig, columns: Mapping[str, Column]) -> dict[str, str]:
    """List the columns that are read from production, with the types in which they are read.

    Args:
        settings: of the table.
        columns: as in its contract.

    Returns:
        Types by name. A value that is masked is read as text, so that no error about it can show
        it, unless the condition reads it too.
    """
    filters = columns_of_filter(settings.where, columns)
    return {
        name: _written(
            column.type if name in filters else stored_type(column, settings.mask.get(name))
        )
        for name, column in columns.items()
        if name in filters or settings.mask.get(name) not in CONSTANT_MASKS
    }


def watched_columns(settings: TableConfig, table: Table) -> list[SourceColumn]:
    """List the columns of the contract, as it has them.

    Args:
        settings: of the table.
        table: its contract.
    """
    key = settings.key or table.key
    return [
        SourceColumn(
            n,
            _written(c.type),
            c.source_type,
            key.index(n) + 1 if n in key and key == table.primary_key else None,
            settings.mask.get(n),
            c.comment,
        )
        for n, c in table.columns.items()
    ]


def compared_columns(settings: TableConfig, key: Iterable[str], table: Table) -> dict[str, Column]:
    """List the columns in which a reconciliation compares rows; those of constants are equal.

    Args:
        settings: of the table.
        key: its key.
        table: its contract.
    """
    by_key = {*key, settings.watermark} if settings.reconcile.depth == "key" else table.columns
    return {
        name: column
        for name, column in table.columns.items()
        if name in by_key
        and not column.only_where
        and settings.mask.get(name) not in CONSTANT_MASKS
    }


def left_out(settings: TableConfig) -> list[str | None]:
    """List the columns of production that are not missed: a name each; None: any.

    Args:
        settings: of the table.
    """
    return [None] if settings.columns else list(settings.exclude)


def is_left_out(settings: TableConfig, column: str) -> bool:
    """Say whether a column of a table is not taken.

    Args:
        settings: of the table.
        column: its name.
    """
    return column not in _taken(settings, [column])


def is_read(settings: TableConfig, column: str, columns: Container[str]) -> bool:
    """Say whether a run reads a column of production; see `mounted_columns`.

    Args:
        settings: of the table.
        column: its name.
        columns: of the table.
    """
    return column in columns_of_filter(settings.where, columns) or not (
        is_left_out(settings, column) or settings.mask.get(column) in CONSTANT_MASKS
    )


def _written(type_: str) -> str:
    return re.sub(", *", ", ", type_)


def _taken(settings: TableConfig, columns: Iterable[str]) -> list[str]:
    chosen = settings.columns or columns
    return [c for c in columns if c in chosen and c not in settings.exclude]
