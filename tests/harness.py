"""A separate shop and warehouse for each test: fresh databases, and connections by role."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from fdwarehouse.database.deployment import deploy
from fdwarehouse.database.deployment_plan import Plan
from fdwarehouse.rendering.render import render_project

ROOT = Path(__file__).parents[1]
LAYERS = ("bronze", "silver", "gold")

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any] | None
T = TypeVar("T")


def wait_until(condition: Callable[[], T], seconds: float = 30) -> T:
    """Poll until the condition is true, and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
    return result


@contextmanager
def failing(code: str, words: str = "") -> Iterator[pytest.ExceptionInfo[psycopg.Error]]:
    """Expect an error with this SQLSTATE whose message, detail or hint contains these words."""
    with pytest.raises(psycopg.Error) as caught:
        yield caught
    said = caught.value.diag
    text = f"{said.message_primary}\n{said.message_detail}\n{said.message_hint}"
    assert (caught.value.sqlstate, text) == (code, text)
    assert words in text


@contextmanager
def fence_alone(warehouse: "Warehouse") -> Iterator[int]:
    """Read the fence and keep the run open: no snapshot of production is taken yet.

    Silver and gold are built at the end of the block, which extracts, and the run is finished.
    """
    warehouse.call("etl.start_run()")
    run_id = warehouse.last_run()
    warehouse.call(f"etl.run_models('{{production.fence}}', {run_id}, 'test')")
    yield run_id
    for layer in ("build_silver", "build_gold", "run_checks", "finish_run"):
        warehouse.call(f"etl.{layer}({run_id})")


class Background:
    """A statement that runs in its own session while the test continues.

    Args:
        url: Connection string.
        statement: What to run, with autocommit.
    """

    def __init__(self, url: str, statement: str) -> None:
        self._url = url
        self._connection = psycopg.connect(url, autocommit=True, application_name="background")
        self.pid = self._connection.info.backend_pid
        pool = ThreadPoolExecutor(1)
        self._done: Future[None] = pool.submit(self._run, statement)
        pool.shutdown(wait=False)

    def wait_until_blocked(self) -> None:
        """Wait until it waits for a lock."""
        waiting = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
        with psycopg.connect(self._url, autocommit=True) as connection:

            def is_blocked() -> bool:
                assert not self._done.done(), self._done.exception()
                return (True,) in connection.execute(waiting, [self.pid]).fetchall()

            wait_until(is_blocked)

    def result(self) -> None:
        """Wait for its end, and raise its error."""
        self._done.result(60)

    def _run(self, statement: str) -> None:
        with self._connection as connection:
            connection.execute(statement.encode())


class Database:
    """One database and the connection strings to it, by role.

    Args:
        urls: Connection string by the role's short name; the first is used by default.
    """

    def __init__(self, urls: Mapping[str, str]) -> None:
        self.urls = dict(urls)
        self._default = next(iter(urls))
        self._open: list[psycopg.Connection] = []
        self._idle: dict[str, psycopg.Connection] = {}

    @property
    def name(self) -> str:
        """Name of the database."""
        return str(conninfo_to_dict(self.urls[self._default])["dbname"])

    def connect(self, role: str | None = None, *, autocommit: bool = False) -> psycopg.Connection:
        """Open another connection; it is closed after the test."""
        url = self.urls[role or self._default]
        connection = psycopg.connect(url, autocommit=autocommit, application_name="test")
        self._open.append(connection)
        return connection

    def rows(
        self, query: str, parameters: Parameters = None, *, role: str | None = None
    ) -> list[Row]:
        """Run one statement in its own transaction and return its rows."""
        role = role or self._default
        connection = self._idle.get(role)
        if connection is None or connection.broken:
            connection = self._idle[role] = self.connect(role, autocommit=True)
        cursor = connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def value(self, query: str, parameters: Parameters = None, *, role: str | None = None) -> Any:
        """Return the single value of a query."""
        ((value,),) = self.rows(query, parameters, role=role)
        return value

    def column(self, query: str, parameters: Parameters = None) -> list[Any]:
        """Return the first column of a query."""
        return [row[0] for row in self.rows(query, parameters)]

    def execute(self, *statements: str, role: str | None = None) -> None:
        """Run statements, each in its own transaction."""
        for statement in statements:
            self.rows(statement, role=role)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._open:
            with suppress(psycopg.Error):
                connection.close()
        self._open.clear()
        self._idle.clear()


