"""Who is measured: ours, and pandas + psycopg2 + dbt-postgres."""

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
        """Make what is made once, when the pipeline is set up; not measured."""

    def run(self, pair: Pair, workspace: Path) -> Cost:
        """Bring everything up to date and check it."""

    def revenue(self, pair: Pair) -> Revenue:
        """Answer with the revenue by day that its metrics show."""


class Fdwarehouse:
    """Ours, called by psql."""

    name = "fdwarehouse"

    def prepare(self, pair: Pair, workspace: Path) -> None:  # noqa: ARG002
        """Deploy, as `fdwarehouse deploy` does."""
        pair.deploy()

    def run(self, pair: Pair, workspace: Path) -> Cost:  # noqa: ARG002
        """CALL the pipeline."""
        return self.call(pair, "etl.run_pipeline()")

    def call(self, pair: Pair, *procedures: str) -> Cost:
        """CALL some procedures with one psql, as the role that may do no more."""
        return measure(pair, [psql(pair, LOADER, *(f"CALL {each}" for each in procedures))], {})

    def backfill(self, pair: Pair, jobs: int) -> Cost:
        """Load bronze in pieces with the command, as the role that may do no more."""
        program = str(Path(sys.executable).with_name("fdwarehouse"))
        command = [program, "backfill", "--jobs", str(jobs)]
        return measure(pair, [command], {"WAREHOUSE_URL": pair.url("warehouse", LOADER)})

    def revenue(self, pair: Pair) -> Revenue:
        """Ask gold.daily_sales."""
        return _daily_sales(pair)

    def steps(self, pair: Pair) -> list[dict[str, Any]]:
        """Return what each step and check of the last run took."""
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
    """Ours, with every table written by hand instead of as a SELECT."""

    name = "written by hand"

    def prepare(self, pair: Pair, workspace: Path) -> None:
        """Deploy that project."""
        pair.deploy(written_by_hand(workspace / "by_hand"))


class PandasDbt:
    """Extraction by pandas and psycopg2, transformation and tests by dbt."""

    name = "pandas + dbt"

    def prepare(self, pair: Pair, workspace: Path) -> None:
        """Make the tables of bronze, and let dbt parse its project."""
        self.make_bronze(pair)
        peers.copy_dbt_project(workspace)
        measure(pair, [peers.dbt(workspace, "parse")], peers.environment(pair, workspace))

    def make_bronze(self, pair: Pair) -> None:
        """Make the tables of bronze."""
        with psycopg.connect(pair.url("warehouse", OWNER)) as connection:
            connection.execute((FOLDER / "pandas_dbt" / "bronze.sql").read_bytes())

    def extract(self, pair: Pair, workspace: Path) -> Cost:
        """Bring bronze up to date, no more."""
        command = peers.python("pandas_dbt.extract")
        return measure(pair, [command], peers.environment(pair, workspace))

    def run(self, pair: Pair, workspace: Path) -> Cost:
        """Extract, then `dbt build`: run, snapshot and test in one process, the quickest way."""
        commands = [peers.python("pandas_dbt.extract"), peers.dbt(workspace, "build")]
        return measure(pair, commands, peers.environment(pair, workspace))

    def revenue(self, pair: Pair) -> Revenue:
        """Ask the model daily_sales."""
        return _daily_sales(pair)


def psql(pair: Pair, role: str, *statements: str) -> list[str]:
    """Command line of psql, each statement in a transaction of its own.

    Args:
        pair: The databases; the warehouse is asked.
        role: Who asks.
        statements: What to run.
    """
    command = [str(binaries({}) / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
    for statement in statements:
        command += ["-c", statement]
    return [*command, pair.url("warehouse", role)]


def revenue_in_production(pair: Pair) -> Revenue:
    """Ask production itself for the revenue by day."""
    return pair.rows(
        "production",
        """
        SELECT o.order_date::date, sum(i.quantity * i.unit_price)
        FROM orders AS o INNER JOIN order_items AS i ON o.order_id = i.order_id
        WHERE o.status <> 'cancelled' GROUP BY 1 ORDER BY 1
        """,
    )


def all_contestants() -> Sequence[Contestant]:
    """Name both."""
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
