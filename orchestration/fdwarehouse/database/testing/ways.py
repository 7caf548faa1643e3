"""Runs unit tests: gives rows to the tables that a model reads, builds it, compares its rows.

A test is run in several ways, since all must give the same rows: the SELECT, the writer over
everything at once, and the writer over rows that arrive one table after the other.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import psycopg

from fdwarehouse.database.testing.given_rows import GivenRows
from fdwarehouse.database.testing.observed_rows import (
    differs_from_select,
    expected_rows,
    observed_rows,
)
from fdwarehouse.database.testing.tables import GivenTable
from fdwarehouse.database.testing.tested_models import Subject
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident
from fdwarehouse.project.row_differences import Difference, compare
from fdwarehouse.project.unit_tests import CaseStep, Rows, UnitTest

FULL, ARRIVING, REVERSED, SELECT = (
    "full load",
    "incremental change",
    "incremental change in the opposite order",
    "SELECT",
)

_BEGIN = """
    INSERT INTO etl.runs (begun_by, sign_of_life) VALUES ('fdwarehouse test', 0) RETURNING run_id
"""
_END = """
    UPDATE etl.runs SET status = 'succeeded', finished_at = clock_timestamp() WHERE run_id = %s
"""
_PLAN = """
    INSERT INTO etl.steps (run_id, model, layer, position, is_full)
    SELECT %(run_id)s, model, layer, position, %(is_full)s
    FROM etl.pipeline_steps
    WHERE model = ANY(%(models)s)
"""


@dataclass(frozen=True)
class Failure:
    """What is wrong with the rows of a model, or with the test itself."""

    ways: tuple[str, ...]
    """How it was built."""
    line: int
    """Of the file: the rows that are expected."""
    difference: Difference | None = None
    what: str = ""
    """What was compared, or the error."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnitTestResult:
    """How a test ended."""

    test: UnitTest
    seconds: float
    failures: list[Failure] = field(default_factory=list)
    wrong: FdwarehouseError | None = None
    """What is wrong with the file, which could not be run."""

    @property
    def state(self) -> str:
        """``passed`` or ``failed``."""
        return "failed" if self.failures or self.wrong else "passed"


def run_unit_test(
    warehouse: psycopg.Connection, test: UnitTest, subject: Subject
) -> UnitTestResult:
    """Run a test; all changes in the warehouse are rolled back.

    Args:
        warehouse: a connection, in a transaction in which the project is deployed and empty.
        test: of the project.
        subject: its model, with the tables that are given and built.
    """
    started = time.monotonic()
    found: list[Failure] = []
    try:
        orders = [(FULL, list(subject.tables))]
        if subject.is_built:
            orders.append((ARRIVING, list(subject.tables)))
        if subject.is_built and len(subject.tables) > 1:
            orders.append((REVERSED, list(subject.tables)[::-1]))
        for way, order in orders:
            with warehouse.transaction(force_rollback=True):
                found += _Pass(warehouse, test, subject, way, order).run()
    except FdwarehouseError as error:
        return UnitTestResult(test, time.monotonic() - started, wrong=error)
    return UnitTestResult(test, time.monotonic() - started, _grouped(found))


