"""The table of a definition: columns, constraints, indexes and comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import jinja2

from fdwarehouse.compiler.header import ColumnHeader, Definition
from fdwarehouse.compiler.plan import Plan
from fdwarehouse.compiler.statement import Target, writer
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident, literal, qualified

_PLAIN = ColumnHeader()


@dataclass(frozen=True)
class Table:
    """A table with its definition and how it is kept up."""

    target: Target
    definition: Definition
    plan: Plan

    @property
    def model(self) -> str:
        """Its name, as SQL writes it."""
        return self.target.qualified

    def files(self, environment: jinja2.Environment) -> Iterator[tuple[str, str]]:
        """Yield name and SQL of each object, the table first.

        Args:
            environment: has the templates of the mechanics.
        """
        header = self.definition.header
        context = {
            "target": self.target,
            "definition": self.definition,
            "header": header,
            "plan": self.plan,
            "constraints": list(constraints(self.target, header.columns)),
            "indexes": list(self._indexes()),
            "former": {n: header.columns.get(n, _PLAIN).was for n in self.target.names},
            "comments": {n: header.columns.get(n, _PLAIN).comment for n in self.target.names},
        }
        render = {name: environment.get_template(f"per_select/{name}.sql") for name in _OBJECTS}
        yield self.target.qualified, render["table"].render(context)
        yield self.target.definition, render["definition"].render(context)
        if self.target.logged:
            yield self.target.log_row, render["image"].render(context)
        yield self.target.writer, writer(self.target, self.plan, environment)

    def _indexes(self) -> Iterator[tuple[str, str, str]]:
        """Yield name, table and column of each index that the arms look rows up by."""
        for relation, column in self.plan.wanted_indexes:
            name = f"{relation.name}_{column}"[: 63 - len("_lookup")] + "_lookup"
            yield name, qualified(relation.schema, relation.name), column


_OBJECTS = ("table", "definition", "image")


def require_columns(definition: Definition, columns: tuple[tuple[str, str], ...]) -> None:
    """Make sure that what the header names is in the SELECT.

    Args:
        definition: the file.
        columns: name and type of each column of the SELECT.

    Raises:
        FdwarehouseError: a column is named that is not there, or one has a name of ours.
    """
    names = [name for name, _ in columns]
    header = definition.header
    for where, wanted in (("key", header.key), ("columns", tuple(header.columns))):
        for name in wanted:
            if name not in names:
                raise FdwarehouseError(
                    f"{definition.path}: {where}: the SELECT has no column {name}",
                    hint=f"It has {', '.join(names)}.",
                )
    for name in names:
        if name.startswith("_") or name in ("sign", "run_id"):
            raise FdwarehouseError(
                f"{definition.path}: the SELECT has a column {name}, a name of the engine's own",
                hint="Give it another name: AS ...",
            )


def constraints(target: Target, columns: Mapping[str, ColumnHeader]) -> Iterator[tuple[str, str]]:
    """Yield name and clause of each constraint: what can be one is one.

    Args:
        target: the table.
        columns: what the header says of its columns.
    """

    def named(*parts: str) -> str:
        return "__".join([target.name, *parts])[:63]

    yield named("key"), f"PRIMARY KEY ({', '.join(ident(k) for k in target.key)})"
    for name, column in columns.items():
        if column.severity == "warn":
            continue
        if column.not_null and name not in target.key:
            yield named(name, "not_null"), f"NOT NULL {ident(name)}"
        if column.unique:
            yield named(name, "unique"), f"UNIQUE ({ident(name)})"
        if column.values is not None:
            accepted = ", ".join(
                literal(v) if isinstance(v, str) else str(v) for v in column.values
            )
            yield named(name, "values"), f"CHECK ({ident(name)} IN ({accepted}))"
        if column.check:
            yield named(name, "check"), f"CHECK ({column.check})"
        if column.references:
            schema, _, table = column.references.partition(".")
            clause = f"FOREIGN KEY ({ident(name)}) REFERENCES {qualified(schema, table)}"
            yield named(name, "references"), f"{clause} DEFERRABLE INITIALLY DEFERRED"
