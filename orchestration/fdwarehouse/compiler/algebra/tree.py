"""An immutable tree of SQL: blocks of relational algebra over expressions of PostgreSQL.

Expressions are PostgreSQL's own parse nodes, frozen: no kind of expression needs a class of its
own. Blocks are ours: a SELECT is a list of the items of its FROM, each joined to those before it,
and one list of conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias

from fdwarehouse.compiler.algebra.catalog import Relation


@dataclass(frozen=True)
class Node:
    """A parse node: the name of PostgreSQL's struct, and its fields that are set."""

    tag: str
    fields: tuple[tuple[str, Any], ...] = ()

    def get(self, name: str) -> Any:
        """Return the value of a field; None where it is not set."""
        return next((value for key, value in self.fields if key == name), None)

    @property
    def operator(self) -> str | None:
        """The operator of an A_Expr of pg_catalog; None for a qualified one."""
        name: tuple[Node, ...] = self.get("name") or ()
        return str(name[0].get("sval")) if len(name) == 1 else None


STAR = "*"
"""The name that the compiler uses for all columns of an item."""


@dataclass(frozen=True)
class Column:
    """A column of an item."""

    alias: str
    name: str


@dataclass(frozen=True)
class Parameter:
    """A parameter of the writer."""

    name: str


@dataclass(frozen=True)
class Literal:
    """An integer, or true, as the compiler writes it."""

    value: int | bool


class Link(Enum):
    """How a subquery is used in an expression."""

    EXISTS = "EXISTS"
    ANY = "ANY"
    ALL = "ALL"
    SCALAR = "SCALAR"
    ARRAY = "ARRAY"


@dataclass(frozen=True)
class Subquery:
    """A subquery in an expression."""

    link: Link
    block: Block
    test: Expr | None = None
    operator: str = "="


Expr: TypeAlias = "Node | Column | Parameter | Literal | Subquery"


@dataclass(frozen=True)
class Table:
    """All rows of a table."""

    relation: Relation


@dataclass(frozen=True)
class Log:
    """The change log of a table."""

    relation: Relation


@dataclass(frozen=True)
class Step:
    """A named block that others read: a CTE of the statement."""

    name: str
    comment: str
    block: Block
    is_materialized: bool = True

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Steps read steps: hashing each only once keeps the tree's hash linear."""
        return hash((self.name, self.block, self.is_materialized))


@dataclass(frozen=True)
class Function:
    """A function in FROM."""

    node: Node
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Definition:
    """The view with the definition of the table that is written."""

    qualified: str
    columns: tuple[str, ...]


Source: TypeAlias = "Table | Log | Step | Function | Definition | Block"


@dataclass(frozen=True)
class Item:
    """An item of FROM.

    `is_nullable`: it is on the nullable side of an outer join, whose condition is `on`.
    """

    alias: str
    source: Source
    is_nullable: bool = False
    on: tuple[Expr, ...] = ()
    is_lateral: bool = False


@dataclass(frozen=True)
class Output:
    """A column of a block's result."""

    name: str
    value: Expr


@dataclass(frozen=True)
class Select:
    """One SELECT; `conditions` are those of WHERE and of inner joins."""

    outputs: tuple[Output, ...]
    items: tuple[Item, ...] = ()
    conditions: tuple[Expr, ...] = ()
    groups: tuple[Expr, ...] = ()
    having: tuple[Expr, ...] = ()
    windows: tuple[Node, ...] = ()
    is_distinct: bool = False
    distinct_on: tuple[Expr, ...] = ()
    order_by: tuple[Node, ...] = ()
    limit: Expr | None = None
    offset: Expr | None = None
    has_ties: bool = False
    comment: str = ""

    def item(self, alias: str) -> Item:
        """Find an item by its alias."""
        return next(i for i in self.items if i.alias == alias)

    @property
    def aliases(self) -> frozenset[str]:
        """Aliases of the items."""
        return frozenset(i.alias for i in self.items)

    def output(self, name: str) -> Expr:
        """Return the expression of a column of the result."""
        return next(o.value for o in self.outputs if o.name == name)


@dataclass(frozen=True)
class SetOperation:
    """UNION, INTERSECT or EXCEPT."""

    operator: str
    is_all: bool
    left: Block
    right: Block


@dataclass(frozen=True)
class Values:
    """VALUES."""

    rows: tuple[tuple[Expr, ...], ...]
    columns: tuple[str, ...]


Block: TypeAlias = "Select | SetOperation | Values"

# Steps, tables and logs are leaves: their parts do not belong to the block that reads them.
_INNER = (Node, Subquery, Item, Output, Select, SetOperation, Values, Function)


def walk(value: Any) -> Iterator[Any]:
    """Yield a value and all its parts, from the outside in."""
    if isinstance(value, tuple):
        for part in value:
            yield from walk(part)
        return
    yield value
    if isinstance(value, _INNER):
        for name in (f.name for f in fields(value)):
            yield from walk(getattr(value, name))


def walk_level(value: Any) -> Iterator[Any]:
    """Like `walk`, but without the parts of subqueries, except their tests."""
    if isinstance(value, tuple):
        for part in value:
            yield from walk_level(part)
        return
    yield value
    if isinstance(value, Subquery):
        yield from walk_level(value.test)
    elif isinstance(value, (Node, Output)):
        for name in (f.name for f in fields(value)):
            yield from walk_level(getattr(value, name))


def rewrite(value: Any, change: Callable[[Any], Any]) -> Any:
    """Rebuild a value from the outside in.

    Args:
        value: a block, an expression, or a tuple of such.
        change: returns the replacement of a part, or None to visit its parts.
    """
    if isinstance(value, tuple):
        return tuple(rewrite(part, change) for part in value)
    if not isinstance(value, (*_INNER, Column)):
        return value
    changed = change(value)
    if changed is not None or isinstance(value, Column):
        return value if changed is None else changed
    names = [f.name for f in fields(value)]
    return replace(value, **{name: rewrite(getattr(value, name), change) for name in names})


def columns_in(value: Any) -> frozenset[Column]:
    """Return the columns that a value refers to, within subqueries too."""
    return frozenset(part for part in walk(value) if isinstance(part, Column))


def aliases_in(value: Any) -> frozenset[str]:
    """Return the aliases that a value refers to, within subqueries too."""
    return frozenset(column.alias for column in columns_in(value))


def subqueries_in(value: Any) -> tuple[Subquery, ...]:
    """Return the outermost subqueries of a value."""
    return tuple(part for part in walk_level(value) if isinstance(part, Subquery))


def column_names(block: Block) -> tuple[str, ...]:
    """Return the names of the columns of a block's result."""
    match block:
        case SetOperation():
            return column_names(block.left)
        case Values():
            return block.columns
        case Select():
            return tuple(o.name for o in block.outputs)


def is_equality(value: Any) -> bool:
    """Return whether an expression is `left = right`, with the operator of pg_catalog."""
    return (
        isinstance(value, Node)
        and value.tag == "A_Expr"
        and value.get("kind") == "AEXPR_OP"
        and value.operator == "="
        and value.get("lexpr") is not None
    )


def sides(equality: Node) -> tuple[tuple[Expr, Expr], tuple[Expr, Expr]]:
    """Return both orders of an equality: (left, right) and (right, left)."""
    left, right = equality.get("lexpr"), equality.get("rexpr")
    return (left, right), (right, left)
