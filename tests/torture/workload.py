"""Writers on production: transactions that stay open, are rolled back, or are prepared."""

from abc import ABC, abstractmethod
from contextlib import suppress
from random import Random
from threading import Event

import psycopg

from tests.torture.arena import session
from tests.torture.history import History
from tests.torture.ledger import WRITTEN, Ledger, Write

TABLES = ("customers", "products", "orders", "order_items")
KEYS = dict(zip(TABLES, ("customer_id", "product_id", "order_id", "order_item_id"), strict=True))

# The rows of honest writers; lower numbers belong to the unruly.
FIRST_HONEST_ID = 1001

# How long a transaction stays open, and its rows invisible.
HOLDS = (0, 0, 0, 0.05, 0.1, 0.3, 0.5, 1, 2, 4)
ENDS = {"commit": 76, "rollback": 12, "prepare": 12}


# The rows that an honest writer inserts, with capitals and blanks, which silver cleans.
INSERTED = {
    "customers": "(full_name, email) VALUES ({written}, 'Honest{number}@Example.com ')",
    "products": "(price, name, category) VALUES ({written}, ' Kite', 'Toys ')",
    "orders": "(order_date, customer_id, status) VALUES ({written}, {customers}, 'Delivered ')",
    "order_items": (
        "(quantity, order_id, product_id, unit_price) VALUES ({written}, {orders}, {products}, 2.5)"
    ),
}


class Writer(ABC):
    """An application that writes, one transaction after the other, despite failures of production.

    Args:
        name: Its name in the history, and in pg_stat_activity.
        url: Connection string of production.
        seed: Of the random choices.
        history: Records the writes.
    """

    def __init__(self, name: str, url: str, seed: str, history: History) -> None:
        self.name = name
        self.random = Random(f"{seed}/{name}")
        self._url = url
        self._history = history
        self._prepared: tuple[str, list[Write]] | None = None

    def work(self, stop: Event) -> None:
        """Write until stopped."""
        while not stop.is_set():
            with suppress(psycopg.OperationalError), session(self._url, self.name) as connection:
                self.settle(connection)
                connection.execute("SET lock_timeout = '1s'")
                while not stop.is_set():
                    self._transact(connection, stop)
                    stop.wait(self.random.uniform(0, 0.1))
            stop.wait(0.05)  # production is down

    def settle(self, connection: psycopg.Connection) -> None:
        """Commit transactions that were prepared when the connection was lost."""
        if self._prepared is None:
            return
        gid, writes = self._prepared
        found = "SELECT 1 FROM pg_prepared_xacts WHERE gid = %s"
        if connection.execute(found, [gid]).fetchone():
            connection.execute(f"COMMIT PREPARED '{gid}'")
            self._end("commit after the connection was lost", writes)
            self.committed(writes)
        self._prepared = None  # else it was never prepared, or its answer was lost

    @abstractmethod
    def write(self, connection: psycopg.Connection) -> list[Write]:
        """Write something, and return the rows written with their numbers."""

    def committed(self, writes: list[Write]) -> None:
        """Record an acknowledged commit."""
        self._history.tally["rows committed"] += len(writes)

    def undone(self, writes: list[Write]) -> None:
        """Record writes that were rolled back."""
        self._history.tally["rows rolled back"] += len(writes)

    def _transact(self, connection: psycopg.Connection, stop: Event) -> None:
        connection.execute("BEGIN")
        writes: list[Write] = []
        try:
            for _ in range(self.random.randint(1, 4)):
                writes += self._write_or_not(connection)
                stop.wait(self.random.uniform(0, 0.05))
        except psycopg.Error as error:
            self.undone(writes)
            if connection.broken:
                self._end("lost: the connection", writes)
                raise
            connection.execute("ROLLBACK")  # a deadlock, a broken rule, a lock not granted
            self._end(f"refused: {error.diag.message_primary}", writes)
            return
        hold = self.random.choice(HOLDS)
        stop.wait(hold)
        self._finish(connection, writes, hold, stop)

    def _write_or_not(self, connection: psycopg.Connection) -> list[Write]:
        """Write, now and then in a savepoint that is rolled back."""
        if self.random.random() > 0.15:
            return self.write(connection)
        connection.execute("SAVEPOINT before")
        self.undone(self.write(connection))
        connection.execute("ROLLBACK TO before")
        return []

    def _finish(
        self, connection: psycopg.Connection, writes: list[Write], hold: float, stop: Event
    ) -> None:
        (end,) = self.random.choices(list(ENDS), list(ENDS.values()))
        held = f"after {hold:g} s"
        if end == "prepare":
            gid = f"{self.name} {self.random.getrandbits(64):x}"
            self._prepared = (gid, writes)
            connection.execute(f"PREPARE TRANSACTION '{gid}'")
            self._end(f"prepared {held}", writes)
            stop.wait(self.random.choice(HOLDS))
            end = self.random.choice(["commit", "commit", "rollback"])
            connection.execute(f"{end} PREPARED '{gid}'")
            self._prepared = None
        else:
            connection.execute(end.encode())
        self._end(f"{end} {held}", writes)
        if end == "commit":
            self.committed(writes)
        else:
            self.undone(writes)

    def _end(self, what: str, writes: list[Write]) -> None:
        self._history.add(self.name, what, [key for key, _ in writes])
        self._history.tally[f"transactions: {what.split(' ', maxsplit=1)[0].rstrip(':')}"] += 1


