"""CALLs a procedure of the warehouse on one connection and watches it on a second one."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import psycopg
from psycopg.rows import class_row

from fdwarehouse.database.connections import connect
from fdwarehouse.database.session import Session
from fdwarehouse.errors import FdwarehouseError

POLL_SECONDS = 0.1

# The server checks whether the client still exists: a killed client cannot close the connection.
SESSION = "SET client_connection_check_interval = '2s'"

# The watching session does not wait for a deploy, which locks the views that it reads.
WATCH = "SET lock_timeout = '100ms'"
LOOK_BACK = "SET lock_timeout = '10s'"  # at the end, once

_STEPS = """
    SELECT
        m.model, m.layer, coalesce(s.state, 'pending') AS state, s.rows_read, s.rows_inserted,
        s.rows_updated, s.rows_deleted, s.rows_rejected,
        extract(EPOCH FROM s.duration)::float8 AS seconds, s.error, s.run_id
    FROM etl.pipeline_steps AS m
    LEFT JOIN (
        SELECT * FROM etl.progress
        WHERE run_id = (
            SELECT max(run_id) FROM etl.runs
            WHERE run_id > %(before)s AND backend_pid = %(pid)s
        )
    ) AS s ON m.model = s.model
    WHERE (m.layer = ANY(%(layers)s) AND m.interval_between IS NULL) OR s.model IS NOT NULL
    ORDER BY m.position
"""

_STEPS_AT_THE_END = """
    SELECT
        model, layer, status AS state, rows_read, rows_inserted, rows_updated, rows_deleted,
        rows_rejected, extract(EPOCH FROM duration)::float8 AS seconds, error, run_id
    FROM etl.steps
    WHERE run_id = %s
    ORDER BY position
"""

_CHECKS = """
    SELECT
        r.check_name, r.layer, r.severity, r.offending_rows, r.sample_rows,
        extract(EPOCH FROM r.duration)::float8 AS seconds,
        coalesce(c.description, '') AS description
    FROM etl.check_results AS r
    LEFT JOIN etl.checks AS c ON r.check_name = c.check_name
    WHERE r.checked_at >= %s
    ORDER BY array_position('{bronze,silver,gold}', r.layer), r.check_name
"""

_RUN = """
    SELECT run_id, status FROM etl.runs
    WHERE run_id > %(before)s AND backend_pid = %(pid)s
    ORDER BY run_id DESC LIMIT 1
