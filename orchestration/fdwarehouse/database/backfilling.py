"""Loads tables for the first time, in chunks shared by several sessions."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg

from fdwarehouse.database.connections import connect
from fdwarehouse.database.running import SESSION, WATCH, first_row, require_deployed, wait_for_all

_PROGRESS = """
    SELECT
        coalesce(sum(p.chunks), 0)::integer, coalesce(sum(p.chunks_loaded), 0)::integer,
        coalesce(sum(p.rows_loaded), 0)::bigint, extract(EPOCH FROM sum(p.time_left))::float8,
        min(r.run_id), min(r.status)
    FROM etl.backfill_progress AS p
    FULL JOIN (
        SELECT run_id, status FROM etl.runs
        WHERE begun_by = 'etl.backfill' ORDER BY run_id DESC LIMIT 1
    ) AS r ON true
"""


_UNFILLED = """
    SELECT DISTINCT model || ': ' || (failure).message
    FROM etl.chunks
    WHERE failed_run_id = %s AND (failure).error_code = '55000'
    ORDER BY 1
"""


@dataclass(frozen=True)
class Progress:
    """The progress of a backfill."""

    chunks: int
    chunks_loaded: int
    rows_loaded: int
    seconds_left: float | None
    """An estimate; None before the first chunk is loaded."""
    run_id: int | None
    """The last backfill run; None if there is none."""
    status: str | None
    """Status of that run: running, succeeded, failed or abandoned."""


@dataclass(frozen=True)
class Backfill:
    """How a backfill ended."""

    seconds: float
    before: Progress | None
    """The progress before the call; None if the role may only CALL."""
    progress: Progress | None
    """The progress now."""
    errors: list[psycopg.Error]
    was_cancelled: bool
    unfilled: list[str]
    """Materialized views of production that have no data, and what the server says of them."""

    @property
    def cause(self) -> psycopg.Error | None:
        """The error that ended it, rather than that of a session whose run had ended already."""
        return min(self.errors, key=lambda error: error.sqlstate == "DW004", default=None)


def backfill(
    url: str, jobs: int, chunk_rows: int, on_progress: Callable[[Progress], None]
) -> Backfill:
    """CALL etl.backfill in several sessions. Ctrl-C and SIGTERM cancel it on the server.

    Args:
        url: connection string of a role that may call it.
        jobs: number of sessions.
        chunk_rows: rows per chunk.
        on_progress: called with the progress ten times a second.

    Raises:
        FdwarehouseError: the warehouse cannot be reached, or nothing is deployed there.
    """
    with ExitStack() as stack:
        watcher = stack.enter_context(connect(url, autocommit=True))
        require_deployed(watcher)
        watcher.execute(WATCH)
        workers = [stack.enter_context(connect(url, autocommit=True)) for _ in range(jobs)]
        for worker in workers:
            worker.execute(SESSION)

        def progress() -> Progress | None:
            row = first_row(watcher, _PROGRESS)
            return Progress(*row) if row else None

        def poll() -> None:
            if seen := progress():
                on_progress(seen)

        before = progress()
        started = time.monotonic()
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        calls = {
            pool.submit(worker.execute, "CALL etl.backfill(%s)", [chunk_rows]): worker
            for worker in workers
        }
        was_cancelled = wait_for_all(calls, poll)
        seconds = time.monotonic() - started
        errors = [error for call in calls if (error := call.exception())]
        for error in errors:
            if not isinstance(error, psycopg.Error):
                raise error
        now = progress()
        found = watcher.execute(_UNFILLED, [now.run_id]).fetchall() if now else []
        return Backfill(
            seconds,
            before,
            now,
            [error for error in errors if isinstance(error, psycopg.Error)],
            was_cancelled,
            [line for (line,) in found],
        )