class _Pass:
    """One way to build the model of a test, in a transaction that is rolled back."""

    def __init__(
        self,
        warehouse: psycopg.Connection,
        test: UnitTest,
        subject: Subject,
        way: str,
        order: Sequence[str],
    ) -> None:
        self.warehouse = warehouse
        self.test = test
        self.subject = subject
        self.way = way
        self.order = order
        self.given = GivenRows(warehouse, test)
        self.failures: list[Failure] = []

    def run(self) -> list[Failure]:
        for table in self.subject.to_empty:
            self.warehouse.execute(f"DELETE FROM {table}".encode())
        for table, column in self.subject.identities:
            self.warehouse.execute(
                f"ALTER TABLE {table} ALTER COLUMN {ident(column)} RESTART".encode()
            )
        first, *later = self.test.steps
        try:
            if self.way == FULL:
                self._arrive(first, self.order, builds=False)
                self._build(self._begin(), is_full=True)
            else:
                self._build(self._begin(), is_full=True)  # over nothing
                for table in self.order:
                    self._arrive(first, [table])
            self._observe(first)
            for step in later:
                self._arrive(step, self.order, builds=self.way != FULL)
                if self.way == FULL:
                    self._build(self._begin(), is_full=True)
                self._observe(step)
        except psycopg.Error as error:
            model = self.subject.table.name
            detail = f"\n{error.diag.message_detail}" if error.diag.message_detail else ""
            what = f"{model} cannot be built: {error.diag.message_primary}{detail}"
            self.failures.append(Failure((self.way,), self.test.model_line, what=what))
        return self.failures

    def _arrive(self, step: CaseStep, tables: Iterable[str], *, builds: bool = True) -> None:
        """Write the rows of some tables: the first versions in one run, then the second, ..."""
        described = self.subject.tables
        waves = _waves([(described[t], step.given.get(t, ())) for t in tables])
        removed = [(described[t], row) for t in tables for row in step.removed.get(t, ())]
        for number, wave in enumerate(waves or [[]] * bool(removed)):
            run_id = self._begin()
            for table, rows in wave:
                for row in rows:
                    self.given.put(table, row, run_id)
            for table, row in removed if number == 0 else []:
                self.given.remove(table, row, run_id)
            if builds:
                self._build(run_id, is_full=False)
            else:
                self._end(run_id)

    def _begin(self) -> int:
        row = self.warehouse.execute(_BEGIN).fetchone()
        assert row is not None
        return int(row[0])

    def _end(self, run_id: int) -> None:
        self.warehouse.execute(_END, [run_id])

    def _build(self, run_id: int, *, is_full: bool) -> None:
        """Build the models as a run does, see etl.build_model."""
        models = list(self.subject.built)
        self.warehouse.execute(_PLAN, {"run_id": run_id, "is_full": is_full, "models": models})
        for model in models:
            with self.warehouse.transaction():
                self.warehouse.execute("SELECT etl.build_model(%s, %s)", [run_id, model])
        self._end(run_id)
        select = self.subject.select
        if (
            not is_full
            and select
            and differs_from_select(self.warehouse, self.subject.table.name, select)
        ):
            what = (
                f"{self.subject.table.name} differs from its SELECT. This is an error of "
                "fdwarehouse: report it. `incremental: false` in the header avoids it"
            )
            self.failures.append(Failure((self.way,), self.test.model_line, what=what))

    def _observe(self, step: CaseStep) -> None:
        subject = self.subject
        sources = [(self.way if subject.is_built else SELECT, subject.source)]
        if self.way == FULL and subject.select:
            sources.insert(0, (SELECT, subject.select))
        for way, source in sources:
            if step.expect is not None:
                self._compare(step, step.expect, way, source, subject.table)
        if step.rejected is not None and subject.rejects:
            self._compare(step, step.rejected, self.way, subject.rejected, subject.rejects)

    def _compare(
        self, step: CaseStep, rows: Rows, way: str, source: str, table: GivenTable
    ) -> None:
        key = self.subject.key
        expected = expected_rows(self.warehouse, table, rows)
        actual = observed_rows(self.warehouse, table, rows, key, source)
        if difference := compare(expected, actual, key):
            is_table = table is self.subject.table
            what = "" if is_table else "rows in silver.rejected_rows"
            notes = self.subject.reasons(self.warehouse) if is_table and difference.missing else ()
            line = rows[0].line if rows else step.line
            self.failures.append(Failure((way,), line, difference, what, notes))


def _waves(
    given: Iterable[tuple[GivenTable, Rows]],
) -> list[list[tuple[GivenTable, Rows]]]:
    """Split rows into runs: the n-th version of a row in bronze belongs to the n-th run."""
    waves: list[list[tuple[GivenTable, Rows]]] = []
    for table, rows in given:
        seen: dict[tuple[str | None, ...], int] = {}
        parts: list[Rows] = []
        for row in rows:
            key = tuple(row.cells[n].text if n in row.cells else None for n in table.key)
            number = seen.get(key, 0) if table.is_raw and None not in key else 0
            seen[key] = number + 1
            parts += [()] * (number + 1 - len(parts))
            parts[number] += (row,)
        for number, part in enumerate(parts):
            waves += [[]] * 0 if number < len(waves) else [[]]
            waves[number].append((table, part))
    return waves


def _grouped(failures: Iterable[Failure]) -> list[Failure]:
    """Report once what is wrong in several ways."""
    grouped: dict[tuple[object, ...], list[str]] = {}
    first: dict[tuple[object, ...], Failure] = {}
    for each in failures:
        key = (each.line, repr(each.difference), each.what)
        first.setdefault(key, each)
        ways = grouped.setdefault(key, [])
        ways += [way for way in each.ways if way not in ways]
    return [
        Failure(
            tuple(ways), first[key].line, first[key].difference, first[key].what, first[key].notes
        )
        for key, ways in grouped.items()
    ]
