"""Pipeline runs of every kind, one after the other, each of which may fail at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from threading import Condition

import psycopg

from tests.torture.arena import session
from tests.torture.history import History, Key
from tests.torture.ledger import Ledger

LEASE = "1 second"

# The weight of each kind of run. A rebuild repairs errors of increments, so there are periods
# without one.
KINDS = {
    "pipeline": 7,
    "pipeline in an old session": 4,
    "steps": 5,
    "layers": 1,
    "reconcile": 3,
    "reconcile one": 1,
    "rebuild": 2,
    "rebuild all": 1,
}

# Errors that mean: wait for another session. A run holds the warehouse, an open run is past that
# step, a deploy is in progress.
BUSY = ("DW001", "DW005", "DW006")


@dataclass
class Attempt:
    """One attempt to run something, and its result."""

    kind: str
    began: datetime
    owed: Mapping[Key, int]
    """What production had acknowledged to honest writers before it began."""
    sessions: dict[int, psycopg.Connection] = field(default_factory=dict)
    """All sessions that it had, by server process."""
    ended: datetime | None = None
    is_left_open: bool = False
    """A run over several sessions that nobody came back to."""
    error: psycopg.Error | None = None

    @property
    def has_returned(self) -> bool:
        """Whether it succeeded according to the client."""
        return self.ended is not None and self.error is None and not self.is_left_open


class Runner:
    """Runs the pipeline as the loader.

    Args:
        url: Connection string of the loader.
        seed: Of the random choices.
        history: Records the attempts.
        ledger: The acknowledged writes.
    """

    def __init__(self, url: str, seed: str, history: History, ledger: Ledger) -> None:
        self.attempts: list[Attempt] = []
        self.may_rebuild = True
        self.seconds = 0.3
        self.last_read = datetime.now(UTC)
        self._url = url
        self._random = Random(f"{seed}/runner")
        self._history = history
        self._ledger = ledger
        self._old_session: psycopg.Connection | None = None
        self._current: Attempt | None = None
        self._changed = Condition()

    def close(self) -> None:
        """End the session that was kept open."""
        if self._old_session:
            self._old_session.close()

    def next_attempt(self, seconds: float) -> Attempt | None:
        """Wait until an attempt begins, and return it; None if none begins in time."""
        with self._changed:
            last = self._current
            self._changed.wait_for(lambda: self._current not in (None, last), seconds)
            return self._current if self._current is not last else None

    def attempt(self, kind: str | None = None) -> Attempt:
        """Run something, and record success or failure.

        Args:
            kind: One of `KINDS`; None chooses one at random.
        """
        if kind is None:
            kinds = {
                name: weight
                for name, weight in KINDS.items()
                if self.may_rebuild or not name.startswith("rebuild")
            }
            (kind,) = self._random.choices(list(kinds), list(kinds.values()))
        self._wait_for_warehouse()
        attempt = Attempt(kind, datetime.now(UTC), self._ledger.acknowledged())
        self.attempts.append(attempt)
        self._announce(attempt)
        try:
            self._run(attempt)
        except psycopg.Error as error:
            attempt.error = error
        finally:
            self._announce(None)
        attempt.ended = datetime.now(UTC)
        seconds = (attempt.ended - attempt.began).total_seconds()
        if attempt.has_returned:
            self.seconds = 0.8 * self.seconds + 0.2 * seconds
        self._tell(attempt, seconds)
        return attempt

    def _run(self, attempt: Attempt) -> None:
        kinds: dict[str, Callable[[], None]] = {
            "pipeline": lambda: self._call(attempt, "etl.run_pipeline()"),
            "pipeline in an old session": lambda: self._run_in_old_session(attempt),
            "reconcile": lambda: self._call(attempt, "etl.reconcile()"),
            "reconcile one": lambda: self._call(attempt, "etl.reconcile('orders')"),
            "rebuild": lambda: self._call(
                attempt, f"etl.rebuild('{self._random.choice(['silver', 'gold'])}')"
            ),
            "rebuild all": lambda: self._call(attempt, "etl.rebuild('all')"),
            "layers": lambda: self._layers(attempt),
            "steps": lambda: self._steps(attempt),
        }
        kinds[attempt.kind]()

    def _run_in_old_session(self, attempt: Attempt) -> None:
        """Run in a session with earlier runs, which still has its connection to production."""
        with suppress(psycopg.OperationalError):
            if self._old_session:
                self._old_session.execute("SELECT")  # as a pool does: check the connection
        if self._old_session is None or self._old_session.closed:
            self._old_session = psycopg.connect(self._url, autocommit=True)
        attempt.sessions[self._old_session.info.backend_pid] = self._old_session
        self._old_session.execute("CALL etl.run_pipeline()")

    def _layers(self, attempt: Attempt) -> None:
        """A separate run for each layer, in one session."""
        with self._session(attempt) as connection:
            for procedure in ("extract_and_load_bronze", "build_silver", "build_gold"):
                connection.execute(f"CALL etl.{procedure}()".encode())

    def _steps(self, attempt: Attempt) -> None:
        """One run over several sessions, as in Airflow: each step is tried twice."""
        with self._session(attempt) as connection:
            started = connection.execute(f"CALL etl.start_run(NULL, NULL, '{LEASE}')".encode())
            ((run_id,),) = started.fetchall()
        tables = ("customers", "products", "orders", "order_items")
        try:
            self._try_twice(attempt, f"etl.extract_and_load_bronze({run_id})")
            with ThreadPoolExecutor(2) as pool:
                steps = [f"silver.build_clean_{table}({run_id})" for table in tables]
                list(pool.map(lambda step: self._try_twice(attempt, step), steps))
            self._try_twice(attempt, f"etl.build_gold({run_id})")
            self._try_twice(attempt, f"etl.run_checks({run_id})")
        except psycopg.Error:
            if self._random.random() < 0.5:
                attempt.is_left_open = True
                raise
            self._call(attempt, f"etl.finish_run({run_id}, 'a step failed')")
        self._call(attempt, f"etl.finish_run({run_id})")

    def _try_twice(self, attempt: Attempt, procedure: str) -> None:
        try:
            self._call(attempt, procedure)
        except psycopg.Error as error:
            self._history.add("runner", f"tries {procedure} again: {message(error)}")
            self._call(attempt, procedure)

    def _call(self, attempt: Attempt, procedure: str) -> None:
        with self._session(attempt) as connection:
            connection.execute(f"CALL {procedure}".encode())

    @contextmanager
    def _session(self, attempt: Attempt) -> Iterator[psycopg.Connection]:
        with session(self._url, f"torture {attempt.kind}") as connection:
            attempt.sessions[connection.info.backend_pid] = connection
            yield connection

    def _wait_for_warehouse(self) -> None:
        while True:
            with suppress(psycopg.OperationalError), session(self._url):
                return
            time.sleep(0.05)

    def _announce(self, attempt: Attempt | None) -> None:
        with self._changed:
            self._current = attempt
            self._changed.notify_all()

    def _tell(self, attempt: Attempt, seconds: float) -> None:
        how = "returned" if attempt.has_returned else f"failed: {message(attempt.error)}"
        left = ", and was left open" if attempt.is_left_open else ""
        self._history.add("runner", f"{attempt.kind} {how}{left} (began {seconds:.3f} s ago)")
        self._history.tally[f"runs: {attempt.kind}"] += 1
        if not attempt.has_returned:
            self._history.tally["runs that failed"] += 1


def message(error: psycopg.Error | None) -> str:
    """Describe an error on one line."""
    if error is None:
        return "nothing"
    words = error.diag.message_primary or str(error).strip()
    return f"{error.sqlstate or 'no answer'}: {words.splitlines()[0]}"
