"""Functional dependencies among a definition's columns: an order determines its customer."""

from __future__ import annotations

from fdwarehouse.compiler.algebra.catalog import Dependency
from fdwarehouse.compiler.algebra.tree import (
    Column,
    Expr,
    Item,
    Node,
    Select,
    Table,
    aliases_in,
    is_equality,
    sides,
)
from fdwarehouse.compiler.deltas import shape
from fdwarehouse.compiler.deltas.joins import plain_conditions


def dependencies(block: Select) -> tuple[Dependency, ...]:
    """Find the outputs that are determined by the row of one item.

    A sale has the number of its order, and the customer and the date of that order.

    Args:
        block: a definition.
    """
    if shape.is_grouped(block) or shape.has_partitions(block):
        return ()
    found = []
    for item in block.items:
        if not isinstance(item.source, Table) or not item.source.relation.primary_key:
            continue
        names = [
            _output_of(block, item, Column(item.alias, k)) for k in item.source.relation.primary_key
        ]
        own = {o.name for o in block.outputs if aliases_in(o.value) == {item.alias}}
        by = tuple(n for n in names if n)
        if len(by) == len(names) and own - set(by):
            found.append(Dependency(by, frozenset(own - set(by))))
    return tuple(found)


def _output_of(block: Select, item: Item, column: Column) -> str | None:
    """Return the output that has a column, or a column that an inner join equates with it."""
    equal: set[Expr] = {column}
    for condition in () if item.is_nullable else plain_conditions(block):
        if isinstance(condition, Node) and is_equality(condition):
            equal |= {other for mine, other in sides(condition) if mine == column}
    return next((o.name for o in block.outputs if o.value in equal), None)
