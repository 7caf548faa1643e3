"""Random changes of the tables that the shapes read, with the logs that their writers write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import psycopg

Row = dict[str, Any]
Key = tuple[Any, ...]

BEGINNING = datetime.fromisoformat("2024-01-01")
EVER_BEFORE, EVER_AFTER = (datetime.fromisoformat(f"{year}-01-01") for year in (1970, 9999))
KEYS = {
    "silver.clean_customers": ("customer_id",),
    "silver.clean_products": ("product_id",),
    "silver.clean_orders": ("order_id",),
    "silver.clean_order_items": ("order_item_id",),
    "silver.clean_payments": ("payment_id",),
    "gold.dim_customers": ("customer_key",),
    "gold.rates": ("currency", "day"),
    "gold.sales": ("sale_id",),
    "gold.stock_moves": ("warehouse", "sku", "move_number"),
    "gold.events": ("event_id",),
    "gold.readings": ("reading_id",),
}
READINGS = "gold.readings"
_TABLES = [table for table in KEYS if table != READINGS]
KEEPS_ROWS = frozenset(t for t in KEYS if t.startswith("silver."))
_IDS = {
    "silver.clean_customers": 8,
    "silver.clean_products": 6,
    "silver.clean_orders": 14,
    "silver.clean_order_items": 30,
    "silver.clean_payments": 16,
    "gold.sales": 25,
    "gold.events": 20,
    "gold.readings": 16,
}

_ATTRIBUTES = (
    *('{"a": 1, "tags": ["x", "y"]}', '{"a": 1.0, "tags": ["x"]}', '{"a": 2, "b": null}'),
    *('{"a": "1", "tags": []}', "[1, 2]", "null", '{"b": {"c": 3}}'),
)
_RANGES = ("[2024-01-01,2024-01-03)", "[2024-01-02,2024-01-08)", "[2024-01-05,)", "empty")


class World:
    """The tables' rows; `run` writes a run's changes to the database.

    Args:
        connection: to the database.
        random: makes all choices.
    """

    def __init__(self, connection: psycopg.Connection, random: Random) -> None:
        self.connection = connection
        self.random = random
        # Readings have their own random numbers, so that the series of the others do not change.
        self.apart = Random(repr(random.getstate()))
        self.rows: dict[str, dict[Key, Row]] = {table: {} for table in KEYS}

    def fill(self, run_id: int, share: float) -> None:
        """Write the rows of the first run."""
        changes: dict[tuple[str, Key], Row | None] = {}
        for table in _TABLES:
            if table == "gold.dim_customers":
                for _ in range(int(7 * share)):
                    changes |= self._versions()
                    self._remember(changes)
                continue
            for key in self._all_keys(table):
                if self.random.random() < share:
                    changes[table, key] = self._values(table)
        with self._apart():
            for key in self._all_keys(READINGS):
                if self.random.random() < share:
                    changes[READINGS, key] = self._values(READINGS)
        self.rows = {table: {} for table in KEYS}
        self.write(run_id, changes)

    def run(self, run_id: int) -> None:
        """Write the changes of a run: one to twenty rows in any tables, each row at most once."""
        changes: dict[tuple[str, Key], Row | None] = {}
        for _ in range(self.random.choice([1, 2, 3, 5, 8, 20])):
            table = self.random.choice(_TABLES)
            if table == "gold.dim_customers":
                if not any(t == table for t, _ in changes):
                    changes |= self._versions()
                continue
            key, values = self._change(table)
            changes.setdefault((table, key), values)
        with self._apart():
            for _ in range(self.random.choice([0, 1, 1, 2, 4])):
                key, values = self._change(READINGS)
                changes.setdefault((READINGS, key), values)
        self.write(run_id, changes)

    @contextmanager
    def _apart(self) -> Iterator[None]:
        self.random, self.apart = self.apart, self.random
        try:
            yield
        finally:
            self.random, self.apart = self.apart, self.random

    def write(self, run_id: int, changes: Mapping[tuple[str, Key], Row | None]) -> None:
        """Write rows as a table's writer would: only what differs, with both images."""
        for (table, key), values in changes.items():
            old = self.rows[table].get(key)
            if old == values:
                continue
            named = dict(zip(KEYS[table], key, strict=True))
            where = " AND ".join(f"{c} = %({c})s" for c in named)
            if values is None:
                self.connection.execute(f"DELETE FROM {table} WHERE {where}", named)
                del self.rows[table][key]
            else:
                if old is None:
                    row = {**named, **values, "_run_id": run_id}
                    listed, given = ", ".join(row), ", ".join(f"%({c})s" for c in row)
                    self.connection.execute(f"INSERT INTO {table} ({listed}) VALUES ({given})", row)
                else:
                    sets = ", ".join(f"{c} = %({c})s" for c in [*values, "_run_id"])
                    self.connection.execute(
                        f"UPDATE {table} SET {sets} WHERE {where}",
                        {**named, **values, "_run_id": run_id},
                    )
                self.rows[table][key] = dict(values)
            for sign, image in ((-1, old), (1, values)):
                if image is not None:
                    row = {"run_id": run_id, "sign": sign, **named, **image}
                    listed, given = ", ".join(row), ", ".join(f"%({c})s" for c in row)
                    self.connection.execute(
                        f"INSERT INTO {table}_changes ({listed}) VALUES ({given})", row
                    )

    def _remember(self, changes: Mapping[tuple[str, Key], Row | None]) -> None:
        for (table, key), values in changes.items():
            if values is None:
                self.rows[table].pop(key, None)
            else:
                self.rows[table][key] = values

    def _change(self, table: str) -> tuple[Key, Row | None]:
        rows, choice = self.rows[table], self.random.random()
        if choice < 0.35 or not rows:
            return self.random.choice(list(self._all_keys(table))), self._values(table)
        key = self.random.choice(list(rows))
        if choice >= 0.8 and table not in KEEPS_ROWS:
            return key, None
        new = self._values(table)
        changed = self.random.sample(list(new), self.random.randint(1, len(new)))
        return key, {**rows[key], **{c: new[c] for c in changed}}

    def _all_keys(self, table: str) -> Iterator[Key]:
        if table == "gold.rates":
            yield from ((c, _day(d)) for c in ("EUR", "USD") for d in range(8))
        elif table == "gold.stock_moves":
            yield from ((w, s, n) for w in "ab" for s in range(1, 4) for n in range(1, 7))
        else:
            yield from ((n,) for n in range(1, _IDS[table] + 1))

    def _maybe(self, value: Any, null: float = 0.12) -> Any:
        return None if self.random.random() < null else value

    def _moment(self) -> datetime:
        days = self.random.randint(0, 7 if self.random.random() < 0.6 else 70)
        return BEGINNING + timedelta(days=days, hours=self.random.choice([0, 0, 5, 12]))

    def _amount(self, most: int) -> Any:
        return self._maybe(self.random.choice([0, 1, 1.5, 2, 2.25, 3, 5, 7, 7.5, most]))

    def _values(self, table: str) -> Row:
        pick, number, maybe = self.random.choice, self.random.randint, self._maybe
        is_rare = self.random.random() < 0.2
        made: dict[str, Callable[[], Row]] = {
            "clean_customers": lambda: {
                "name": maybe(pick("ABC")),
                "country": maybe(pick(["DE", "FR", "US"])),
                "referrer_id": maybe(number(1, 7), 0.3),
                "is_deleted": is_rare,
            },
            "clean_products": lambda: {
                "name": pick("PQR"),
                "category": maybe(pick("abc")),
                "price": self._amount(9),
                "is_deleted": is_rare,
            },
            "clean_orders": lambda: {
                "customer_id": maybe(number(1, 7)),
                "order_date": self._moment(),
                "status": maybe(pick(["paid", "open", "cancelled"])),
                "currency": maybe(pick(["EUR", "USD"]), 0.4),
                "is_deleted": is_rare,
            },
            "clean_order_items": lambda: {
                "order_id": maybe(number(1, 13)),
                "product_id": maybe(number(1, 6)),
                "quantity": maybe(number(0, 4)),
                "unit_price": self._amount(9),
                "is_deleted": is_rare,
            },
            "clean_payments": lambda: {
                "order_id": maybe(number(1, 13)),
                "amount": self._amount(6),
                "method": maybe(pick("xy")),
                "paid_at": maybe(self._moment()),
                "is_deleted": is_rare,
            },
            "rates": lambda: {"rate": pick([1, 1.1, 1.2])},
            "sales": lambda: {
                "customer_id": maybe(number(1, 7)),
                "product_id": maybe(number(1, 6)),
                "order_id": maybe(number(1, 9)),
                "sold_at": self._moment(),
                "quantity": maybe(number(1, 4)),
                "amount": self._amount(9),
                "is_cancelled": is_rare,
            },
            "stock_moves": lambda: {
                "quantity": maybe(pick([-3, -1, 0, 1, 2, 3])),
                "moved_at": self._moment(),
            },
            "events": lambda: {
                "user_id": maybe(number(1, 5)),
                "kind": maybe(pick("kl")),
                "happened_at": self._moment(),
                "tags": maybe([pick("stu") for _ in range(number(0, 3))]),
                "score": maybe(pick([0.25, 0.5, 1, 2])),
            },
            "readings": lambda: {
                "sensor": maybe(pick(["a", "A", "b", "B"])),
                "grade": maybe(pick(["low", "mid", "high"])),
                "attributes": maybe(pick(_ATTRIBUTES)),
                "body": maybe(pick(['{"a": 1}', '{"a":1}', "[1, 2]"])),
                "span": maybe(pick(["1 mon", "30 days", "720:00", "1 day"])),
                "amount": maybe(pick(["1", "1.0", "1.00", "2.5", "2.50", "NaN"])),
                "during": maybe(pick(_RANGES)),
                "numbers": maybe([number(1, 3) for _ in range(number(0, 3))]),
                "taken_at": maybe(self._moment()),
                "is_valid": maybe(pick([True, False])),
            },
        }
        return made[table.partition(".")[2]]()

    def _versions(self) -> dict[tuple[str, Key], Row | None]:
        """Give a customer another history: versions that do not overlap, with gaps at times."""
        table = "gold.dim_customers"
        member = self._maybe(self.random.randint(1, 7), 0.05)
        old = [k for k, v in self.rows[table].items() if v["customer_id"] == member]
        cuts = sorted({self._moment() for _ in range(self.random.randint(0, 3))})
        bounds = [EVER_BEFORE, *cuts, EVER_AFTER]
        wanted = [pair for pair in pairwise(bounds) if self.random.random() < 0.85]
        self.random.shuffle(old)
        unused = [(k,) for k in range(1, 60) if (k,) not in self.rows[table]]
        keys = [*old, *unused]
        changes: dict[tuple[str, Key], Row | None] = {(table, key): None for key in old}
        for key, (valid_from, valid_to) in zip(keys, wanted, strict=False):
            changes[table, key] = {
                "customer_id": member,
                "segment": self._maybe(self.random.choice(["vip", "standard"])),
                "valid_from": valid_from,
                "valid_to": valid_to,
            }
        return changes


def _day(number: int) -> date:
    return (BEGINNING + timedelta(days=number)).date()
