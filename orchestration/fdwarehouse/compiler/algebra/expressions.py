"""Prints expressions in the project's style: types and functions lower case, casts as `::`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pglast.stream import RawStream

from fdwarehouse.compiler.algebra.layout import WIDTH, function_ident, indent, wrapped
from fdwarehouse.compiler.algebra.thaw import thawed
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Expr,
    Link,
    Literal,
    Node,
    Parameter,
    Subquery,
)
from fdwarehouse.compiler.algebra.type_names import type_name
from fdwarehouse.compiler.algebra.windows import window_parts
from fdwarehouse.identifiers import ident, literal

BlockText = Callable[[Block], str]

_COMPARISONS = {"=", "<>", "<", ">", "<=", ">="}
_PLAIN_SYNTAX = {"timezone", "btrim", "ltrim", "rtrim"}
_TESTS = {"IS_NULL": "IS NULL", "IS_NOT_NULL": "IS NOT NULL"}
_WORDS = {"DISTINCT": "IS DISTINCT FROM", "NOT_DISTINCT": "IS NOT DISTINCT FROM"}


class ExpressionText:
    """Prints expressions; subqueries are printed by the caller's function for blocks.

    Args:
        block_text: writes a block.
    """

    def __init__(self, block_text: BlockText) -> None:
        self.block_text = block_text

    def __call__(self, value: Any) -> str:
        """Write one expression."""
        match value:
            case Column(name="*"):
                return f"{ident(value.alias)}.*"
            case Column():
                return f"{ident(value.alias)}.{ident(value.name)}"
            case Parameter():
                return value.name
            case Literal():
                return str(value.value).lower()
            case Subquery():
                return self._subquery(value)
            case Node():
                method = getattr(self, f"_{value.tag.lower()}", None)
                return str(method(value)) if method else self._other(value)
        raise TypeError(f"{value!r} is not an expression")

    def listed(self, values: Any) -> list[str]:
        """Write several expressions."""
        return [self(v) for v in values or ()]

    def _operand(self, value: Expr) -> str:
        """Write an expression, in parentheses if operators around it could bind to its parts."""
        text = self(value)
        is_bare = isinstance(value, (Column, Parameter, Literal)) or (
            isinstance(value, Subquery) and value.link in (Link.SCALAR, Link.ARRAY, Link.EXISTS)
        )
        if isinstance(value, Node):
            is_bare = value.tag in {
                *("FuncCall", "Aggregate", "WindowCall", "CoalesceExpr", "MinMaxExpr", "TypeCast"),
                *("A_ArrayExpr", "RowExpr", "SQLValueFunction", "CaseExpr"),
            } or (value.tag == "A_Const" and not text.startswith("-"))
            is_bare = is_bare or value.get("kind") == "AEXPR_NULLIF"
        return text if is_bare else f"({text})"

    def _around(self, opening: str, parts: list[str], closing: str) -> str:
        flat = f"{opening}{', '.join(parts)}{closing}"
        if len(flat) <= WIDTH and "\n" not in flat:
            return flat
        return f"{opening}\n{indent(wrapped(parts))}\n{closing}"

    def _subquery(self, value: Subquery) -> str:
        inner = self.block_text(value.block)
        text = f"({inner})" if "\n" not in inner else f"(\n{indent(inner)}\n)"
        match value.link:
            case Link.EXISTS:
                return f"EXISTS {text}"
            case Link.SCALAR:
                return text
            case Link.ARRAY:
                return f"array{text}"
            case Link.ANY if value.operator == "=":
                test = self._operand(value.test)  # type: ignore[arg-type]
                if "\n" not in text and len(test) + len(text) + 4 > WIDTH:
                    text = f"(\n{indent(inner)}\n)"
                return f"{test} IN {text}"
            case _:
                test = self._operand(value.test)  # type: ignore[arg-type]
                return f"{test} {value.operator} {value.link.value}{text}"

    def _a_const(self, node: Node) -> str:
        if node.get("isnull"):
            return "NULL"
        value: Node = node.get("val")
        match value.tag:
            case "Boolean":
                return str(bool(value.get("boolval"))).lower()
            case "Integer":
                return str(value.get("ival") or 0)
            case "Float":
                return str(value.get("fval"))
            case "String":
                return literal(value.get("sval") or "")
            case _:
                return self._other(node)

    def _typecast(self, node: Node) -> str:
        return f"{self._operand(node.get('arg'))}::{self._type(node.get('typeName'))}"

    def _type(self, node: Node) -> str:
        name = type_name([n.get("sval") for n in node.get("names")])
        modifiers = node.get("typmods") or ()
        if name == "interval" and modifiers:
            return str(RawStream()(thawed(node)))
        suffix = "[]" * len(node.get("arrayBounds") or ())
        return name + (f"({', '.join(self.listed(modifiers))})" if modifiers else "") + suffix

    def _a_expr(self, node: Node) -> str:
        kind = node.get("kind").removeprefix("AEXPR_")
        left, right = node.get("lexpr"), node.get("rexpr")
        if kind == "NULLIF":
            return f"nullif({self(left)}, {self(right)})"
        if kind in ("OP_ANY", "OP_ALL"):
            word = kind.removeprefix("OP_")
            return f"{self._operand(left)} {self._operator(node)} {word}({self(right)})"
        if kind in _WORDS:
            return f"{self._operand(left)} {_WORDS[kind]} {self._operand(right)}"
        if kind != "OP":
            return self._other(node)
        operator = self._operator(node)
        if left is None:
            return f"{operator} {self._operand(right)}"
        # Comparisons bind less than all other operators.
        side = self._compared if operator in _COMPARISONS else self._operand
        flat = f"{side(left)} {operator} {side(right)}"
        return flat if len(flat) <= WIDTH else f"{side(left)}\n{operator} {side(right)}"

    def _compared(self, value: Expr) -> str:
        is_operation = (
            isinstance(value, Node)
            and value.tag == "A_Expr"
            and value.get("kind") == "AEXPR_OP"
            and value.get("lexpr") is not None
            and value.operator not in {*_COMPARISONS, None}
        )
        return self(value) if is_operation else self._operand(value)

    def _operator(self, node: Node) -> str:
        parts = [n.get("sval") for n in node.get("name")]
        if len(parts) == 1:
            return str(parts[0])
        return f"OPERATOR({'.'.join([*(ident(p) for p in parts[:-1]), parts[-1]])})"

    def _boolexpr(self, node: Node) -> str:
        parts = node.get("args")
        if node.get("boolop") == "NOT_EXPR":
            return f"NOT {self._operand(parts[0])}"
        word = "AND" if node.get("boolop") == "AND_EXPR" else "OR"
        texts = [
            f"({self(p)})"
            if isinstance(p, Node) and p.tag == "BoolExpr" and p.get("boolop") != "NOT_EXPR"
            else self(p)
            for p in parts
        ]
        flat = f" {word} ".join(texts)
        return flat if len(flat) <= WIDTH - 10 else f"\n{word} ".join(texts)

    def _nulltest(self, node: Node) -> str:
        return f"{self._operand(node.get('arg'))} {_TESTS[node.get('nulltesttype')]}"

    def _booleantest(self, node: Node) -> str:
        return f"{self._operand(node.get('arg'))} {node.get('booltesttype').replace('_', ' ')}"

    def _coalesceexpr(self, node: Node) -> str:
        return self._around("coalesce(", self.listed(node.get("args")), ")")

    def _minmaxexpr(self, node: Node) -> str:
        name = "greatest" if node.get("op") == "IS_GREATEST" else "least"
        return self._around(f"{name}(", self.listed(node.get("args")), ")")

    def _a_arrayexpr(self, node: Node) -> str:
        return self._around("ARRAY[", self.listed(node.get("elements")), "]")

    def _rowexpr(self, node: Node) -> str:
        values = self.listed(node.get("args"))
        return self._around("(" if len(values) > 1 else "row(", values, ")")

    def _sqlvaluefunction(self, node: Node) -> str:
        return self._other(node)

    def _caseexpr(self, node: Node) -> str:
        subject = f" {self(node.get('arg'))}" if node.get("arg") is not None else ""
        lines = [
            f"WHEN {self(when.get('expr'))} THEN {self(when.get('result'))}"
            for when in node.get("args")
        ]
        if node.get("defresult") is not None:
            lines.append(f"ELSE {self(node.get('defresult'))}")
        flat = f"CASE{subject} {' '.join(lines)} END"
        if len(flat) <= WIDTH and "\n" not in flat:
            return flat
        return "\n".join([f"CASE{subject}", indent("\n".join(lines)), "END"])

    def _funccall(self, node: Node) -> str:
        parts = [n.get("sval") for n in node.get("funcname")]
        is_syntax = node.get("funcformat") == "COERCE_SQL_SYNTAX"
        arguments = list(node.get("args") or ())
        if is_syntax and parts == ["pg_catalog", "extract"]:
            unit = arguments[0].get("val").get("sval")
            return f"extract({unit.upper()} FROM {self(arguments[1])})"
        if parts[0] == "pg_catalog" and (not is_syntax or parts[1] in _PLAIN_SYNTAX):
            parts = parts[1:]
        name = ".".join(
            ident(p) if n < len(parts) - 1 else function_ident(p) for n, p in enumerate(parts)
        )
        return self._call(name, node, arguments)

    _aggregate = _funccall
    _windowcall = _funccall
    _setcall = _funccall

    def _call(self, name: str, node: Node, arguments: list[Any]) -> str:
        values = ["*"] if node.get("agg_star") else self.listed(arguments)
        if node.get("func_variadic"):
            values[-1] = f"VARIADIC {values[-1]}"
        ordered = ", ".join(self.listed(node.get("agg_order")))
        is_within = node.get("agg_within_group")
        if ordered and not is_within and values:
            values[-1] += f" ORDER BY {ordered}"
        opening = f"{name}(DISTINCT " if node.get("agg_distinct") else f"{name}("
        text = self._around(opening, values, ")")
        if is_within:
            text += f" WITHIN GROUP (ORDER BY {ordered})"
        if node.get("agg_filter") is not None:
            condition = self(node.get("agg_filter"))
            flat = f"{text} FILTER (WHERE {condition})"
            is_long = len(flat) > WIDTH or "\n" in flat
            text += (
                f" FILTER (\n    WHERE {condition}\n)"
                if is_long
                else f" FILTER (WHERE {condition})"
            )
        if node.get("over") is not None:
            over: Node = node.get("over")
            parts = window_parts(self, over)
            flat = f"{text} OVER ({' '.join(parts)})"
            if over.get("name"):
                text += f" OVER {ident(over.get('name'))}"
            elif len(flat) <= WIDTH - 12:
                text = flat
            else:
                text += " OVER (\n" + indent("\n".join(parts)) + "\n)"
        return text

    def _namedargexpr(self, node: Node) -> str:
        return f"{ident(node.get('name'))} => {self(node.get('arg'))}"

    def _collateclause(self, node: Node) -> str:
        names = ".".join(ident(n.get("sval")) for n in node.get("collname"))
        return f"{self._operand(node.get('arg'))} COLLATE {names}"

    def _sortby(self, node: Node) -> str:
        direction = {"SORTBY_DESC": " DESC", "SORTBY_ASC": " ASC"}.get(node.get("sortby_dir"), "")
        if node.get("sortby_dir") == "SORTBY_USING":
            return self._other(node)
        nulls = {"SORTBY_NULLS_FIRST": " NULLS FIRST", "SORTBY_NULLS_LAST": " NULLS LAST"}
        return self(node.get("node")) + direction + nulls.get(node.get("sortby_nulls"), "")

    def _other(self, node: Node) -> str:
        """Write any other node as pglast does, but subqueries in it as we do."""
        places: list[str] = []

        def place(subquery: Subquery) -> str:
            places.append(self(subquery))
            return f"subquery_{len(places)}__"

        text = str(RawStream()(thawed(node, place)))
        for number, inner in enumerate(places, start=1):
            text = text.replace(f"subquery_{number}__", inner)
        return text