"""


@dataclass(frozen=True)
class Step:
    """The state of one model in a run. Rows and seconds are None until its transaction ends."""

    model: str
    layer: str
    state: str
    rows_read: int | None
    rows_inserted: int | None
    rows_updated: int | None
    rows_deleted: int | None
    rows_rejected: int | None
    seconds: float | None
    error: str | None
    run_id: int | None = None

    @property
    def rows_written(self) -> int:
        """Rows inserted, updated and deleted."""
        return (self.rows_inserted or 0) + (self.rows_updated or 0) + (self.rows_deleted or 0)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in ("succeeded", "failed", "rolled_back", "skipped", "abandoned")


@dataclass(frozen=True)
class CheckResult:
    """The result of a check."""

    check_name: str
    layer: str
    severity: str
    offending_rows: int
    sample_rows: list[dict[str, Any]]
    seconds: float
    description: str

    @property
    def state(self) -> str:
        """``passed``, ``warned`` or ``failed``."""
        if self.offending_rows == 0:
            return "passed"
        return "failed" if self.severity == "error" else "warned"


@dataclass(frozen=True)
class Outcome:
    """How a call ended."""

    run_id: int | None
    status: str
    """succeeded, failed, or cancelled; for a run ended from outside, the status in the log."""
    seconds: float
    error: psycopg.Error | None = None
    steps: list[Step] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    was_cancelled: bool = False
    """Whether Ctrl-C or SIGTERM came, even if the run ended before it was cancelled."""

    @property
    def rows_read(self) -> int:
        """Rows that were read from the sources."""
        return sum(step.rows_read or 0 for step in self.steps if step.layer == "bronze")

    @property
    def rows_rejected(self) -> int:
        """Rows that silver has set aside."""
        return sum(step.rows_rejected or 0 for step in self.steps)

    @property
    def rows_written(self) -> int:
        """Rows that all steps wrote, except in the log of fences."""
        return sum(step.rows_written for step in self.steps if step.layer != "source")


def call(
    url: str,
    statement: str,
    parameters: Sequence[object] = (),
    *,
    layers: Sequence[str] = (),
    on_progress: Callable[[list[Step]], None] = lambda _: None,
) -> Outcome:
    """CALL a procedure and follow its steps. Ctrl-C and SIGTERM cancel it on the server.

    Args:
        url: connection string of a role that may call it.
        statement: the CALL.
        parameters: its arguments.
        layers: whose models are shown as pending before their steps are planned.
        on_progress: called with the steps ten times a second.

    Raises:
        FdwarehouseError: the warehouse cannot be reached, or nothing is deployed there.
    """
    with connect(url, autocommit=True) as worker, connect(url, autocommit=True) as watcher:
        require_deployed(watcher)
        worker.execute(SESSION)
        watcher.execute(WATCH)
        begun_at, before = first_row(
            watcher, "SELECT clock_timestamp(), (SELECT coalesce(max(run_id), 0) FROM etl.runs)"
        ) or (None, 0)
        (pid,) = first_row(worker, "SELECT pg_backend_pid()")  # a pooler reports another at login
        ours = {"before": before, "pid": pid, "layers": list(layers)}

        def poll() -> None:
            if begun_at is not None and (steps := _fetch(watcher, Step, _STEPS, ours)):
                on_progress(steps)

        started = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(worker.execute, statement.encode(), parameters)
            was_cancelled = wait_for_all({future: worker}, poll)
        seconds = time.monotonic() - started
        error = future.exception()
        if error is not None and not isinstance(error, psycopg.Error):
            raise error
        status = "succeeded" if error is None else "cancelled" if was_cancelled else "failed"
        if begun_at is None:  # the role may only CALL
            return Outcome(None, status, seconds, error, was_cancelled=was_cancelled)
        watcher.execute(LOOK_BACK)
        run_id, at_the_end = first_row(watcher, _RUN, ours) or (None, None)
        if was_cancelled and at_the_end == "running":  # between two steps, so none has failed
            with suppress(psycopg.Error):
                worker.execute("CALL etl.abandon_run(%s)", [run_id])
        steps = _fetch(watcher, Step, _STEPS_AT_THE_END, [run_id])
        on_progress(steps)  # some may have ended since the last poll
        checks = _fetch(watcher, CheckResult, _CHECKS, [begun_at])
        return Outcome(run_id, status, seconds, error, steps, checks, was_cancelled)


def require_deployed(warehouse: psycopg.Connection) -> None:
    """Check that a warehouse is deployed.

    Args:
        warehouse: a connection.

    Raises:
        FdwarehouseError: nothing is deployed in its database.
    """
    runner = "SELECT 1 FROM pg_proc WHERE oid = to_regproc('etl.run_pipeline')"
    if first_row(warehouse, runner) is None:
        if isinstance(warehouse, Session) and warehouse.schema_prefix:
            raise FdwarehouseError(
                f"the environment with the prefix {warehouse.schema_prefix} is not deployed",
                hint="`fdwarehouse --env NAME deploy` creates it beside the main deployment.",
            )
        raise FdwarehouseError(
            f"nothing is deployed in database {warehouse.info.dbname}",
            hint="`fdwarehouse deploy` creates the warehouse.",
        )


def wait_for_all(calls: Mapping[Future[Any], psycopg.Connection], poll: Callable[[], None]) -> bool:
    """Wait for calls to end, and return whether they were cancelled.

    Args:
        calls: the connection of each call.
        poll: called ten times a second meanwhile.
    """
    was_cancelled = False
    with sigterm_as_interrupt():
        while not all(future.done() for future in calls):
            try:
                wait(calls, timeout=POLL_SECONDS)
                poll()
            except KeyboardInterrupt:
                if was_cancelled:
                    raise
                was_cancelled = True
                for connection in calls.values():
                    connection.cancel_safe(timeout=10)
    return was_cancelled


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, so that the query on the server is cancelled too."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with ExitStack() as stack:
        with suppress(ValueError):  # not in the main thread
            previous = signal.signal(signal.SIGTERM, interrupt)
            stack.callback(signal.signal, signal.SIGTERM, previous)
        yield


def _fetch(
    connection: psycopg.Connection, kind: type[Any], query: str, parameters: Any
) -> list[Any]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        try:
            return cursor.execute(query.encode(), parameters).fetchall()
        except psycopg.errors.LockNotAvailable:
            return []


def first_row(connection: psycopg.Connection, query: str, parameters: Any = None) -> Any:
    """Return the first row; None if there is none, or it cannot be read (privileges, locks).

    Args:
        connection: to the warehouse.
        query: the query.
        parameters: of the query.
    """
    try:
        return connection.execute(query.encode(), parameters).fetchone()
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.LockNotAvailable):
        return None
