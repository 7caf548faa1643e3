"""Writers whose changes no watermark shows, on rows that they share."""

import psycopg

from tests.torture.ledger import Write
from tests.torture.workload import KEYS, TABLES, Writer

IDS = range(1, 41)

# Typical values, some of which violate the rules of silver.
NAMES = ["'Ana'", "' ana MARIA '", "'Bo'", "'o''neil'"]
EMAILS = ["' U{0}@Example.com'", "'u{0}@example.com '", "repeat(' ', {0})"]
CATEGORIES = ["'Toys'", "' home '", "'GARDEN'"]
PRICES = ["1", "19.99", "19.990", "'NaN'"]
STATUSES = ["'pending'", "' Delivered'", "'CANCELLED '", "'shipped'", "'lost'"]
DATES = ["now()", "now() - interval '1 minute'", "'2019-07-01'", "'2031-02-01'", "'12000-01-01'"]
QUANTITIES = ["1", "2", "3"]

# For stamps that are not set by the database.
STAMPS = [
    "now() - interval '3 hours'",
    "'2020-01-01'",
    "'-infinity'",
    "now() + interval '2 days'",
    "'infinity'",
    "updated_at",
]


class UnrulyWriter(Writer):
    """Deletes, reuses keys, updates silently, backdates, violates rules."""

    def write(self, connection: psycopg.Connection) -> list[Write]:
        """Change one row or, with the same stamp, several."""
        table = self.random.choice(TABLES)
        first = self.random.choice(IDS)
        ids = range(first, first + self.random.choice([1, 1, 1, 5]))
        # Like replication: no trigger stamps the row, and references are not enforced.
        is_silent = self.random.random() < 0.6
        role = "replica" if is_silent else "origin"
        connection.execute(f"SET LOCAL session_replication_role = {role}".encode())
        # Others can read it before it is durable: a crash or a failover may lose what they read.
        connection.execute("SET LOCAL synchronous_commit = off")
        act = self.random.choice([self._put, self._put, self._change, self._delete])
        act(connection, table, ids, is_silent)
        return [((table, number), 0) for number in ids]

    def _put(self, connection: psycopg.Connection, table: str, ids: range, is_silent: bool) -> None:
        for number in ids:
            values = self._values(table, number)
            if is_silent:
                values["updated_at"] = self.random.choice(STAMPS[:-1])
            connection.execute(
                f"INSERT INTO {table} ({KEYS[table]}, {', '.join(values)}) "
                f"VALUES ({number}, {', '.join(values.values())}) "
                f"ON CONFLICT ({KEYS[table]}) DO UPDATE SET "
                f"{', '.join(f'{c} = excluded.{c}' for c in values)}".encode()
            )

    def _change(
        self, connection: psycopg.Connection, table: str, ids: range, is_silent: bool
    ) -> None:
        values = self._values(table, ids[0])
        values.pop("email", None)  # is unique
        if is_silent:
            values["updated_at"] = self.random.choice(STAMPS)
        connection.execute(
            f"UPDATE {table} SET {', '.join(f'{c} = {v}' for c, v in values.items())} "
            f"WHERE {KEYS[table]} BETWEEN {ids[0]} AND {ids[-1]}".encode()
        )

    def _delete(self, connection: psycopg.Connection, table: str, ids: range, _: bool) -> None:
        connection.execute(
            f"DELETE FROM {table} WHERE {KEYS[table]} BETWEEN {ids[0]} AND {ids[-1]}".encode()
        )

    def _values(self, table: str, number: int) -> dict[str, str]:
        choose = self.random.choice
        other = str(choose(IDS))
        return {
            "customers": {"full_name": choose(NAMES), "email": choose(EMAILS).format(number)},
            "products": {
                "name": choose(NAMES),
                "category": choose(CATEGORIES),
                "price": choose(PRICES),
            },
            "orders": {
                "customer_id": other,
                "status": choose(STATUSES),
                "order_date": choose(DATES),
            },
            "order_items": {
                "order_id": other,
                "product_id": str(choose(IDS)),
                "quantity": choose(QUANTITIES),
                "unit_price": choose(PRICES[:-1]),
            },
        }[table]
