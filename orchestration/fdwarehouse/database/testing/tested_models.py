"""The model of a unit test: which tables can be given for it, and which are built from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import psycopg

from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.target import Target
from fdwarehouse.database.testing.tables import (
    REASONS,
    Column,
    GivenTable,
    read_table,
    require_readable,
)
from fdwarehouse.errors import Problems, suggestion
from fdwarehouse.identifiers import ident, literal, qualified, unqualified
from fdwarehouse.project.sql_files import SqlFile, names_read
from fdwarehouse.project.unit_tests import CaseStep, Rows, UnitTest
from fdwarehouse.rendering.rendered import Rendered
from fdwarehouse.rendering.steps import Model

_REASONS = Column("reasons", "text[]", "A", REASONS, True, False, False)
_EXISTS = "SELECT to_regclass(%s) IS NOT NULL"
_IS_TABLE = "SELECT relkind IN ('r', 'p') FROM pg_class WHERE oid = to_regclass(%s)"


@dataclass(frozen=True)
class Subject:
    """The model of a unit test."""

    table: GivenTable
    key: tuple[str, ...]
    """The columns by which rows are matched."""
    source: str
    """What stands after FROM to read its rows."""
    select: str | None
    """The view with its SELECT, if it has one."""
    rejects: GivenTable | None
    """Rejected rows: of silver."""
    is_built: bool
    """Whether a writer builds it: it is not a view."""
    tables: Mapping[str, GivenTable]
    """The tables that are given."""
    built: tuple[str, ...]
    """The models that are built, in topological order."""
    to_empty: tuple[str, ...]
    """The tables that are given and may have rows from a migration."""
    identities: tuple[tuple[str, str], ...]
    """Tables and columns that are numbered."""

    @property
    def rejected(self) -> str:
        """What stands after FROM to read its rejected rows."""
        name = self.table.name
        return (
            "(SELECT t.*, r.reasons FROM silver.rejected_rows AS r "
            f"CROSS JOIN LATERAL jsonb_populate_record(NULL::{name}, r.rejected_row) AS t "
            f"WHERE r.model = {literal(name)}) AS rejected_rows"
        )

    def reasons(self, warehouse: psycopg.Connection) -> tuple[str, ...]:
        """Say which rows are rejected, and why.

        Args:
            warehouse: a connection.
        """
        if self.rejects is None:
            return ()
        found = warehouse.execute(
            "SELECT key::text, array_to_string(reasons, ', ') FROM silver.rejected_rows "
            "WHERE model = %s ORDER BY key",
            [self.table.name],
        )
        return tuple(f"{key} was rejected: {reasons}" for key, reasons in found.fetchall())


class ProjectUnderTest:
    """A deployed project, whose models are tested.

    Args:
        warehouse: a connection, in a transaction in which it is deployed.
        whole: the deploy.
        definitions: its tables that are one SELECT.
    """

    def __init__(
        self, warehouse: psycopg.Connection, whole: Rendered, definitions: list[Definition]
    ) -> None:
        self.warehouse = warehouse
        self.definitions = {d.model: d for d in definitions}
        self.models = {m.model: m for m in whole.models if m.interval_between is None}
        self._files = {
            f.creates: f for f in whole.files if f.creates and f.creates not in self.models
        }
        self._keys = {t.model: tuple(t.key) for s in whole.sources for t in s.tables}

    @cached_property
    def views(self) -> dict[str, SqlFile]:
        """The views of the project in silver and gold, by name."""
        return {
            name: file
            for name, file in self._files.items()
            if name in self.definitions or (file.origin.startswith("sql/") and self._is_view(name))
        }

    def names_read(self, model: str) -> set[str]:
        """List what a model or view reads, directly or through views and functions.

        Args:
            model: quoted.
        """
        file = self._files[self.models[model].writer if model in self.models else model]
        return names_read(file, self._files) - {model}

    def key_of(self, table: str) -> tuple[str, ...]:
        """Return the key of a table of bronze, quoted; empty for others."""
        return self._keys.get(table, ())

    def name_of(self, test: UnitTest) -> str:
        """Return the model of a test, quoted."""
        return _quoted(test.model)

    def subject(self, test: UnitTest) -> tuple[UnitTest, Subject]:
        """Find the model of a test and the tables that it names.

        Args:
            test: of the project.

        Returns:
            The test, with the names of tables as PostgreSQL quotes them, and its model.

        Raises:
            FdwarehouseError: the test names what does not exist or is not read, or has a value of
                another type; the message names file and line of everything that is wrong.
        """
        model = _quoted(test.model)
        if model not in self.models and model not in self.views:
            raise test.wrong(
                test.model_line,
                f"no table or view {test.model} is built by the project"
                + suggestion(model, [*self.models, *self.views]),
            )
        if model in self.models and self.models[model].layer not in ("silver", "gold"):
            raise test.wrong(
                test.model_line, f"{test.model} is not built from tables of the warehouse"
            )
        test = replace(test, steps=tuple(_normalized(step) for step in test.steps))
        readable = self.upstream(model)
        tables = self._given(test, model, readable)
        found = self._subject(model, tables)
        self._require_values(test, found)
        return test, found

    def upstream(self, model: str) -> set[str]:
        """List all that a model reads, directly or through other models."""
        found: set[str] = set()
        waiting = {model}
        while waiting:
            names = self.names_read(waiting.pop())
            waiting |= {n for n in names - found if n in self.models and self._has_file(n)}
            found |= names
        return found - {model}

    def _has_file(self, model: str) -> bool:
        return self.models[model].layer in ("silver", "gold")

    def _given(self, test: UnitTest, model: str, readable: set[str]) -> dict[str, GivenTable]:
        problems = Problems()
        tables: dict[str, GivenTable] = {}
        possible = sorted(name for name in readable if name in self.models)
        for step in test.steps:
            for name in (*step.given, *step.removed):
                if name in tables:
                    continue
                if name not in readable or not self._is_table(name):
                    problem = f"{model} does not read {name}"
                    way_out = f"It reads {', '.join(possible)}."
                    problems.add(test.wrong(step.lines[name], problem, way_out))
                    continue
                definition = self.definitions.get(name)
                key = self.key_of(name)
                tables[name] = read_table(self.warehouse, name, definition, key)
        problems.raise_found()
        return tables

    def _subject(self, model: str, tables: Mapping[str, GivenTable]) -> Subject:
        definition = self.definitions.get(model)
        table = read_table(self.warehouse, model, definition)
        key = definition.header.key if definition else table.key
        source = model
        if definition and definition.header.kind == "dimension":
            surrogate = definition.header.surrogate_key
            key = (*key, "valid_from") if definition.header.type2 else key
            source = f"{model} WHERE {ident(surrogate)} <> -1"
        schema = model.partition(".")[0]
        select = Target(schema, unqualified(model), key, ()).definition
        is_built = model in self.models
        rejects = None
        if is_built and self.models[model].layer == "silver":
            rejects = replace(table, columns={**table.columns, "reasons": _REASONS})
        built = tuple(m.model for m in self._built(model, set(tables)))
        return Subject(
            table=table,
            key=key,
            source=source,
            select=select if is_built and self._exists(select) else None,
            rejects=rejects,
            is_built=is_built,
            tables=tables,
            built=built,
            to_empty=tuple(name for name in tables if name not in self.models),
            identities=tuple(self._identities([*built, *tables])),
        )

    def _built(self, model: str, given: set[str]) -> Iterator[Model]:
        """Yield the models between the given tables and the model, in topological order."""
        wanted = self.upstream(model) | {model}
        changed = set(given)
        for each in self.models.values():
            if each.model not in wanted or each.model in given or not self._has_file(each.model):
                continue
            if each.model == model or self.names_read(each.model) & changed:
                changed.add(each.model)
                yield each

    def _identities(self, names: list[str]) -> Iterator[tuple[str, str]]:
        for name in names:
            for column in read_table(self.warehouse, name, None).columns.values():
                if column.is_identity:
                    yield name, column.name

    def _require_values(self, test: UnitTest, subject: Subject) -> None:
        given: list[tuple[GivenTable, Rows]] = []
        compared: list[tuple[GivenTable, Rows]] = []
        problems = Problems()
        for step in test.steps:
            for named in (step.given, step.removed):
                given += [(subject.tables[name], rows) for name, rows in named.items()]
            for name, rows in step.given.items():
                with problems.collected():
                    _require_different_keys(test, subject.tables[name], rows)
            compared.append((subject.table, step.expect or ()))
            if step.rejected is not None and subject.rejects is None:
                problem = f"rejected: {subject.table.name} is not in silver: it rejects no rows"
                problems.add(test.wrong(step.line, problem))
            elif subject.rejects:
                compared.append((subject.rejects, step.rejected or ()))
        for tables, are_given in ((given, True), (compared, False)):
            with problems.collected():
                require_readable(self.warehouse, test, tables, are_given=are_given)
        problems.raise_found()

    def _exists(self, name: str) -> bool:
        return self.warehouse.execute(_EXISTS, [name]).fetchone() == (True,)

    def _is_table(self, name: str) -> bool:
        return self.warehouse.execute(_IS_TABLE, [name]).fetchone() == (True,)

    def _is_view(self, name: str) -> bool:
        return self.warehouse.execute(_IS_TABLE, [name]).fetchone() == (False,)


def _require_different_keys(test: UnitTest, table: GivenTable, rows: Rows) -> None:
    if table.is_raw:
        return  # these are versions
    seen: dict[tuple[str | None, ...], int] = {}
    for row in rows:
        if all(name in row.cells for name in table.key):
            key = tuple(row.cells[name].text for name in table.key)
            if key in seen:
                problem = f"{table.name}: a row with this key is given on line {seen[key]}"
                raise test.wrong(row.line, problem)
            seen[key] = row.line


def _normalized(step: CaseStep) -> CaseStep:
    return replace(
        step,
        given={_quoted(name): rows for name, rows in step.given.items()},
        removed={_quoted(name): rows for name, rows in step.removed.items()},
        lines={_quoted(name): line for name, line in step.lines.items()},
    )


def _quoted(name: str) -> str:
    """Quote the name of a table, with its schema, as PostgreSQL does."""
    schema, dot, table = name.partition(".")
    return qualified(schema, unqualified(name)) if dot and table else name
