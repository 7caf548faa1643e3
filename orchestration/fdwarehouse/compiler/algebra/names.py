"""Names in a definition: what they can refer to, and the columns of a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pglast import ast

from fdwarehouse.compiler.algebra.builders import operation
from fdwarehouse.compiler.algebra.reasons import Unsupported
from fdwarehouse.compiler.algebra.tree import (
    Column,
    Definition,
    Expr,
    Function,
    Item,
    Log,
    Node,
    Output,
    Select,
    SetOperation,
    Source,
    Step,
    Table,
    Values,
    column_names,
)

RESERVED_ALIASES = frozenset({"k", "t", "d", "w", "s"})
"""Aliases that the compiler uses itself."""


@dataclass(frozen=True)
class Names:
    """What a name can refer to: aliases of each level, from the inside out, and CTEs."""

    scopes: tuple[Mapping[str, tuple[str, tuple[str, ...]]], ...] = ()
    ctes: Mapping[str, Cte] = field(default_factory=dict)

    def within(self, scope: Mapping[str, tuple[str, tuple[str, ...]]]) -> Names:
        """Return what names may refer to within a FROM clause."""
        return replace(self, scopes=(scope, *self.scopes))


@dataclass(frozen=True)
class Cte:
    """A CTE: its query, the names given to its columns, and what names mean in it."""

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


def output_names(targets: Iterable[Any]) -> list[str]:
    """Return the names of the columns of a SELECT list, each once.

    If several columns have one name, it cannot be referred to.
    """
    names: list[str] = []
    for target in targets:
        first, number = _output_name(target), 1
        name = first
        while name in names:
            number += 1
            name = f"{first}_{number}"
        names.append(name)
    return names


def _output_name(target: Any) -> str:
    if target.name is not None:
        return str(target.name)
    last = (target.val.fields or ())[-1] if isinstance(target.val, ast.ColumnRef) else None
    return str(last.sval) if isinstance(last, ast.String) else "column"


def alias_of(part: Any) -> tuple[str, tuple[str, ...]]:
    """Return the alias of an item of FROM, and the aliases of its columns."""
    alias = part.alias
    if alias is None:
        return str(part.relname), ()
    return str(alias.aliasname), tuple(c.sval for c in alias.colnames or ())


def result_value(name: Any, outputs: tuple[Output, ...]) -> Expr | None:
    """Return the expression that ORDER BY refers to by the name or number of a result column."""
    match name:
        case ast.ColumnRef(fields=(ast.String(sval=column),)):
            return next((o.value for o in outputs if o.name == column), None)
        case ast.A_Const(val=ast.Integer(ival=number)):
            return outputs[(number or 0) - 1].value
        case _:
            return None


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


def renamed(source: Any, new: tuple[str, ...]) -> Any:
    """Rename the columns of a block, from the first on."""
    match source:
        case _ if not new:
            return source
        case SetOperation():
            return replace(source, left=renamed(source.left, new))
        case Values():
            return replace(source, columns=new + source.columns[len(new) :])
        case Select():
            first = tuple(replace(o, name=n) for o, n in zip(source.outputs, new, strict=False))
            return replace(source, outputs=first + source.outputs[len(new) :])
        case _:
            raise Unsupported("column aliases of a table")


def equal_columns(
    names: Iterable[str], clause: FromClause, before: FromClause, after: FromClause
) -> tuple[Expr, ...]:
    """Return the conditions of JOIN ... USING.

    Args:
        names: the columns.
        clause: FROM without either side of the join.
        before: with the left side.
        after: with both.
    """

    def find(name: str, aliases: Iterable[str]) -> Column:
        known = [after.scope[a] for a in aliases]
        return next(Column(alias, name) for alias, columns in known if name in columns)

    left = [a for a in before.scope if a not in clause.scope]
    right = [a for a in after.scope if a not in before.scope]
    return tuple(operation("=", find(n, left), find(n, right)) for n in names)
