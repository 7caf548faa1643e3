"""What people change meanwhile: the project, production's columns, its time zone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from random import Random
from threading import Event

import psycopg

from fdwarehouse.errors import FdwarehouseError
from tests.torture.arena import Arena, session
from tests.torture.clock import HOUR, Clock
from tests.torture.history import History

MEMORY = ["32MB", "64MB", "128MB"]
MOST_COLUMNS = 6
MOST_TRIES = 20


class Changes:
    """Changes the shop and the project at random moments.

    Args:
        arena: The shop and the project.
        clock: Production's clock.
        seed: Of the random choices.
        history: Where to tell what was changed.
    """

    def __init__(self, arena: Arena, clock: Clock, seed: str, history: History) -> None:
        self._arena = arena
        self._history = history
        self._random = Random(f"{seed}/changes")
        self._numbers = count(1)
        self._memory = MEMORY[-1]
        self._columns = 0
        self.may_deploy = self.may_turn_clock = True
        self._deploys: dict[str, Callable[[], bool]] = {
            "a comment in the project": self._comment,
            "another work_mem": self._set_memory,
            "a new column": self._add_column,
        }
        self._turns: dict[str, Callable[[], bool]] = {
            "another time zone": lambda: clock.change_zone(self._random),
            "summer time begins": lambda: clock.change_season(HOUR),
            "summer time ends": lambda: clock.change_season(-HOUR),
        }

    def work(self, stop: Event) -> None:
        """Change something now and then until told to stop."""
        kinds = dict(self._turns if self.may_turn_clock else {})
        kinds |= self._deploys if self.may_deploy else {}
        bag: list[str] = []
        while kinds and not stop.wait(self._random.uniform(0.2, 1.5)):
            if not bag:
                bag = self._random.sample(list(kinds), len(kinds))
            kind = bag.pop()
            try:
                is_done = kinds[kind]()
            except (psycopg.Error, FdwarehouseError) as error:
                self._history.add("changes", f"{kind}: {str(error).splitlines()[0]}")
            else:
                self._history.tally[f"changes: {kind}"] += is_done

    def _comment(self) -> bool:
        file = "sql/silver/customer_versions.sql"
        self._arena.rewrite(file, "-- ", f"-- Change {next(self._numbers)}.\n-- ")
        return self._deploy("a comment")

    def _set_memory(self) -> bool:
        old, self._memory = self._memory, self._random.choice(MEMORY)
        self._arena.rewrite("warehouse.yaml", f"work_mem: {old}", f"work_mem: {self._memory}")
        return self._deploy(f"work_mem {self._memory}")

    def _add_column(self) -> bool:
        """Add a column to production and to the contract; every second one is filled at once."""
        if self._columns >= MOST_COLUMNS:
            return False
        number = self._columns + 1
        name, filled = f"added_{number}", " DEFAULT 'filled'" if number % 2 else ""
        self._alter(f"ALTER TABLE customers ADD COLUMN IF NOT EXISTS {name} text{filled}")
        self._columns = number
        self._history.add("changes", f"production has a column {name}{filled.lower()}")
        first = "      customer_id: {type: 'integer', not_null: true}\n"
        added = f"      {name}: {{type: 'text'}}\n"
        self._arena.rewrite("contracts/production.yaml", first, first + added)
        return self._deploy(f"column {name}")

    def _alter(self, command: str) -> None:
        """Alter a table as one does where people work: without making them wait for long."""
        with session(self._arena.production) as production:
            production.execute("SET lock_timeout = '400ms'")
            for _ in range(MOST_TRIES):
                with suppress(psycopg.errors.LockNotAvailable):
                    production.execute(command.encode())
                    return
        raise psycopg.errors.LockNotAvailable(f"tried {MOST_TRIES} times: {command}")

    def _deploy(self, what: str) -> bool:
        self._arena.deploy()
        self._history.add("changes", f"deployed {what}")
        self._history.tally["deploys"] += 1
        return True
