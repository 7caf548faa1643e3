"""The contestants: fdwarehouse, and pandas + psycopg2 + dbt-postgres."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import psycopg

from benchmarks import peers
from benchmarks.arena import LOADER, OWNER, Pair
from benchmarks.measure import Cost, measure
from benchmarks.options import FOLDER
from fdwarehouse.embedded.programs import binaries
from tests.compiler.shop_files import written_by_hand

Revenue = list[tuple[Any, Any]]


class Contestant(Protocol):
    """A pipeline from production to checked gold."""

    name: str

    def prepare(self, pair: Pair, workspace: Path) -> None:
        """Set up the pipeline; not measured."""

    def run(self, pair: Pair, workspace: Path) -> Cost:
        """Bring everything up to date and check it."""

    def revenue(self, pair: Pair) -> Revenue:
        """Return the revenue by day in its metrics."""


class Fdwarehouse:
    """fdwarehouse, called with psql."""

    name = "fdwarehouse"

    def prepare(self, pair: Pair, workspace: Path) -> None:  # noqa: ARG002
        """Deploy, as `fdwarehouse deploy` does."""
        pair.deploy()

    def run(self, pair: Pair, workspace: Path) -> Cost:  # noqa: ARG002
        """CALL the pipeline."""
        return self.call(pair, "etl.run_pipeline()")

    def call(self, pair: Pair, *procedures: str) -> Cost:
        """CALL some procedures in one psql, as the role that may only do that."""
        return measure(pair, [psql(pair, LOADER, *(f"CALL {each}" for each in procedures))], {})

    def backfill(self, pair: Pair, jobs: int) -> Cost:
        """Load bronze in chunks with the command, as the role that may only do that."""
        program = str(Path(sys.executable).with_name("fdwarehouse"))
        command = [program, "backfill", "--jobs", str(jobs)]
        return measure(pair, [command], {"WAREHOUSE_URL": pair.url("warehouse", LOADER)})

    def revenue(self, pair: Pair) -> Revenue:
        """Read gold.daily_sales."""
        return _daily_sales(pair)

    def steps(self, pair: Pair) -> list[dict[str, Any]]:
        """Return the time of each step and check of the last run."""
        rows = pair.rows(
            "warehouse",
            """
            SELECT model, extract(EPOCH FROM duration)::float8, rows_read, rows_inserted,
                rows_updated, rows_deleted
            FROM etl.steps WHERE run_id = (SELECT max(run_id) FROM etl.runs) ORDER BY position
            """,
        )
        checks = pair.rows(
            "warehouse",
            """
            SELECT 'check ' || check_name, extract(EPOCH FROM duration)::float8, NULL, 0, 0, 0
            FROM etl.check_results WHERE run_id = (SELECT max(run_id) FROM etl.runs)
            ORDER BY duration DESC
            """,
        )
        names = ("step", "seconds", "read", "inserted", "updated", "deleted")
        return [dict(zip(names, row, strict=True)) for row in (*rows, *checks)]


class WrittenByHand(Fdwarehouse):
    """fdwarehouse, with every table written by hand instead of as a SELECT."""

    name = "written by hand"

    def prepare(self, pair: Pair, workspace: Path) -> None:
        """Deploy the project with tables by hand."""
        pair.deploy(written_by_hand(workspace / "by_hand"))


class PandasDbt:
    """Extraction by pandas and psycopg2, transformation and tests by dbt."""

    name = "pandas + dbt"

    def prepare(self, pair: Pair, workspace: Path) -> None:
        """Create the tables of bronze, and parse the dbt project."""
        self.make_bronze(pair)
        peers.copy_dbt_project(workspace)
        measure(pair, [peers.dbt(workspace, "parse")], peers.environment(pair, workspace))

    def make_bronze(self, pair: Pair) -> None:
        """Create the tables of bronze."""
        with psycopg.connect(pair.url("warehouse", OWNER)) as connection:
            connection.execute((FOLDER / "pandas_dbt" / "bronze.sql").read_bytes())

    def extract(self, pair: Pair, workspace: Path) -> Cost:
        """Bring only bronze up to date."""
        command = peers.python("pandas_dbt.extract")
        return measure(pair, [command], peers.environment(pair, workspace))

    def run(self, pair: Pair, workspace: Path) -> Cost:
        """Extract, then `dbt build`: run, snapshot and test in one process, which is fastest."""
        commands = [peers.python("pandas_dbt.extract"), peers.dbt(workspace, "build")]
        return measure(pair, commands, peers.environment(pair, workspace))

    def revenue(self, pair: Pair) -> Revenue:
        """Read the model daily_sales."""
        return _daily_sales(pair)


def psql(pair: Pair, role: str, *statements: str) -> list[str]:
    """Return the command line of psql, with one transaction per statement.

    Args:
        pair: The databases; the statements run in the warehouse.
        role: The role that connects.
        statements: The statements.
    """
    command = [str(binaries({}) / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
    for statement in statements:
        command += ["-c", statement]
    return [*command, pair.url("warehouse", role)]


def revenue_in_production(pair: Pair) -> Revenue:
    """Return the revenue by day in production."""
    return pair.rows(
        "production",
        """
        SELECT o.order_date::date, sum(i.quantity * i.unit_price)
        FROM orders AS o INNER JOIN order_items AS i ON o.order_id = i.order_id
        WHERE o.status <> 'cancelled' GROUP BY 1 ORDER BY 1
        """,
    )


def all_contestants() -> Sequence[Contestant]:
    """Return the contestants."""
    return (Fdwarehouse(), PandasDbt())


def _daily_sales(pair: Pair) -> Revenue:
    return pair.rows(
        "warehouse",
        """
        SELECT d.date, s.revenue
        FROM gold.daily_sales AS s INNER JOIN gold.dim_date AS d ON s.date_key = d.date_key
        WHERE s.orders > 0 ORDER BY d.date
        """,
    )