class HonestWriter(Writer):
    """Inserts and updates its own rows, and leaves `updated_at` to the database.

    Args:
        name: Its name.
        url: Connection string of production.
        seed: Of the random choices.
        history: Records the writes.
        ledger: Records the acknowledged writes.
    """

    MOST_ROWS = 150

    def __init__(self, name: str, url: str, seed: str, history: History, ledger: Ledger) -> None:
        super().__init__(name, url, seed, history)
        self._ledger = ledger
        self._rows: dict[str, list[int]] = {table: [] for table in TABLES}

    def write(self, connection: psycopg.Connection) -> list[Write]:
        """Insert a row, or update one or several of the writer's own rows with the same stamp."""
        table = self.random.choice([t for t in TABLES if self._can_insert(t)])
        ids = self._rows[table]
        if not ids or self.random.random() < max(0.1, 1 - len(ids) / self.MOST_ROWS):
            return [self._insert(connection, table)]
        several = self.random.sample(ids, min(len(ids), self.random.choice([1, 1, 3])))
        return [self._update(connection, table, number) for number in several]

    def committed(self, writes: list[Write]) -> None:
        """Record in the ledger that later runs must have the rows."""
        super().committed(writes)
        self._ledger.acknowledge(writes)
        for (table, number), _ in writes:
            if number not in self._rows[table]:
                self._rows[table].append(number)

    def undone(self, writes: list[Write]) -> None:
        """Record in the ledger that no run may have the rows."""
        super().undone(writes)
        self._ledger.undo(writes)

    def _can_insert(self, table: str) -> bool:
        parents = {"orders": ["customers"], "order_items": ["orders", "products"]}
        return all(self._rows[parent] for parent in parents.get(table, []))

    def _insert(self, connection: psycopg.Connection, table: str) -> Write:
        number = self._ledger.next_number()
        parents = {parent: self.random.choice(ids) for parent, ids in self._rows.items() if ids}
        written = WRITTEN[table].format(number=number)
        values = INSERTED[table].format(written=written, number=number, **parents)
        query = f"INSERT INTO {table} {values} RETURNING {KEYS[table]}"
        row = connection.execute(query.encode()).fetchone()
        assert row
        return (table, int(row[0])), number

    def _update(self, connection: psycopg.Connection, table: str, key: int) -> Write:
        number = self._ledger.next_number()
        column = {"customers": "full_name", "products": "price", "orders": "order_date"}
        connection.execute(
            f"UPDATE {table} SET {column.get(table, 'quantity')} = "
            f"{WRITTEN[table].format(number=number)} WHERE {KEYS[table]} = {key}".encode()
        )
        return (table, key), number
