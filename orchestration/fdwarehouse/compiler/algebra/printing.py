"""Prints blocks: steps and derived tables become CTEs, in topological order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pglast.stream import RawStream

from fdwarehouse.compiler.algebra.builders import TURNED, operation
from fdwarehouse.compiler.algebra.expressions import ExpressionText
from fdwarehouse.compiler.algebra.layout import WIDTH, indent, selected, wrapped
from fdwarehouse.compiler.algebra.thaw import thawed
from fdwarehouse.compiler.algebra.tree import (
    Block,
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
    Step,
    Table,
    Values,
    aliases_in,
    columns_in,
    walk,
)
from fdwarehouse.compiler.algebra.windows import window_parts
from fdwarehouse.identifiers import ident, qualified, shortened

_TAKEN = frozenset(
    (
        *("affected_keys", "expected_rows", "present_rows", "written_rows", "duplicate_keys"),
        *("logged_images", "forgotten_images"),
        *("all_rows", "changed_rows", "images", "deltas", "new_states", "states"),
        *("changed_values", "value_counts", "distinct_deltas"),
        *("written_states", "removed_states", "vanished_states"),
    )
)
"""Names of CTEs of the templates in mechanics/per_select."""
_STEPS = frozenset(("affected_keys", "expected_rows", "changed_rows"))
"""Those of them that are compiled steps."""
SHORT = 72
"""A SELECT of one table that is not longer is written on one line."""


@dataclass(frozen=True)
class Cte:
    """One CTE of a statement."""

    name: str
    comment: str
    body: str
    is_step: bool
    """A step is computed once; a derived table is inlined into its reader."""


class Printer:
    """Writes blocks, and keeps the CTEs that they read.

    Args:
        elsewhere: steps that are computed elsewhere, with what returns their rows.
    """

    def __init__(self, elsewhere: Mapping[Step, Block] | None = None) -> None:
        self._elsewhere = elsewhere or {}
        self.expression = ExpressionText(self.block)
        self.ctes: list[Cte] = []
        self._names: dict[Step, str] = {}
        self._readers: Counter[str] = Counter()

    def with_clause(self) -> list[str]:
        """Return each CTE as text."""
        return [self._cte(c) for c in self.ctes]

    def _cte(self, cte: Cte) -> str:
        readers = self._readers[cte.name]
        # PostgreSQL materializes a CTE that is read twice, and inlines one that is read once.
        word = "MATERIALIZED " if cte.is_step and readers == 1 else ""
        word = "NOT MATERIALIZED " if not cte.is_step and readers > 1 else word
        comment = f"-- {cte.comment}\n" if cte.comment else ""
        return f"{ident(cte.name)} AS {word}(\n{indent(comment + cte.body)}\n)"

    def read(self, step: Step) -> str:
        """Return the name of a step's CTE, after adding it and all that it reads."""
        if step not in self._names:
            body = self.block(self._elsewhere.get(step, step.block))
            ours = _TAKEN - _STEPS if step.is_materialized else _TAKEN
            taken = {*self._names.values(), *ours}
            name, number = shortened(step.name), 1
            while name in taken:
                number += 1
                name = shortened(step.name, f"_{number}")
            self._names[step] = name
            comment = "" if step in self._elsewhere else step.comment
            self.ctes.append(Cte(name, comment, body, step.is_materialized))
        self._readers[self._names[step]] += 1
        return self._names[step]

    def block(self, block: Block) -> str:
        """Write a block."""
        match block:
            case Values():
                rows = [f"({', '.join(self.expression.listed(r))})" for r in block.rows]
                text, names = f"VALUES\n{wrapped(rows, 1)}", block.columns
                if names == tuple(f"column{n + 1}" for n in range(len(names))):
                    return text
                listed = ", ".join(ident(c) for c in names)
                return f"SELECT *\nFROM (\n{indent(text)}\n) AS v ({listed})"
            case SetOperation():
                return self._set_operation(block)
            case Select():
                return self._select(block)

    def _set_operation(self, block: SetOperation) -> str:
        word = block.operator + (" ALL" if block.is_all else "")
        left, right = self.block(block.left), self.block(block.right)
        # Operators of one precedence bind to the left; INTERSECT binds more.
        left_alike = isinstance(block.left, SetOperation) and block.left.operator != "INTERSECT"
        if isinstance(block.left, SetOperation) and left_alike and block.operator == "INTERSECT":
            left = f"(\n{indent(left)}\n)"
        if _has_order(block.left):
            left = f"(\n{indent(left)}\n)"
        if isinstance(block.right, SetOperation) or _has_order(block.right):
            right = f"(\n{indent(right)}\n)"
        return f"{left}\n{word}\n{right}"

    def _select(self, select: Select) -> str:
        outputs = [self.output(o) for o in select.outputs]
        head = "SELECT"
        if select.is_distinct:
            head += " DISTINCT"
        if select.distinct_on:
            head += f" DISTINCT ON ({', '.join(self.expression.listed(select.distinct_on))})"
        lines = selected(outputs, head).split("\n") if outputs else [head]
        from_lines, rest = self._from(select)
        if from_lines and not outputs:
            lines, from_lines = [f"SELECT {from_lines[0]}"], from_lines[1:]
        lines += from_lines
        lines += self._where("WHERE", rest)
        if select.groups:
            lines += self._listed("GROUP BY", self.expression.listed(select.groups))
        lines += self._where("HAVING", select.having)
        for number, window in enumerate(select.windows, start=1):
            parts = indent("\n".join(window_parts(self.expression, window)))
            text = f"{ident(window.get('name'))} AS (\n{parts}\n)"
            comma = "," if number < len(select.windows) else ""
            lines += [*(["WINDOW"] if number == 1 else []), indent(text + comma)]
        if select.order_by:
            lines += self._listed("ORDER BY", self.expression.listed(select.order_by))
        if select.limit is not None:
            count = self.expression(select.limit)
            lines.append(
                f"FETCH FIRST ({count}) ROWS WITH TIES" if select.has_ties else f"LIMIT {count}"
            )
        if select.offset is not None:
            lines.append(f"OFFSET {self.expression(select.offset)}")
        comment = f"-- {select.comment}\n" if select.comment else ""
        flat = " ".join(line.strip() for line in lines)
        is_short = len(flat) <= SHORT and len(select.items) == 1 and "\n" not in "".join(lines)
        return comment + (flat if is_short else "\n".join(lines))

    def _listed(self, word: str, texts: list[str]) -> list[str]:
        flat = f"{word} {', '.join(texts)}"
        if len(flat) <= WIDTH and "\n" not in flat:
            return [flat]
        return [word, indent(wrapped(texts))]

    def _where(self, word: str, conditions: tuple[Expr, ...]) -> list[str]:
        if not conditions:
            return []
        texts = self._conditions(conditions)
        flat = f"{word} {' AND '.join(texts)}"
        if len(texts) <= 3 and len(flat) <= WIDTH and "\n" not in flat:
            return [flat]
        return [word, indent("\nAND ".join(texts))]

    def _conditions(self, conditions: tuple[Expr, ...]) -> list[str]:
        return [
            f"({self.expression(c)})"
            if isinstance(c, Node) and c.tag == "BoolExpr" and c.get("boolop") == "OR_EXPR"
            else self.expression(c)
            for c in conditions
        ]

    def output(self, output: Output) -> str:
        """Write a column of a result."""
        text = self.expression(output.value)
        if isinstance(output.value, Column) and output.value.name == output.name:
            return text
        return f"{text} AS {ident(output.name)}"

    def _from(self, select: Select) -> tuple[list[str], tuple[Expr, ...]]:
        """Write FROM; return the remaining conditions, for WHERE."""
        lines: list[str] = []
        placed: list[str] = []
        waiting = list(select.conditions)
        for item in select.items:
            source = self.source(item)
            if not placed:
                lines.append(f"FROM {source}")
                placed.append(item.alias)
                continue
            placed.append(item.alias)
            if item.is_nullable:
                lines += self._joined(f"LEFT JOIN {source}", item.on, placed)
                continue
            own = aliases_in(tuple(waiting)) & select.aliases
            on = [c for c in waiting if self._joins(c, item.alias, placed, select)] if own else []
            waiting = [c for c in waiting if c not in on]
            join = f"{'INNER' if on else 'CROSS'} JOIN {source}"
            lines += self._joined(join, tuple(on), placed) if on else [join]
        return lines, tuple(waiting)

    @staticmethod
    def _joins(condition: Expr, alias: str, placed: list[str], select: Select) -> bool:
        """Return whether a condition joins an item to those before it."""
        found = aliases_in(condition) & select.aliases
        is_plain = not any(isinstance(p, (Select, SetOperation)) for p in walk(condition))
        return alias in found and len(found) > 1 and found <= set(placed) and is_plain

    def _joined(self, join: str, conditions: tuple[Expr, ...], placed: list[str]) -> list[str]:
        texts = self._conditions(tuple(_earlier_first(c, placed) for c in conditions)) or ["true"]
        flat = f"{join} ON {' AND '.join(texts)}"
        if len(texts) <= 2 and len(flat) <= WIDTH and "\n" not in flat:
            return [flat]
        return [join, indent(f"ON {texts[0]}"), *(indent(f"AND {t}", 8) for t in texts[1:])]

    def source(self, item: Item) -> str:
        """Write an item of FROM with its alias."""
        alias = ident(item.alias)
        match item.source:
            case Table(relation):
                return f"{qualified(relation.schema, relation.name)} AS {alias}"
            case Log(relation):
                return f"{qualified(relation.schema, relation.name + '_changes')} AS {alias}"
            case Definition():
                return f"{item.source.qualified} AS {alias}"
            case Function():
                return self._function(item.source.node, item.alias, item.source.columns)
            case Step():
                name = ident(self.read(item.source))
                return name if name == alias else f"{name} AS {alias}"
            case block:
                return self._derived(item, block)

    def _derived(self, item: Item, block: Block) -> str:
        alias = ident(item.alias)
        if not item.is_lateral and not _refers_outside(block):
            name = self.read(Step(item.alias, "", block, is_materialized=False))
            return alias if name == item.alias else f"{ident(name)} AS {alias}"
        word = "LATERAL " if item.is_lateral else ""
        return f"{word}(\n{indent(self.block(block))}\n) AS {alias}"

    def _function(self, node: Node, alias: str, columns: tuple[str, ...]) -> str:
        if node.get("coldeflist"):
            return str(RawStream()(thawed(node)))
        calls = [self.expression(part[0]) for part in node.get("functions")]
        text = f"ROWS FROM ({', '.join(calls)})" if node.get("is_rowsfrom") else calls[0]
        text += " WITH ORDINALITY" if node.get("ordinality") else ""
        return f"{text} AS {ident(alias)} ({', '.join(ident(c) for c in columns)})"


def _has_order(block: Block) -> bool:
    return isinstance(block, Select) and bool(block.order_by or block.limit or block.offset)


def _refers_outside(block: Block) -> bool:
    """Return whether a block refers to items that are not its own."""
    inner = {part.alias for part in walk(block) if isinstance(part, Item)}
    return any(column.alias not in inner for column in columns_in(block))


def _earlier_first(condition: Expr, placed: list[str]) -> Expr:
    """Turn a comparison of two columns so that the one of the earlier item is on the left."""
    if not isinstance(condition, Node) or condition.get("kind") != "AEXPR_OP":
        return condition
    turned = TURNED.get(condition.operator or "")
    left, right = condition.get("lexpr"), condition.get("rexpr")
    if turned is None or not isinstance(left, Column) or not isinstance(right, Column):
        return condition
    if not {left.alias, right.alias} <= set(placed):
        return condition
    is_later = placed.index(left.alias) > placed.index(right.alias)
    return operation(turned, right, left) if is_later else condition
