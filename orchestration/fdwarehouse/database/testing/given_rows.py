"""Writes the rows that a unit test gives into tables, as the writers of these tables would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from fdwarehouse.database.testing.tables import OF_ENGINE, Column, GivenTable
from fdwarehouse.identifiers import ident, literal
from fdwarehouse.project.unit_tests import CaseRow, UnitTest

_FIRST_SEEN = "timestamptz '2100-01-01 00:00:00+00'"
_DEFAULTS = {"N": "0", "S": "", "B": "false", "D": "2000-01-01", "T": "0", "A": "{}", "R": "empty"}
"""Values of columns that are not null, by the category of their type, see pg_type."""
_DEFAULTS_OF_TYPES = {
    "uuid": "00000000-0000-0000-0000-000000000000",
    "json": "{}",
    "jsonb": "{}",
    "time without time zone": "00:00",
    "time with time zone": "00:00+00",
}
_OF_A_VERSION = {"valid_from": "-infinity", "valid_to": "infinity"}


class GivenRows:
    """Writes rows into tables, as changes of a run.

    Args:
        warehouse: a connection.
        test: whose rows they are.
    """

    def __init__(self, warehouse: psycopg.Connection, test: UnitTest) -> None:
        self.warehouse = warehouse
        self.test = test
        self._numbers: Counter[str] = Counter()

    def put(self, table: GivenTable, row: CaseRow, run_id: int) -> None:
        """Insert a row, or change the one with its key.

        Args:
            table: where.
            row: its named columns.
            run_id: the run that writes it.

        Raises:
            FdwarehouseError: the table refuses it; the message names file and line.
        """
        self._numbers[table.name] += 1
        named = {name: table.columns[name].text(cell) for name, cell in row.cells.items()}
        values = {name: table.columns[name].value(text) for name, text in named.items()}
        for name in table.key:
            if name not in values:
                values[name] = self._default(table, table.columns[name], row)
        key = " AND ".join(f"{ident(name)} = {values[name]}" for name in table.key) or "false"
        with self._explained(table, row):
            if table.is_raw:
                self._add_version(table, values, key, run_id)
                return
            found = f"SELECT FROM {table.name} WHERE {key}"
            if self.warehouse.execute(found.encode()).fetchone() is not None:
                self._log(table, key, run_id, -1)
                changes = [f"{ident(n)} = {v}" for n, v in values.items() if n not in table.key]
                if "_run_id" in table.columns:
                    changes.append(f"_run_id = {run_id}")
                listed = ", ".join(changes)
                self.warehouse.execute(f"UPDATE {table.name} SET {listed} WHERE {key}".encode())
            else:
                for column in table.columns.values():
                    if column.name not in values and table.must_be_filled(column):
                        values[column.name] = self._default(table, column, row)
                self._insert(table, values, run_id)
            self._log(table, key, run_id, 1)

    def remove(self, table: GivenTable, row: CaseRow, run_id: int) -> None:
        """Delete the row with a key.

        Args:
            table: where.
            row: names at least the key.
            run_id: the run that deletes it.

        Raises:
            FdwarehouseError: there is no such row, or it has a tombstone instead.
        """
        if table.is_raw or table.name.startswith("silver."):
            column = "_is_deleted" if table.is_raw else "is_deleted"
            raise self.test.wrong(
                row.line,
                f"{table.name} keeps rows that production has deleted",
                f"Give the row with {column}: true.",
            )
        if missing := [name for name in table.key if name not in row.cells]:
            raise self.test.wrong(row.line, f"name the key of the row too: {', '.join(missing)}")
        conditions = (
            f"{ident(name)} = {table.columns[name].value(table.columns[name].text(cell))}"
            for name, cell in row.cells.items()
        )
        condition = " AND ".join(conditions)
        with self._explained(table, row):
            self._log(table, condition, run_id, -1)
            deleted = self.warehouse.execute(
                f"DELETE FROM {table.name} WHERE {condition}".encode()
            ).rowcount
        if not deleted:
            raise self.test.wrong(row.line, f"{table.name} has no such row")

    def _add_version(
        self, table: GivenTable, values: dict[str, str], key: str, run_id: int
    ) -> None:
        """Append a version: columns that are not named have the values of the version before."""
        of_run = {"_run_id": str(run_id), "_is_deleted": "false"}
        of_run["_extracted_at"] = (
            f"{_FIRST_SEEN} + (SELECT count(*) FROM {table.name} WHERE {key}) * interval '1 day'"
        )
        values = of_run | values
        names = [n for n, c in table.columns.items() if not c.is_generated]
        listed = ", ".join(values.get(name, f"before.{ident(name)}") for name in names)
        self.warehouse.execute(
            f"INSERT INTO {table.name} ({', '.join(map(ident, names))}) SELECT {listed} "
            f"FROM (VALUES (1)) AS one LEFT JOIN LATERAL (SELECT * FROM {table.name} WHERE {key} "
            "ORDER BY _run_id DESC LIMIT 1) AS before ON true".encode()
        )

    def _insert(self, table: GivenTable, values: dict[str, str], run_id: int) -> None:
        for name in OF_ENGINE:
            if name in table.columns:
                values[name] = str(run_id)
        if table.partitions and table.partitions[0] in values:
            date, every = table.partitions
            self.warehouse.execute(
                f"SELECT etl.add_partition({literal(table.name)}, date_trunc({literal(every)}, "
                f"{values[date]}::timestamp), {literal(every)})".encode()
            )
        self.warehouse.execute(
            f"INSERT INTO {table.name} ({', '.join(map(ident, values))}) OVERRIDING SYSTEM VALUE "
            f"VALUES ({', '.join(values.values())})".encode()
        )

    def _log(self, table: GivenTable, condition: str, run_id: int, sign: int) -> None:
        """Write the deltas of rows as they are now."""
        if table.logged:
            listed = ", ".join(map(ident, table.logged))
            self.warehouse.execute(
                f"INSERT INTO {table.log} (run_id, sign, {listed}) "
                f"SELECT {run_id}, {sign}, {listed} FROM {table.name} WHERE {condition}".encode()
            )

    def _default(self, table: GivenTable, column: Column, row: CaseRow) -> str:
        """Return the value of a column that is not named and not null."""
        number = str(self._numbers[table.name])
        is_dimension = table.definition and table.definition.header.kind == "dimension"
        if accepted := table.accepted_values(column):
            return column.value(str(accepted[0]))
        if column.is_identity or (column.name in table.key and column.category in ("N", "S")):
            return column.value(number)
        if is_dimension and column.name in _OF_A_VERSION:
            return column.value(_OF_A_VERSION[column.name])
        if column.category == "Ee":
            return f"(enum_range(NULL::{column.type}))[1]"
        text = _DEFAULTS_OF_TYPES.get(column.base_type, _DEFAULTS.get(column.category[0]))
        if text is None:
            raise self.test.wrong(
                row.line,
                f"{table.name}.{column.name} is never null",
                f"Name it: there is no usual value of type {column.type}.",
            )
        return column.value(text)

    @contextmanager
    def _explained(self, table: GivenTable, row: CaseRow) -> Iterator[None]:
        try:
            with self.warehouse.transaction():
                yield
        except psycopg.Error as error:
            raise self.test.wrong(
                row.line,
                f"{table.name} refuses this row: {error.diag.message_primary}",
                "Given rows satisfy the constraints of their table. Name the column that breaks "
                "one: those that are not named have values such as 0.",
            ) from error
