"""The table of a definition: columns, constraints, indexes and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2

from fdwarehouse.compiler.algebra.catalog import Relation
from fdwarehouse.compiler.algebra.printing import Printer
from fdwarehouse.compiler.algebra.tree import Block, Select
from fdwarehouse.compiler.deltas.indexes import Index
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.plan import Plan
from fdwarehouse.compiler.tables.rules import accepted_value, is_unique_by_check
from fdwarehouse.compiler.tables.statement import dates_of, routines
from fdwarehouse.compiler.tables.target import Target
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident, qualified
from fdwarehouse.project.header import ColumnHeader

_PLAIN = ColumnHeader()
TAKEN = ("sign", "run_id")
"""Columns that change logs add, besides those that begin with `_`."""


@dataclass(frozen=True)
class Table:
    """A table with its definition and its plan."""

    target: Target
    definition: Definition
    plan: Plan
    block: Block | None = None
    """The SELECT as a block; None if the compiler cannot read it."""
    state: tuple[tuple[str, str], ...] = ()
    """Name and type of each column of the state of its groups, if they are counted."""
    indexes: tuple[Index, ...] = ()
    """Indexes for its writer's lookups that are created with it."""
    dates: tuple[Select, ...] | None = None
    """If it is partitioned, the dates of new rows; None: computed from the rows to be written."""

    @property
    def model(self) -> str:
        """Its name, quoted."""
        return self.target.qualified

    @property
    def logs(self) -> Mapping[Relation, tuple[str, ...]]:
        """For each table whose change log is read, the columns that the log must have."""
        return self.plan.logs

    @property
    def kept_up(self) -> str:
        """How it is maintained, in one line."""
        return self.plan.describe() + self.target.partitioned

    def files(self, environment: jinja2.Environment) -> Iterator[tuple[str, str]]:
        """Yield name and SQL of each object, the table first.

        Args:
            environment: has the templates of the mechanics.
        """
        context = table_context(self.target, self.definition, self.kept_up) | {
            "constraints": list(constraints(self.target, self.definition.header.columns)),
            "indexes": self.indexes,
            "counting": self.plan.counting,
            "state": self.state,
            "said": dict(self._said_of_state()),
        }
        render = {name: environment.get_template(f"per_select/{name}.sql") for name in _OBJECTS}
        yield self.target.qualified, render["table"].render(context)
        yield self.target.definition, render["definition"].render(context)
        if self.target.partitions:
            yield self.target.dates, dates_of(self.target, self.plan, self.dates, environment)
        if self.target.logged:
            yield self.target.log_row, render["image"].render(context)
        yield from routines(self.target, self.plan, environment)

    def _said_of_state(self) -> Iterator[tuple[str, str]]:
        """Yield the comment of each column of the state."""
        counting = self.plan.counting
        if counting is None:
            return
        expression = Printer().expression
        meant = {v.name: expression(v.value) for v in counting.rows.outputs}
        for name, _ in self.state:
            yield name, f"{meant.get(name, 'Rows of the group.')}"
        for column in counting.columns:
            text = re.sub(r"\br\.(\w+)", lambda found: meant[found[1]], column.full)
            yield column.name, text


_OBJECTS = ("table", "definition", "image")


def table_context(target: Target, definition: Definition, kept_up: str) -> dict[str, Any]:
    """Return the variables of a table's templates.

    Args:
        target: the table.
        definition: its file.
        kept_up: how it is maintained, in one line.
    """
    described = definition.header.columns
    return {
        "target": target,
        "definition": definition,
        "header": definition.header,
        "kept_up": kept_up,
        "counting": None,
        "logged_columns": target.logged_columns,
        "former": {n: described.get(n, _PLAIN).was for n, _ in target.readable},
        "partitions": target.partitions,
        "comments": {n: described.get(n, _PLAIN).comment for n in target.names},
    }


def require_columns(
    definition: Definition, columns: tuple[tuple[str, str], ...], taken: tuple[str, ...] = TAKEN
) -> None:
    """Check that the columns that the header names are in the SELECT.

    Args:
        definition: the file.
        columns: name and type of each column of the SELECT.
        taken: names of columns that the engine adds.

    Raises:
        FdwarehouseError: a named column does not exist, or a column has a reserved name.
    """
    names = [name for name, _ in columns]
    header = definition.header
    for where, wanted in (("key", header.key), ("columns", tuple(header.columns))):
        for name in wanted:
            if name not in names:
                line = definition.line_of(where, *([name] if where == "columns" else []))
                raise FdwarehouseError(
                    f"{definition.path}, line {line}: {where}: the SELECT has no column {name}",
                    hint=f"It has {', '.join(names)}.",
                )
    place = f"{definition.path}, line {definition.first_line}"
    if "?column?" in names:
        raise FdwarehouseError(
            f"{place}: column {names.index('?column?') + 1} of the SELECT has no name",
            hint="Give it one: AS ...",
        )
    for name in names:
        if name.startswith("_") or name in taken:
            raise FdwarehouseError(
                f"{place}: the SELECT has a column {name}, a reserved name",
                hint="Give it another name, AS ..., or list the columns instead of *.",
            )


def never_null(columns: Mapping[str, ColumnHeader]) -> set[str]:
    """Return the columns with a constraint against nulls."""
    return {n for n, c in columns.items() if c.not_null and c.severity == "error"}


def constraints(
    target: Target, columns: Mapping[str, ColumnHeader], unless: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield name and clause of each constraint; all rules that can be constraints are.

    Args:
        target: the table.
        columns: the header's settings of its columns.
        unless: condition of exempt rows, such as `is_deleted OR `: then only CHECK is possible.
    """

    def named(*parts: str) -> str:
        return "__".join([target.name, *parts])[:63]

    yield named("key"), f"PRIMARY KEY ({', '.join(ident(k) for k in target.primary_key)})"
    for name, column in columns.items():
        if column.severity == "warn":
            continue
        if column.not_null and name not in target.key:
            is_there = f"CHECK ({unless}{ident(name)} IS NOT NULL)"
            yield named(name, "not_null"), is_there if unless else f"NOT NULL {ident(name)}"
        if column.unique and not unless and not is_unique_by_check(target, name):
            yield named(name, "unique"), f"UNIQUE ({ident(name)})"
        if column.accepted_values is not None:
            accepted = ", ".join(accepted_value(v) for v in column.accepted_values)
            yield named(name, "values"), f"CHECK ({unless}{ident(name)} IN ({accepted}))"
        if column.check:
            condition = f"({column.check})" if unless else column.check
            yield named(name, "check"), f"CHECK ({unless}{condition})"
        reference = column.references
        is_checked = bool(unless) or name in target.checked
        if reference and reference.severity == "error" and not is_checked:
            schema, _, table = reference.to.partition(".")
            clause = f"FOREIGN KEY ({ident(name)}) REFERENCES {qualified(schema, table)}"
            yield named(name, "references"), f"{clause} DEFERRABLE INITIALLY DEFERRED"