class Shop(Database):
    """A production database; `admin` writes, `reader` is the warehouse's role."""

    def force(self, *statements: str) -> None:
        """Write as replication does, in one transaction.

        No trigger fires, so time stamps are kept, and foreign keys are not enforced.
        """
        with self.connect("admin") as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement.encode())

    def lift_rules(self, table: str) -> None:
        """Drop all constraints, except on the watermark: key, unique, check, NOT NULL."""
        constraints = f"SELECT conname FROM pg_constraint WHERE conrelid = '{table}'::regclass"
        for name in self.column(
            f"{constraints} AND contype IN ('p', 'u', 'c', 'n') "
            "AND conname !~ 'updated_at' ORDER BY contype DESC"
        ):
            self.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")


class Warehouse(Database):
    """A warehouse; roles `owner`, `loader`, `analyst`, `orchestrator`, `monitor` and `admin`."""

    def __init__(self, urls: Mapping[str, str], shop: Shop) -> None:
        super().__init__(urls)
        self.shop = shop

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which the command works on this warehouse and its shop."""
        return {
            "WAREHOUSE_URL": self.urls["owner"],
            "PRODUCTION_URL": self.shop.urls["reader"],
            "WAREHOUSE_ADMIN_URL": self.urls["admin"],
            "PRODUCTION_ADMIN_URL": self.shop.urls["admin"],
        }

    def lift_rules(self, table: str) -> None:
        """Drop all constraints in production, and its primary keys from the contract."""
        self.shop.lift_rules(table)
        self.execute(
            f"UPDATE etl.source_columns SET key_position = NULL WHERE table_name = '{table}'"
        )

    def deploy(
        self, root: Path = ROOT, *, source: str = "production", wait: str = "10 seconds"
    ) -> Plan:
        """Deploy a project as the owner, with the shop as its source."""
        urls = {source: self.shop.urls["reader"]}
        return deploy(render_project(root), self.urls["owner"], urls, wait=wait)

    def call(self, procedure: str, *, role: str = "loader") -> None:
        """CALL a procedure as the loader: `etl.run_pipeline()`."""
        self.rows(f"CALL {procedure}", role=role)

    def run(self) -> int:
        """Run the whole pipeline as the loader and return the run's id."""
        self.call("etl.run_pipeline()")
        return self.last_run()

    def reconcile(self) -> int:
        """Reconcile with production, update silver and gold, and return the run's id."""
        self.call("etl.reconcile()")
        return self.last_run()

    def last_run(self) -> int:
        """Id of the last run."""
        return int(self.value("SELECT max(run_id) FROM etl.runs"))

    def begin(self, procedure: str, *, role: str = "loader") -> Background:
        """CALL a procedure in its own session, without waiting for its end."""
        return Background(self.urls[role], f"CALL {procedure}")

    def tables(self, *schemas: str) -> list[str]:
        """Name the tables of some schemas, by default bronze, silver and gold.

        Partitions are not named: they are read through their table.
        """
        return self.column(
            """
            SELECT format('%%I.%%I', nspname, relname)
            FROM pg_class AS c INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
            WHERE nspname = ANY(%s) AND relkind IN ('r', 'p') AND NOT relispartition
            ORDER BY 1
            """,
            [list(schemas or LAYERS)],
        )

    def contents(self, *schemas: str) -> dict[str, list[Row]]:
        """Return all rows of all tables, sorted."""
        return {
            table: self.rows(f"SELECT t.* FROM {table} AS t ORDER BY t::text")
            for table in self.tables(*schemas)
        }

    def dump(self, *schemas: str) -> dict[str, list[str]]:
        """Return all rows of all tables as PostgreSQL writes them, infinite times too."""
        return {
            table: self.column(f"SELECT t::text FROM {table} AS t ORDER BY 1")
            for table in self.tables(*schemas)
        }

    def row_versions(self, *schemas: str) -> dict[str, list[Row]]:
        """Return xmin and ctid of each row: they are unchanged if nothing was written."""
        return {
            table: self.rows(
                f"SELECT xmin::text, tableoid, ctid::text FROM {table} ORDER BY tableoid, ctid"
            )
            for table in self.tables(*schemas)
        }

    def step_counts(self, run_id: int) -> dict[str, Row]:
        """Return rows (read, inserted, updated, deleted, rejected) by model of a run."""
        return {
            row[0]: row[1:]
            for row in self.rows(
                """
                SELECT model, rows_read, rows_inserted, rows_updated, rows_deleted, rows_rejected
                FROM etl.steps WHERE run_id = %s ORDER BY position
                """,
                [run_id],
            )
        }

    def fence(self, run_id: int) -> dict[str, Any]:
        """Return the fence that a run read."""
        (row,) = self.rows("SELECT to_jsonb(f) FROM etl.fences AS f WHERE run_id = %s", [run_id])
        return dict(row[0])
