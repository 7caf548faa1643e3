"""Begins a unit test: one row of each table that a model reads, and what the model makes of it."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from fdwarehouse.database.testing.tables import OF_ENGINE, Column, GivenTable, read_table
from fdwarehouse.database.testing.tested_models import ProjectUnderTest
from fdwarehouse.database.testing.ways import FULL, run_unit_test
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.unit_tests import CaseRow, CaseStep, Cell, Rows, UnitTest

_VALUES = {
    "N": "1",
    "S": "a",
    "B": "false",
    "D": "2026-01-01",
    "T": "1",
    "A": "{}",
    "I": "10.0.0.1",
}
"""Values by the category of their type, see pg_type; others are not given."""
_VALUES_OF_TYPES = {
    "time without time zone": "10:00",
    "time with time zone": "10:00",
    "uuid": "00000000-0000-0000-0000-000000000001",
}
_OF_DIMENSIONS = ("valid_from", "valid_to", "is_current", "is_inferred")

Texts = dict[str, str | None]


def unit_test_of(
    warehouse: psycopg.Connection, project: ProjectUnderTest, model: str
) -> tuple[dict[str, list[Texts]], list[Texts]]:
    """Return the given and the expected rows of a first unit test of a model.

    Args:
        warehouse: a connection, in a transaction in which the project is deployed and empty.
        project: that is deployed.
        model: its name.

    Raises:
        FdwarehouseError: there is no such model, or it refuses the rows.
    """
    given: dict[str, list[Texts]] = {
        table.name: [_first_row(project, table)]
        for table in _tables_read(warehouse, project, model)
    }
    step = CaseStep(
        line=1,
        given={name: _rows(rows) for name, rows in given.items()},
        removed={},
        expect=(),
        rejected=None,
        lines=dict.fromkeys(given, 1),
    )
    test = UnitTest("new", "the new unit test", model, 1, "", (step,))
    _, subject = project.subject(test)
    compared = [
        c.name
        for c in subject.table.columns.values()
        if c.name not in OF_ENGINE and not c.is_identity and not c.is_generated
    ]
    nothing: Texts = dict.fromkeys(compared)
    asked = UnitTest(
        *("new", "the new unit test", model, 1, ""),
        (CaseStep(1, step.given, {}, _rows([nothing]), None, step.lines),),
    )
    result = run_unit_test(warehouse, *project.subject(asked))
    if result.wrong:
        raise result.wrong
    for failure in result.failures:
        if failure.difference is None and FULL in failure.ways:
            raise FdwarehouseError(failure.what)
        if failure.difference and FULL in failure.ways:
            found = [
                *failure.difference.unexpected,
                *(different.actual for different in failure.difference.different),
            ]
            return given, [{name: row[name] for name in compared if name in row} for row in found]
    return given, []


def _tables_read(
    warehouse: psycopg.Connection, project: ProjectUnderTest, model: str
) -> list[GivenTable]:
    """Return the tables whose rows make the model: those of bronze for silver and dimensions."""
    if model not in project.models and model not in project.views:
        raise FdwarehouseError(
            f"no table or view {model} is built by the project",
            hint=f"There are {', '.join(sorted([*project.models, *project.views]))}.",
        )
    definition = project.definitions.get(model)
    is_of_versions = model.startswith("silver.") or (
        definition is not None and definition.header.kind == "dimension"
    )
    names = project.upstream(model) if is_of_versions else project.names_read(model)
    tables = sorted(n for n in names if n in project.models)
    if is_of_versions:
        tables = [name for name in tables if name.startswith("bronze.")]
    return [
        read_table(warehouse, name, project.definitions.get(name), project.key_of(name))
        for name in tables
    ]


def _first_row(project: ProjectUnderTest, table: GivenTable) -> Texts:
    row: Texts = {}
    is_dimension = table.definition is not None and table.definition.header.kind == "dimension"
    for column in table.columns.values():
        if column.name.startswith("_") or column.is_generated or column.is_identity:
            continue
        if is_dimension and column.name in _OF_DIMENSIONS:
            continue
        accepted = table.accepted_values(column) or _accepted_downstream(project, table, column)
        if accepted:
            row[column.name] = str(accepted[0])
        elif value := _VALUES_OF_TYPES.get(column.base_type, _VALUES.get(column.category)):
            row[column.name] = "false" if column.name == "is_deleted" else value
    return row


def _accepted_downstream(
    project: ProjectUnderTest, table: GivenTable, column: Column
) -> tuple[str | int, ...]:
    """Return the values that a table built from this one accepts in a column of that name."""
    for name, definition in project.definitions.items():
        header = definition.header.columns.get(column.name)
        if header and header.accepted_values and table.name in project.names_read(name):
            return header.accepted_values
    return ()


def _rows(rows: list[Texts]) -> Rows:
    return tuple(CaseRow(_cells(row), 1) for row in rows)


def _cells(row: Texts) -> Mapping[str, Cell]:
    return {name: Cell(text, 1) for name, text in row.items()}
