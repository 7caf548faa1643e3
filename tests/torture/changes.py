"""Changes during the test: of the project, of production's columns, of its time zone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from random import Random
from threading import Event

import psycopg

from fdwarehouse.errors import FdwarehouseError
from tests.torture.arena import Arena
from tests.torture.clock import HOUR, Clock
from tests.torture.history import History

MEMORY = ["32MB", "64MB", "128MB"]
MOST_COLUMNS = 6
REWRITTEN = {"customers": "full_name", "products": "name"}


class Changes:
    """Changes the shop and the project at random moments.

    Args:
        arena: The shop and the project.
        clock: Production's clock.
        seed: Of the random choices.
        history: Records the changes.
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
            "the clock is stepped": lambda: clock.step(self._random),
        }
        self._rewrites: dict[str, Callable[[], bool]] = {
            "a table is emptied and loaded again": self._load_again,
            "a table is rewritten": self._rewrite,
        }

    def work(self, stop: Event) -> None:
        """Make a change now and then until stopped."""
        kinds = dict(self._rewrites)
        kinds |= self._turns if self.may_turn_clock else {}
        kinds |= self._deploys if self.may_deploy else {}
        bag: list[str] = []
        while not stop.wait(self._random.uniform(0.2, 1.5)):
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
        file = "sql/silver/clean_customers.sql"
        self._arena.rewrite(file, "*/\n", f"*/\n-- Change {next(self._numbers)}.\n")
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
        self._arena.alter(f"ALTER TABLE customers ADD COLUMN IF NOT EXISTS {name} text{filled}")
        self._columns = number
        self._history.add("changes", f"production has a column {name}{filled.lower()}")
        first = "      customer_id: {type: 'integer', not_null: true}\n"
        added = f"      {name}: {{type: 'text'}}\n"
        self._arena.rewrite("contracts/production.yaml", first, first + added)
        return self._deploy(f"column {name}")

    def _load_again(self) -> bool:
        """Empty a table and fill it again in one transaction, which stays open for a moment."""
        self._arena.alter(
            f"""
            BEGIN;
            SET LOCAL session_replication_role = replica; -- the rows are loaded as they were
            LOCK TABLE order_items;
            CREATE TEMPORARY TABLE kept_rows ON COMMIT DROP AS SELECT * FROM order_items;
            TRUNCATE order_items;
            INSERT INTO order_items SELECT * FROM kept_rows;
            SELECT pg_sleep({self._random.choice([0, 0, 0.3, 0.8])});
            COMMIT
            """
        )
        self._history.add("changes", "order_items were emptied and loaded again")
        return True

    def _rewrite(self) -> bool:
        """Rewrite a table with ALTER TABLE; no row changes."""
        table, column = self._random.choice(list(REWRITTEN.items()))
        self._arena.alter(
            f"ALTER TABLE {table} ALTER {column} TYPE varchar(255) USING {column} || ''"
        )
        self._history.add("changes", f"{table} was rewritten")
        return True

    def _deploy(self, what: str) -> bool:
        self._arena.deploy()
        self._history.add("changes", f"deployed {what}")
        self._history.tally["deploys"] += 1
        return True
