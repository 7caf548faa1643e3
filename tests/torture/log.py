"""Checks that the log records the result of every run."""

from collections.abc import Iterable
from datetime import datetime

import psycopg

from tests.torture.history import History, TortureError
from tests.torture.nemesis import Strike
from tests.torture.runs import BUSY, Attempt, message


def check_log(
    warehouse: psycopg.Connection,
    attempts: Iterable[Attempt],
    strikes: Iterable[Strike],
    history: History,
) -> None:
    """Compare the log of the warehouse with the results of the clients (G4).

    Args:
        warehouse: A session of the administrator.
        attempts: All attempts of the round, which has ended.
        strikes: The failures during the round.
        history: Its tally counts the results of runs.
    """
    attempts, strikes = list(attempts), list(strikes)
    began = attempts[0].began
    runs = warehouse.execute(
        """
        SELECT run_id, backend_pid, started_at, status, coalesce(error, '')
        FROM etl.runs WHERE started_at >= %s ORDER BY run_id
        """,
        [began],
    ).fetchall()
    wrong = [
        f"run {run_id} is {status} ({error or 'no error'}), but {problem}"
        for run_id, pid, started, status, error in runs
        if (problem := _problem(_whose(pid, started, attempts), status, error))
    ]
    wrong += [
        f"{attempt.kind} at {attempt.began:%H:%M:%S.%f} failed though nothing had struck it: "
        f"{message(attempt.error)}"
        for attempt in attempts
        if attempt.error
        and attempt.error.sqlstate not in BUSY
        and not any(strike.excuses(attempt) for strike in strikes)
    ]
    ended = "SELECT status FROM etl.runs WHERE started_at >= %s"
    for (status,) in warehouse.execute(ended, [began]):
        history.tally[f"runs logged as {status}"] += 1
    unfinished = warehouse.execute(
        """
        SELECT format('step %s of run %s is pending, but the run has %s', model, run_id, r.status)
        FROM etl.steps AS s INNER JOIN etl.runs AS r USING (run_id)
        WHERE s.status = 'pending'
        """
    )
    wrong += [line for (line,) in unfinished]
    if wrong:
        raise TortureError("G4: the log does not tell what happened", wrong)


def _whose(pid: int, started: datetime, attempts: list[Attempt]) -> Attempt | None:
    """Find the attempt that a run belongs to: the last of its session that had begun by then."""
    for attempt in reversed(attempts):
        if pid in attempt.sessions and attempt.began < started:
            return attempt
    return None


def _problem(attempt: Attempt | None, status: str, error: str) -> str | None:
    if attempt is None:
        return "nobody had begun it"
    if status in ("failed", "abandoned") and not error:
        return "it does not say why"
    if attempt.has_returned:
        return None if status == "succeeded" else "the client was told that all is well"
    if status == "running":
        return "it is over"
    # A failure after the commit can lose the answer of a successful run. Of several runs, the first
    # may have succeeded.
    may_succeed = attempt.kind == "layers" or (
        attempt.error is None or attempt.error.sqlstate in (None, "57P01", "57014")
    )
    if status == "succeeded" and not may_succeed:
        return f"the client was told {message(attempt.error)}"
    return None
