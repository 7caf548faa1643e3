"""The rounds of the torture test: concurrent actors for a while, then a check of every row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from threading import Event

import psycopg

from tests.test_rebuild import forget
from tests.torture.arena import Arena, session
from tests.torture.changes import Changes
from tests.torture.checker import Checker
from tests.torture.clock import Clock
from tests.torture.control import Control
from tests.torture.history import History, TortureError
from tests.torture.ledger import Ledger
from tests.torture.log import check_log
from tests.torture.nemesis import Nemesis
from tests.torture.report import Report
from tests.torture.runs import BUSY, Attempt, Runner
from tests.torture.unruly import UnrulyWriter
from tests.torture.workload import FIRST_HONEST_ID, KEYS, HonestWriter, Writer

HONEST_WRITERS = 4
UNRULY_WRITERS = 3
SECONDS_TO_REST = 60


class Campaign:
    """A torture test, from two empty servers to the report.

    Args:
        folder: For the servers' data.
        seed: Of all random choices; the interleaving of threads still differs.
    """

    def __init__(self, folder: Path, seed: str) -> None:
        self.history = History()
        self.ledger = Ledger()
        self.arena = Arena(folder)
        self.report = Report(seed, self.history)
        self._random = Random(f"{seed}/campaign")
        self._runner = Runner(self.arena.warehouse["loader"], seed, self.history, self.ledger)
        self._nemesis = Nemesis(self.arena, self._runner, seed, self.history)
        clock = Clock(self.arena, self._runner, self.history)
        self._changes = Changes(self.arena, clock, seed, self.history)
        self._checker = Checker(self.arena, self.ledger, self.history)
        self._control = Control(self.arena)
        url = self.arena.production
        self._writers: list[Writer] = [
            *(
                HonestWriter(f"honest {n}", url, seed, self.history, self.ledger)
                for n in range(HONEST_WRITERS)
            ),
            *(UnrulyWriter(f"unruly {n}", url, seed, self.history) for n in range(UNRULY_WRITERS)),
        ]
        with session(url) as production:
            for table, key in KEYS.items():
                production.execute(
                    f"ALTER SEQUENCE {table}_{key}_seq RESTART {FIRST_HONEST_ID}".encode()
                )

    def round(self, seconds: float) -> None:
        """Run all actors for a while, then check.

        Raises:
            TortureError: The warehouse violated a guarantee; the error has the history.
        """
        since = len(self.history.events)
        attempts, strikes = len(self._runner.attempts), len(self._nemesis.strikes)
        self.history.add("campaign", "a round begins")
        self._runner.may_rebuild = self._changes.may_deploy = self.report.rounds % 2 == 0
        self._changes.may_turn_clock = self.report.rounds > 0
        try:
            self._be_busy(seconds)
            self._come_to_rest()
            self._checker.check_honest_rows()
            self._run("reconcile")
            self._checker.check_all()
            with self._checker.picture():
                self._rebuild()
            with session(self.arena.warehouse["admin"]) as warehouse:
                check_log(
                    warehouse,
                    self._runner.attempts[attempts:],
                    self._nemesis.strikes[strikes:],
                    self.history,
                )
        except TortureError as error:
            story = self.history.text(since, error.keys or None)
            raise TortureError(
                f"{error}\nseed {self.report.seed}\n{story}", self._log_lines(), error.keys
            ) from None
        self.report.rounds += 1
        self._run_control()
        self.report.control.append(self._control.wrong_rows())

    def finish(self) -> None:
        """Empty silver and gold, and build them again from bronze (G3, G5).

        Raises:
            TortureError: They were not the same.
        """
        with self._checker.picture():
            self.arena.harness.close()
            forget(self.arena.harness, "silver", "gold")
            self._run("rebuild all")

    def close(self) -> None:
        """Clean up."""
        self._runner.close()
        self.arena.close()

    def _be_busy(self, seconds: float) -> None:
        """Run writers, runs, failures and changes concurrently."""
        with (
            at_work([writer.work for writer in self._writers]),
            at_work([self._nemesis.work, self._changes.work]),
        ):
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                attempt = self._runner.attempt()
                self._check(attempt)
                self._run_control()
                time.sleep(self._random.choice([0, 0, 0.1, 0.3]) + 0.1 * bool(attempt.error))

    def _come_to_rest(self) -> None:
        """End open transactions on production, and run once."""
        with session(self.arena.production) as production:
            for writer in self._writers:
                writer.settle(production)
            left = production.execute("SELECT gid FROM pg_prepared_xacts").fetchall()
            assert not left, f"left prepared: {left}"
        self._run("pipeline")

    def _run(self, kind: str) -> None:
        """Run without writers; only a run whose client is gone may still be active."""
        deadline = time.monotonic() + SECONDS_TO_REST
        while (attempt := self._runner.attempt(kind)).error:
            if attempt.error.sqlstate not in BUSY or time.monotonic() > deadline:
                raise TortureError(f"{kind} fails, though all is at rest", [attempt.error])
            time.sleep(0.2)
        self._check(attempt)

    def _check(self, attempt: Attempt) -> None:
        """Check the result of a run; the warehouse may be killed meanwhile."""
        with suppress(psycopg.OperationalError):
            if attempt.has_returned and self._checker.check_run(attempt):
                self._runner.last_read = attempt.began

    def _rebuild(self) -> None:
        before = self._rows_built()
        self._run("rebuild all")
        with session(self.arena.warehouse["admin"]) as warehouse:
            written = warehouse.execute(
                """
                SELECT format('%s: %s', model, rows_inserted + rows_updated + rows_deleted)
                FROM etl.steps
                WHERE
                    run_id = (SELECT max(run_id) FROM etl.runs)
                    AND rows_inserted + rows_updated + rows_deleted > 0
                """
            ).fetchall()
        if written:
            after = self._rows_built()
            lines = [line for (line,) in written]
            lines += [f"was {row}" for row in sorted(before - after)]
            lines += [f"is  {row}" for row in sorted(after - before)]
            raise TortureError("G3: a rebuild writes rows", lines + self._versions())

    def _rows_built(self) -> set[str]:
        """Record every row of the dimensions and of silver."""
        queries = [
            "SELECT 'gold.dim_customers ' || t::text FROM gold.dim_customers AS t",
            "SELECT 'gold.dim_products ' || t::text FROM gold.dim_products AS t",
            *(
                f"SELECT 'silver.clean_{table} ' || t::text FROM silver.clean_{table} AS t"
                for table in KEYS
            ),
        ]
        with session(self.arena.warehouse["admin"]) as warehouse:
            return {row for query in queries for (row,) in warehouse.execute(query.encode())}

    def _versions(self) -> list[str]:
        """Describe the history of the members of dimensions that the last rebuild wrote."""
        queries = [
            f"""
            SELECT '{dimension} ' || v::text FROM silver.{versions} AS v
            WHERE v.{key} IN (
                SELECT {key} FROM gold.{dimension}
                WHERE _run_id = (SELECT max(run_id) FROM etl.runs)
            )
            ORDER BY v.{key}, v._run_id
            """
            for dimension, versions, key in (
                ("dim_customers", "customer_versions", "customer_id"),
                ("dim_products", "product_versions", "product_id"),
            )
        ]
        with session(self.arena.warehouse["admin"]) as warehouse:
            return [row for query in queries for (row,) in warehouse.execute(query.encode())]

    def _run_control(self) -> None:
        with suppress(psycopg.OperationalError):
            self._control.run()

    def _log_lines(self) -> list[str]:
        """Describe the last runs according to the warehouse."""
        queries = [
            "SELECT r::text FROM etl.runs AS r ORDER BY run_id DESC LIMIT 30",
            "SELECT f::text FROM etl.fences AS f ORDER BY run_id DESC LIMIT 30",
            "SELECT w::text FROM etl.watermarks AS w ORDER BY model",
        ]
        with session(self.arena.warehouse["admin"]) as warehouse:
            return [row[0] for query in queries for row in warehouse.execute(query.encode())]


@contextmanager
def at_work(jobs: list[Callable[[Event], None]]) -> Iterator[None]:
    """Run threads during the block; an error of one of them is raised at its end."""
    stop = Event()
    with ThreadPoolExecutor(len(jobs)) as pool:
        futures = [pool.submit(job, stop) for job in jobs]
        try:
            yield
        finally:
            stop.set()
        for future in futures:
            future.result()
