"""The writer of a table: one statement that writes what differs, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from textwrap import dedent

import jinja2

from fdwarehouse.compiler.algebra.builders import operation
from fdwarehouse.compiler.algebra.layout import flat, selected, wrapped
from fdwarehouse.compiler.algebra.printing import Printer
from fdwarehouse.compiler.algebra.tree import (
    STAR,
    Block,
    Column,
    Definition,
    Item,
    Literal,
    Output,
    Select,
    SetOperation,
    Step,
)
from fdwarehouse.compiler.deltas.changes import AFTER
from fdwarehouse.compiler.deltas.counting import Counting
from fdwarehouse.compiler.deltas.images import look_alike
from fdwarehouse.compiler.tables.plan import Plan
from fdwarehouse.identifiers import ident, qualified, unused_tag
from fdwarehouse.project.header import Partitions

_TEMPLATE = "per_select/writer.sql"
_AFFECTED_TEMPLATE = "per_select/affected.sql"
_COUNTING_TEMPLATE = "per_select/counting_writer.sql"


@dataclass(frozen=True)
class Target:
    """The table that is written."""

    schema: str
    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    """Name and type of each column, in the order of the definition."""
    logged: tuple[str, ...] = ()
    """Columns of its change log; none where nobody reads one."""
    generated: tuple[tuple[str, str], ...] = ()
    """Name and type of columns that the table computes, which are read and not written."""
    partitions: Partitions | None = None
    checked: frozenset[str] = frozenset()
    """Columns whose reference no foreign key can hold: they refer to a partitioned table."""

    def _named(self, prefix: str = "", suffix: str = "") -> str:
        return qualified(self.schema, f"{prefix}{self.name}{suffix}")

    @property
    def qualified(self) -> str:
        """The table, as SQL writes it."""
        return self._named()

    @property
    def writer(self) -> str:
        """The function that writes it."""
        return self._named(prefix="write_")

    @property
    def affected(self) -> str:
        """The function with the keys of rows that may have changed, where not all are computed."""
        return self._named(suffix="_affected")

    @property
    def definition(self) -> str:
        """The view with its definition."""
        return self._named(suffix="_definition")

    @property
    def versions(self) -> str:
        """In silver, the view with every version, cleaned."""
        return self._named(suffix="_versions")

    @property
    def state(self) -> str:
        """The state of its groups, where they are counted."""
        return self._named(suffix="_state")

    @property
    def dates(self) -> str:
        """Where it is partitioned, the view or function with the dates that it may get."""
        return self._named(suffix="_dates")

    @property
    def as_of(self) -> str:
        """Of a dimension, the function that returns it as of a moment."""
        return self._named(suffix="_as_of")

    @property
    def log(self) -> str:
        """Its change log."""
        return self._named(suffix="_changes")

    @property
    def log_row(self) -> str:
        """A view whose row type is that of an image."""
        return self._named(suffix="_image")

    @property
    def primary_key(self) -> tuple[str, ...]:
        """What the table itself keeps unique: of a partitioned one, the key with the date."""
        by = self.partitions.by if self.partitions else self.key[0]
        return self.key if by in self.key else (*self.key, by)

    @property
    def partitioned(self) -> str:
        """How it is partitioned, to be added to a sentence; empty where it is not."""
        return f", {self.partitions.description}" if self.partitions else ""

    @property
    def names(self) -> list[str]:
        """Names of its columns."""
        return [name for name, _ in self.columns]

    @property
    def readable(self) -> tuple[tuple[str, str], ...]:
        """Name and type of each column that others may read."""
        return (*self.columns, *self.generated)

    @property
    def logged_columns(self) -> list[tuple[str, str]]:
        """Name and type of each column of the change log."""
        return [(name, kind) for name, kind in self.readable if name in self.logged]

    @property
    def imaged(self) -> list[str]:
        """Columns of which a difference counts: all but keys whose equal values look alike."""
        coarse = {name for name, kind in self.columns if not look_alike(kind)}
        return [n for n in self.names if n not in self.key or n in coarse]

    @property
    def values(self) -> list[str]:
        """Names of the columns beside the key."""
        return [n for n in self.names if n not in self.key]


def routines(
    target: Target, plan: Plan, environment: jinja2.Environment
) -> Iterator[tuple[str, str]]:
    """Yield name and SQL of each function that keeps a table up, its writer last.

    Args:
        target: the table.
        plan: how its rows are found.
        environment: has the templates of the mechanics.
    """
    add_filters(environment)
    if plan.affected:
        yield target.affected, _affected_keys(target, plan, plan.affected, environment)
    if plan.counting:
        yield target.writer, _counting_writer(target, plan, plan.counting, environment)
    else:
        yield target.writer, _writer(target, plan, environment)


def _writer(target: Target, plan: Plan, environment: jinja2.Environment) -> str:
    template = environment.get_template(_TEMPLATE)
    return template.render(target=target, plan=plan, ctes=_steps_to_expected_rows(target, plan))


def _steps_to_expected_rows(target: Target, plan: Plan) -> list[str]:
    elsewhere: dict[Step, Block] = {}
    if plan.affected:
        keys = Definition(f"{target.affected}({AFTER.name})", plan.key)
        elsewhere[plan.affected] = Select((Output(STAR, Column("k", STAR)),), (Item("k", keys),))
    printer = Printer(elsewhere)
    printer.read(_expected_rows(target, plan))
    return printer.with_clause()


def _affected_keys(
    target: Target, plan: Plan, affected: Step, environment: jinja2.Environment
) -> str:
    printer = Printer()
    keys = printer.block(affected.block)
    kinds = dict(target.columns)
    return environment.get_template(_AFFECTED_TEMPLATE).render(
        target=target,
        plan=plan,
        scope=[(name, kinds[name]) for name in plan.key],
        keys=keys,
        ctes=printer.with_clause(),
    )


def _counting_writer(
    target: Target, plan: Plan, counting: Counting, environment: jinja2.Environment
) -> str:
    printer = Printer()
    outputs = {o.name: o.value for o in counting.outputs}
    are_keys = {outputs[k] for k in target.key} == {Column("s", g) for g in counting.groups}
    printed: dict[str, str | list[str] | bool] = {
        "groups_are_keys": are_keys and all(outputs[k] == Column("s", k) for k in target.key),
        "changed": printer.read(counting.changed),
        "rows": printer.block(counting.rows),
        "key_columns": [printer.output(Output(k, outputs[k])) for k in target.key],
        "outputs": [printer.output(Output(n, outputs[n])) for n in target.names],
        "having": [f"({text})" for text in printer.expression.listed(counting.having)],
    }
    return environment.get_template(_COUNTING_TEMPLATE).render(
        target=target, plan=plan, counting=counting, printed=printed, ctes=printer.with_clause()
    )


def dates_of(
    target: Target, plan: Plan, arms: Sequence[Select] | None, environment: jinja2.Environment
) -> str:
    """Write the view or function with the dates that a partitioned table may get.

    Args:
        target: the table.
        plan: how its rows are found.
        arms: its dates, as tables have them; None for those of the rows that would be written.
        environment: has the templates of the mechanics.
    """
    assert target.partitions is not None
    add_filters(environment)
    return environment.get_template("per_select/dates.sql").render(
        target=target,
        type=dict(target.columns)[target.partitions.by],
        arms=[Printer().block(arm) for arm in arms or ()],
        ctes=_steps_to_expected_rows(target, plan) if arms is None else [],
    )


def query(block: Block) -> str:
    """Write a block with the steps that it needs, as a statement of its own."""
    printer = Printer()
    text = printer.block(block)
    ctes = ",\n\n".join(printer.with_clause())
    return f"WITH {ctes}\n\n{text}" if ctes else text


def full_states(counting: Counting) -> str:
    """Write the SELECT of the states of all groups, computed from their rows."""
    columns = [
        *(f"r.{g}" for g in counting.groups),
        "count(*) AS _rows",
        *(f"{c.full} AS {c.name}" for c in counting.columns),
    ]
    groups = ", ".join(f"r.{g}" for g in counting.groups)
    rows = Printer().block(counting.rows)
    return f"SELECT {', '.join(columns)}\nFROM (\n{rows}\n) AS r\nGROUP BY {groups}"


def prefixed(names: Sequence[str], alias: str) -> list[str]:
    """Write columns with the alias of their table; without one where it is empty."""
    return [f"{alias}.{ident(n)}" if alias else ident(n) for n in names]


def lined(names: Sequence[str], alias: str = "") -> str:
    """List columns, one on a line; the arguments are those of `filled`."""
    return ",\n".join(prefixed(names, alias))


def add_filters(environment: jinja2.Environment) -> None:
    """Give an environment the filters that templates of tables use."""
    environment.filters.update(filled=filled, lined=lined, dollar_quoted=dollar_quoted)
    environment.filters.update(wrapped=wrapped, prefixed=prefixed, flat=flat)
    environment.filters.update(selected=partial(selected, width=92), dedented=dedented)


def dedented(body: str) -> str:
    """Take out what all lines are indented by, and empty lines around them."""
    return dedent(body).strip("\n")


def dollar_quoted(body: str) -> str:
    """Write the body of a function."""
    tag = unused_tag("body", body)
    return f"{tag}\n{body}\n{tag}"


def filled(names: Sequence[str], alias: str = "", width: int = 80) -> str:
    """List columns, as many on a line as have room.

    Args:
        names: of the columns.
        alias: of their table; none where there is one alone.
        width: how many characters a line has room for.
    """
    return wrapped(prefixed(names, alias), width)


def _expected_rows(target: Target, plan: Plan) -> Step:
    outputs = (Output(STAR, Column("s", STAR)),)
    items = (Item("s", Definition(target.definition, tuple(target.names))),)
    if plan.expected is None:
        return Step("expected_rows", "All rows, as they should be.", Select(outputs, items))
    among = plan.condition_on_definition
    affected = Select(outputs, items, (among,)) if among else plan.expected
    everything = Select(outputs, items, (operation("=", AFTER, Literal(0)),))
    return Step(
        "expected_rows",
        "Rows as they should be: those of the affected keys, or all.",
        SetOperation("UNION", True, affected, everything),
    )
