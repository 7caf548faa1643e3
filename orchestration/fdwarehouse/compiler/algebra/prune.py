"""Removes run columns that `SELECT *` adds and no query reads: change logs do not have them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from fdwarehouse.compiler.algebra.catalog import RUN_ID
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Item,
    Select,
    SetOperation,
    Values,
    column_names,
    columns_in,
    rewrite,
)


def without_runs(block: Block) -> Block:
    """Remove run columns from derived tables where nothing outside refers to them."""
    while True:
        pruned = _pruned(block)
        if pruned == block:
            return block
        block = pruned


def _pruned(block: Block) -> Block:
    read = columns_in(block)

    def change(part: object) -> object:
        if not isinstance(part, Item) or not isinstance(part.source, (Select, SetOperation)):
            return None
        names = column_names(part.source)
        unread = {n for n, name in enumerate(names) if Column(part.alias, name) not in read}
        dropped = {n for n in unread if _is_run(part.source, n)}
        if not dropped or len(dropped) == len(names):
            return None
        return replace(part, source=rewrite(_without(part.source, dropped), change))

    return rewrite(block, change)  # type: ignore[no-any-return]


def _is_run(block: Block, position: int) -> bool:
    """Return whether a column is the run of a row, and does not affect which rows exist."""
    match block:
        case Select():
            value = block.outputs[position].value
            is_run = isinstance(value, Column) and value.name == RUN_ID
            return is_run and not block.is_distinct and value not in block.groups
        case SetOperation(operator="UNION", is_all=True):
            return _is_run(block.left, position) and _is_run(block.right, position)
        case _:
            return False


def _without(block: Block, positions: Collection[int]) -> Block:
    match block:
        case Select():
            kept = tuple(o for n, o in enumerate(block.outputs) if n not in positions)
            return replace(block, outputs=kept)
        case SetOperation():
            left, right = _without(block.left, positions), _without(block.right, positions)
            return replace(block, left=left, right=right)
        case Values():
            return block
