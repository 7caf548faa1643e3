"""Injects failures into runs and servers at random moments."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from os import dup
from random import Random
from socket import SHUT_RDWR, socket
from threading import Event

import psycopg

from tests.torture.arena import Arena, session
from tests.torture.history import History
from tests.torture.runs import Attempt, Runner, message
from tests.torture.workload import TABLES

# How long after a failure a run may still fail because of it.
AFTERMATH = timedelta(seconds=1)


@dataclass
class Strike:
    """One failure, from its beginning to its repair."""

    kind: str
    began: datetime
    ended: datetime | None = None

    def excuses(self, attempt: Attempt) -> bool:
        """Return whether an attempt may have failed because of it."""
        is_over = self.ended is not None and attempt.began > self.ended + AFTERMATH
        is_to_come = attempt.ended is not None and attempt.ended < self.began
        return not is_over and not is_to_come


class Nemesis:
    """Injects one failure after the other; each kind occurs once before any is repeated.

    Args:
        arena: The servers.
        runner: The runs.
        seed: Of the random choices.
        history: Records the failures.
    """

    def __init__(self, arena: Arena, runner: Runner, seed: str, history: History) -> None:
        self.strikes: list[Strike] = []
        self._arena = arena
        self._runner = runner
        self._history = history
        self._random = Random(f"{seed}/nemesis")
        self._bag: list[str] = []
        self._stop = Event()
        self._kinds: dict[str, Callable[[Attempt], None]] = {
            "terminate the backend": self._terminate,
            "cancel the query": self._cancel,
            "the client goes away": self._drop_client,
            "terminate the reader on production": lambda _: self._terminate_reader(),
            "kill -9 the warehouse": lambda _: self._crash("warehouse"),
            "kill -9 production": lambda _: self._crash("production"),
            "restart production": lambda _: self._restart(),
            "cut the network": lambda _: self._cut(),
            "freeze the network": lambda _: self._freeze(),
            "freeze, then cut": lambda _: self._freeze_and_cut(),
            "a standby takes over": lambda _: self._fail_over(),
            "row security hides a table": lambda _: self._hide_rows(),
        }

    def work(self, stop: Event) -> None:
        """Inject failures until stopped, and repair everything at the end."""
        self._stop = stop
        while not stop.wait(self._random.uniform(0.1, 0.8)):
            if not (attempt := self._runner.next_attempt(1)):
                continue
            stop.wait(self._random.uniform(0, 1.1 * self._runner.seconds))
            self._strike(attempt)

    def _strike(self, attempt: Attempt) -> None:
        if not self._bag:
            self._bag = list(self._kinds)
            self._random.shuffle(self._bag)
        strike = Strike(self._bag.pop(), datetime.now(UTC))
        self._history.add("nemesis", strike.kind)
        self._history.tally[f"kills: {strike.kind}"] += 1
        self.strikes.append(strike)
        try:
            self._kinds[strike.kind](attempt)
        except psycopg.OperationalError as error:  # it hit a server that was shutting down
            self._history.add("nemesis", f"missed: {message(error)}")
        strike.ended = datetime.now(UTC)
        self._history.add("nemesis", f"mended: {strike.kind}")

    def _terminate(self, attempt: Attempt) -> None:
        self._signal("pg_terminate_backend", attempt)

    def _cancel(self, attempt: Attempt) -> None:
        self._signal("pg_cancel_backend", attempt)

    def _signal(self, function: str, attempt: Attempt) -> None:
        with session(self._arena.warehouse["admin"]) as admin:
            admin.execute(
                f"""
                SELECT {function}(pid) FROM pg_stat_activity
                WHERE pid = ANY(%s) AND usename = 'warehouse_loader'
                """.encode(),
                [list(attempt.sessions)],
            )

    def _drop_client(self, attempt: Attempt) -> None:
        """Close the client's socket; the server does not notice, and continues."""
        for connection in list(attempt.sessions.values()):
            with suppress(psycopg.Error, OSError), socket(fileno=dup(connection.fileno())) as link:
                link.shutdown(SHUT_RDWR)

    def _terminate_reader(self) -> None:
        with session(self._arena.production) as admin:
            admin.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE usename = 'warehouse_reader'
                """
            )

    def _crash(self, server: str) -> None:
        self._arena.kill(server)
        self._stop.wait(self._random.choice([0, 0.5]))
        self._arena.start()

    def _restart(self) -> None:
        self._arena.stop("production")
        self._arena.start()

    def _cut(self) -> None:
        self._arena.proxy.cut()
        self._stop.wait(self._random.choice([0, 0.5]))
        self._arena.proxy.heal()

    def _freeze(self) -> None:
        self._arena.proxy.freeze()
        self._stop.wait(self._random.choice([0.3, 2]))
        self._arena.proxy.heal()

    def _freeze_and_cut(self) -> None:
        self._arena.proxy.freeze()
        self._stop.wait(self._random.choice([0.3, 1]))
        self._cut()

    def _fail_over(self) -> None:
        self._arena.fail_over(self._random, self._stop.wait)

    def _hide_rows(self) -> None:
        """Hide every row from the reader: it is not the owner, and there is no policy."""
        table = self._random.choice(TABLES)
        self._arena.alter(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        self._stop.wait(self._random.uniform(0.2, 1.5))
        self._arena.alter(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY", seconds=60)
