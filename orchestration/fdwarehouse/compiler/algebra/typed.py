"""Adds casts to the types in a header to the columns of a SELECT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pglast import ast
from pglast.parser import ParseError, Token, scan

from fdwarehouse.compiler.algebra.parse import parse
from fdwarehouse.identifiers import ident

_OPENS, _CLOSES = ("ASCII_40", "ASCII_91"), ("ASCII_41", "ASCII_93")
_ENDS = frozenset(
    (
        *("ASCII_44", "AS", "FROM", "WHERE", "GROUP_P", "HAVING", "WINDOW", "ORDER", "LIMIT"),
        *("OFFSET", "FETCH", "FOR", "UNION", "EXCEPT", "INTERSECT"),
    )
)
# After IS DISTINCT FROM and WITHIN GROUP, an expression continues.
_GOES_ON = {("DISTINCT", "FROM"), ("WITHIN", "GROUP_P")}


def with_types(select: str, types: Mapping[str, str]) -> str:
    """Cast columns of a SELECT, without changing its lines.

    Args:
        select: as written.
        types: by the name of a column.

    Raises:
        KeyError: a column is not written out; its name.
        ValueError: a type is invalid; the column's name.
    """
    for name, kind in types.items():
        _require_type(name, kind)
    leaves = list(_leaves(parse(select)))
    names = [_name_of(target) for target in _columns(leaves[0])]
    if any(_is_whole(leaf) for leaf in leaves):
        raise KeyError(next(iter(types)))
    if missing := [name for name in types if name not in names]:
        raise KeyError(missing[0])
    tokens = [t for t in scan(select) if t.name not in ("SQL_COMMENT", "C_COMMENT")]
    edits: list[tuple[int, int, str]] = []
    for number, name in enumerate(names):
        if name in types:
            edits += [
                (*_expression(tokens, _columns(leaf)[number]), _label(leaf, number, name, types))
                for leaf in leaves
            ]
    for begins, ends, label in sorted(edits, reverse=True):
        select = f"{select[:begins]}({select[begins:ends]}){label}{select[ends:]}"
    return select


def _require_type(name: str, kind: str) -> None:
    try:
        target = parse(f"SELECT NULL::{kind}").targetList
        (column,) = target
    except (ParseError, ValueError) as error:
        raise ValueError(name) from error
    if column.name or not isinstance(column.val, ast.TypeCast):
        raise ValueError(name)


def _leaves(statement: Any) -> Iterator[ast.SelectStmt]:
    if statement.larg:
        yield from _leaves(statement.larg)
        yield from _leaves(statement.rarg)
    else:
        yield statement


def _columns(leaf: ast.SelectStmt) -> tuple[ast.ResTarget, ...]:
    return tuple(leaf.targetList or ())


def _is_whole(leaf: ast.SelectStmt) -> bool:
    """Return whether the columns are not written out: VALUES, or a star."""
    ends = [_last_field(target) for target in _columns(leaf)]
    return not ends or any(isinstance(end, ast.A_Star) for end in ends)


def _name_of(target: ast.ResTarget) -> str:
    last = _last_field(target)
    return str(target.name or (last.sval if isinstance(last, ast.String) else ""))


def _last_field(target: ast.ResTarget) -> ast.Node | None:
    """Return the last part of a reference to a column: its name, or a star."""
    fields = target.val.fields if isinstance(target.val, ast.ColumnRef) else None
    return fields[-1] if fields else None


def _label(leaf: ast.SelectStmt, number: int, name: str, types: Mapping[str, str]) -> str:
    """Return the text after the expression: the cast, and a name if it has none."""
    has_name = _columns(leaf)[number].name is not None
    return f"::{types[name]}" + ("" if has_name else f" AS {ident(name)}")


def _expression(tokens: Sequence[Token], target: ast.ResTarget) -> tuple[int, int]:
    """Return where the expression of a column begins and ends."""
    first = next(n for n, token in enumerate(tokens) if token.start >= (target.location or 0))
    depth, last = 0, first
    end = len(tokens)
    for number in range(first, len(tokens)):
        name, before = tokens[number].name, tokens[number - 1].name
        is_end = name in _ENDS or name in _CLOSES
        if depth == 0 and is_end and (before, name) not in _GOES_ON:
            end = number
            break
        depth += (name in _OPENS) - (name in _CLOSES)
        last = number
    has_as = end < len(tokens) and tokens[end].name == "AS"
    if target.name and not has_as:
        last -= 1  # a name without AS
    return tokens[first].start, tokens[last].end + 1
