"""Compiles the writer of a table: one statement that writes only the rows that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import jinja2

from fdwarehouse.compiler.algebra.builders import operation
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
from fdwarehouse.compiler.tables.plan import Plan
from fdwarehouse.compiler.tables.target import Target

_TEMPLATE = "per_select/writer.sql"
_AFFECTED_TEMPLATE = "per_select/affected.sql"
_COUNTING_TEMPLATE = "per_select/counting_writer.sql"


def routines(
    target: Target, plan: Plan, environment: jinja2.Environment
) -> Iterator[tuple[str, str]]:
    """Yield name and SQL of each function that maintains a table, its writer last.

    Args:
        target: the table.
        plan: how its rows are computed.
        environment: has the templates of the mechanics.
    """
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
    """Write the view or function with the dates that new rows of a partitioned table may have.

    Args:
        target: the table.
        plan: how its rows are computed.
        arms: SELECTs of its dates from tables; None for the dates of the rows to be written.
        environment: has the templates of the mechanics.
    """
    assert target.partitions is not None
    return environment.get_template("per_select/dates.sql").render(
        target=target,
        type=dict(target.columns)[target.partitions.by],
        arms=[Printer().block(arm) for arm in arms or ()],
        ctes=_steps_to_expected_rows(target, plan) if arms is None else [],
    )


def query(block: Block) -> str:
    """Write a block with the steps that it needs, as a statement."""
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


def _expected_rows(target: Target, plan: Plan) -> Step:
    outputs = (Output(STAR, Column("s", STAR)),)
    items = (Item("s", Definition(target.definition, tuple(target.names))),)
    if plan.expected is None:
        return Step("expected_rows", "All rows of the definition.", Select(outputs, items))
    among = plan.condition_on_definition
    affected = Select(outputs, items, (among,)) if among else plan.expected
    everything = Select(outputs, items, (operation("=", AFTER, Literal(0)),))
    return Step(
        "expected_rows",
        "Rows of the definition: those of the affected keys, or all.",
        SetOperation("UNION", True, affected, everything),
    )
