"""Names in a definition: what they may refer to, and what columns a source has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pglast import ast

from fdwarehouse.compiler.reasons import Unsupported
from fdwarehouse.compiler.tree import (
    Definition,
    Expr,
    Function,
    Item,
    Log,
    Node,
    Select,
    SetOperation,
    Source,
    Step,
    Table,
    Values,
    column_names,
)


@dataclass(frozen=True)
class Names:
    """What a name may refer to: aliases of each level, from the inside out, and CTEs."""

    scopes: tuple[Mapping[str, tuple[str, tuple[str, ...]]], ...] = ()
    ctes: Mapping[str, Cte] = field(default_factory=dict)

    def within(self, scope: Mapping[str, tuple[str, tuple[str, ...]]]) -> Names:
        return replace(self, scopes=(scope, *self.scopes))


@dataclass(frozen=True)
class Cte:
    query: ast.SelectStmt
    columns: tuple[str, ...]
    names: Names


@dataclass(frozen=True)
class FromClause:
    """Items of a FROM clause so far, with the conditions of its inner joins."""

    items: tuple[Item, ...] = ()
    conditions: tuple[Expr, ...] = ()
    scope: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


def conjuncts(condition: Expr | None) -> tuple[Expr, ...]:
    """Split a condition into those that it joins with AND."""
    match condition:
        case None:
            return ()
        case Node(tag="BoolExpr") if condition.get("boolop") == "AND_EXPR":
            return tuple(part for arg in condition.get("args") for part in conjuncts(arg))
        case Node(tag="A_Const") if condition == TRUE:
            return ()
        case _:
            return (condition,)


TRUE = Node("A_Const", (("val", Node("Boolean", (("boolval", True),))),))


def output_name(target: Any) -> str:
    if target.name is not None:
        return str(target.name)
    if isinstance(target.val, ast.ColumnRef) and isinstance(target.val.fields[-1], ast.String):
        return str(target.val.fields[-1].sval)
    return "column"


def source_columns(source: Source) -> tuple[str, ...]:
    """Return the names of the columns that an item has."""
    match source:
        case Table() | Log():
            return source.relation.column_names
        case Function() | Definition():
            return source.columns
        case Step():
            return column_names(source.block)
        case _:
            return column_names(source)


def renamed(source: Any, names: Iterable[Any]) -> Any:
    """Give the columns of a block other names, from the first on."""
    new = tuple(n if isinstance(n, str) else n.sval for n in names)
    match source:
        case _ if not new:
            return source
        case SetOperation():
            return replace(source, left=renamed(source.left, new))
        case Values():
            return replace(source, columns=new + source.columns[len(new) :])
        case Select():
            renamed = tuple(replace(o, name=n) for o, n in zip(source.outputs, new, strict=False))
            return replace(source, outputs=renamed + source.outputs[len(new) :])
        case _:
            raise Unsupported("column aliases of a table")
