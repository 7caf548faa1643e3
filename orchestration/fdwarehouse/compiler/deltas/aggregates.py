"""Aggregates whose state can be maintained by adding new values and subtracting old ones.

Only exact aggregates are: a sum of doubles depends on the order of its rows, and a minimum of equal
values that look different (numeric of any scale, intervals) can be either. Those are computed from
their rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fdwarehouse.compiler.algebra.builders import case_when, cast, nullif, operation, row
from fdwarehouse.compiler.algebra.reasons import Construct, Unsupported
from fdwarehouse.compiler.algebra.tree import Column, Expr, Literal, Node, Output, Select
from fdwarehouse.compiler.deltas.exactness import fixed_scale
from fdwarehouse.compiler.deltas.shape import can_be_null

_INTEGERS = {"smallint", "integer", "bigint"}
_SMALL = {"smallint", "integer"}
_ROWS = "_rows"
"""The number of rows, in the state of every group."""
_ORDERED = re.compile(
    r"^(smallint|integer|bigint|text|character varying(\(\d+\))?|date"
    r"|timestamp(\(\d\))? with(out)? time zone|time(\(\d\))? without time zone)$"
)


@dataclass(frozen=True)
class StateColumn:
    """A column of the state of a group, as SQL.

    Attributes:
        name: of the column.
        full: computed from all rows `r` of the group.
        deltas: name and SQL over the images `i` of changed rows, which have a `sign`.
        new: computed from the old state `t`, null for a new group, and the deltas `d`.
        risk: condition under which these do not suffice, and the group is computed from its rows.
    """

    name: str
    full: str
    deltas: tuple[tuple[str, str], ...]
    new: str
    risk: str | None = None


@dataclass(frozen=True)
class Distinct:
    """A count of distinct values, which are looked up.

    Attributes:
        name: of the column of the state.
        value: name of the values among the arguments.
        condition: name of the condition of FILTER among them; None without one.
    """

    name: str
    value: str
    condition: str | None


class Aggregates:
    """Collects the state that the aggregates of a SELECT need, each part once.

    Args:
        select: has a GROUP BY.
        types: type of each argument, by its name; see `arguments_of`.
        arguments: what is aggregated, and the conditions of FILTER.
    """

    def __init__(
        self, select: Select, arguments: tuple[Output, ...], types: dict[str, str]
    ) -> None:
        self._select = select
        self._names = {a.value: a.name for a in arguments}
        self._types = types
        self._nullable = {a.name for a in arguments if can_be_null(select, a.value)}
        self._columns: dict[tuple[str, ...], StateColumn] = {}
        self._distincts: dict[tuple[str, ...], Distinct] = {}

    @property
    def columns(self) -> tuple[StateColumn, ...]:
        """The columns of the state, in the order of first use."""
        return tuple(self._columns.values())

    @property
    def distincts(self) -> tuple[Distinct, ...]:
        """Those of them that count distinct values."""
        return tuple(self._distincts.values())

    def value_of(self, call: Node) -> Expr:
        """Return the value of an aggregate over the state `s`, and add the columns that it needs.

        Raises:
            Unsupported: it is not exact.
        """
        name = function_of(call)
        if call.get("agg_order") or call.get("agg_within_group") or call.get("func_variadic"):
            raise Unsupported(f"{name}() with an order", Construct.AGGREGATE)
        condition = self._names[call.get("agg_filter")] if call.get("agg_filter") else None
        if call.get("agg_star"):
            return Column("s", self._count(None, condition))
        value = self._names[argument_of(call)]
        if call.get("agg_distinct"):
            return Column("s", self._count_distinct(name, value, condition))
        match name:
            case "count":
                return Column("s", self._count(value, condition))
            case "sum" | "avg":
                return self._sum(name, value, condition)
            case "min" | "max":
                return Column("s", self._extreme(name, value, condition))
            case "bool_or" | "bool_and" | "every":
                total, true = self._count(value, condition), self._true(value, condition)
                bound = Literal(0) if name == "bool_or" else Column("s", total)
                test = operation(">" if name == "bool_or" else "=", Column("s", true), bound)
                return _where_any(total, test)
            case _:
                raise Unsupported(f"{name}() is not counted", Construct.AGGREGATE)

    def _add(self, column: StateColumn, *known_by: str | None) -> str:
        key = tuple(str(part) for part in known_by)
        return self._columns.setdefault(key, column).name

    def _numbered(self, kind: str) -> str:
        return f"{kind}_{len(self._columns) + 1}"

    def _count(self, value: str | None, condition: str | None) -> str:
        value = value if value in self._nullable else None
        if value is None and condition is None:
            return _ROWS
        name = self._numbered("count")
        full = f"count({f'r.{value}' if value else '*'}){_filter('r', condition)}"
        known = f"i.{value} IS NOT NULL" if value else None
        return self._add(
            StateColumn(name, full, ((name, _net(known, condition)),), _added(name)),
            *("count", value, condition),
        )

    def _true(self, value: str, condition: str | None) -> str:
        name = self._numbered("true")
        full = f"count(*){_filter('r', value, condition)}"
        return self._add(
            StateColumn(name, full, ((name, _net(f"i.{value}", condition)),), _added(name)),
            *("true", value, condition),
        )

    def _sum(self, function: str, value: str, condition: str | None) -> Expr:
        kind = self._types[value]
        if kind not in _INTEGERS and not self._is_exact_numeric(value):
            raise Unsupported(f"{function}() of {kind} is not exact", Construct.AGGREGATE)
        name = self._numbered("sum")
        risk = None
        if kind not in _INTEGERS:
            # NaN and infinity stay in a sum, whatever is subtracted.
            risk = f"({_added(name)}) * 0 <> 0"
        # The least integer cannot be negated; the type of a sum differs from that of its values.
        wider = {"integer": "::bigint", "bigint": "::numeric"}.get(kind, "")
        back = "::bigint" if kind == "integer" else ""
        delta = f"coalesce(sum(i.sign{wider} * i.{value}){_filter('i', condition)}, 0){back}"
        total = self._add(
            StateColumn(
                name,
                f"coalesce(sum(r.{value}){_filter('r', condition)}, 0)",
                ((name, delta),),
                _added(name),
                risk,
            ),
            *("sum", value, condition),
        )
        count = self._count(value, condition)
        if function == "avg":
            rows = nullif(Column("s", count), Literal(0))
            return operation("/", cast(Column("s", total), "numeric"), rows)
        return _where_any(count, Column("s", total))

    def _extreme(self, function: str, value: str, condition: str | None) -> str:
        kind = self._types[value]
        if not _ORDERED.match(kind) and not self._is_exact_numeric(value):
            raise Unsupported(f"{function}() of {kind} is not exact", Construct.AGGREGATE)
        name = self._numbered(function)
        pick, further = ("least", "<") if function == "min" else ("greatest", ">")
        came, went = f"{name}_came", f"{name}_went"
        return self._add(
            StateColumn(
                name,
                f"{function}(r.{value}){_filter('r', condition)}",
                (
                    (came, f"{function}(i.{value}){_filter('i', 'sign > 0', condition)}"),
                    (went, f"{function}(i.{value}){_filter('i', 'sign < 0', condition)}"),
                ),
                f"{pick}(t.{name}, d.{came})",
                f"d.{went} {further}= t.{name} AND (d.{came} {further}= d.{went}) IS NOT TRUE",
            ),
            *(function, value, condition),
        )

    def _count_distinct(self, function: str, value: str, condition: str | None) -> str:
        if function != "count":
            raise Unsupported(f"{function}(DISTINCT)", Construct.AGGREGATE)
        name = self._numbered("distinct")
        column = StateColumn(
            name,
            f"count(DISTINCT r.{value}){_filter('r', condition)}",
            (),
            f"coalesce(t.{name}, 0) + coalesce(v.{name}, 0)",
        )
        key = ("distinct", value, str(condition))
        if key not in self._columns:
            self._columns[key] = column
            self._distincts[key] = Distinct(name, value, condition)
        return self._columns[key].name

    def _is_exact_numeric(self, value: str) -> bool:
        if self._types[value].startswith("numeric("):
            return True
        expression = next(e for e, name in self._names.items() if name == value)
        is_fixed = fixed_scale(self._select, expression) is not None
        return self._types[value] == "numeric" and is_fixed


def function_of(call: Node) -> str:
    """Return the name of a function of pg_catalog; that of another has its schema."""
    return ".".join(
        part.get("sval") for part in call.get("funcname") if part.get("sval") != "pg_catalog"
    )


def argument_of(call: Node) -> Expr:
    """Return the argument of an aggregate; several arguments form a row.

    Raises:
        Unsupported: several arguments that are not counted as rows.
    """
    arguments = tuple(call.get("args") or ())
    if len(arguments) != 1 or (isinstance(arguments[0], Node) and arguments[0].tag == "RowExpr"):
        raise Unsupported(f"{function_of(call)}() of several arguments", Construct.AGGREGATE)
    return row(*arguments)


def _filter(alias: str, *conditions: str | None) -> str:
    known = [f"{alias}.{c}" for c in conditions if c]
    return f" FILTER (WHERE {' AND '.join(known)})" if known else ""


def _net(test: str | None, condition: str | None) -> str:
    tests = [t for t in (test, condition and f"i.{condition}") if t]
    where = f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""
    return f"coalesce(sum(i.sign){where}, 0)"


def _added(name: str) -> str:
    return f"coalesce(t.{name}, 0) + d.{name}"


def _where_any(count: str, value: Expr) -> Expr:
    """Write a value that is null if no rows are counted."""
    if count == _ROWS:
        return value  # groups without rows are omitted
    return case_when(operation(">", Column("s", count), Literal(0)), value)
