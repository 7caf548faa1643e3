"""What writers read in tables of any size, after the same few changes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import psycopg

from fdwarehouse.compiler.deltas.indexes import Index, without_redundant
from fdwarehouse.compiler.tables.plan import Method
from fdwarehouse.identifiers import ident
from fdwarehouse.rendering.templates import MECHANICS
from tests.compiler.keeping import Keeper
from tests.compiler.world import KEYS

ROWS = Path(__file__).with_name("volumes.sql")
LOOKS_UP = ("is_looked_up_by", "look_up_by", "look_up_by_expressions")

CHANGES = {
    "silver.clean_customers": (
        "UPDATE {} SET name = 'other', country = 'c5', _run_id = 2 WHERE customer_id IN (5, 7)",
    ),
    "silver.clean_products": (
        "UPDATE {} SET name = 'other', price = price + 1, _run_id = 2 WHERE product_id = 9",
    ),
    "silver.clean_orders": (
        "UPDATE {} SET status = 'paid', customer_id = 13, _run_id = 2 WHERE order_id IN (50, 120)",
        "UPDATE {} SET order_date = order_date + interval '2 d', _run_id = 2 WHERE order_id = 61",
        "INSERT INTO {} VALUES (0, 12, '2024-02-01', 'open', 'C2', false, 2)",
    ),
    "silver.clean_order_items": (
        "UPDATE {} SET order_id = 77, quantity = 3, _run_id = 2 WHERE order_item_id = 90",
        "UPDATE {} SET is_deleted = true, _run_id = 2 WHERE order_item_id = 91",
        "INSERT INTO {} VALUES (0, 0, 12, 4, 3, false, 2)",
    ),
    "silver.clean_payments": (
        "UPDATE {} SET amount = amount + 4, _run_id = 2 WHERE payment_id IN (40, 200)",
    ),
    "gold.dim_customers": (
        "UPDATE {} SET valid_to = '2024-01-20', _run_id = 2 WHERE customer_key = 60",
        "INSERT INTO {} VALUES (-2, 31, 'vip', '2024-01-20', '2024-02-01', 2)",
    ),
    "gold.rates": ("UPDATE {} SET rate = 1.2, _run_id = 2 WHERE currency = 'C4'",),
    "gold.sales": (
        "UPDATE {} SET amount = 8, customer_id = 14, _run_id = 2 WHERE sale_id IN (30, 31)",
        "DELETE FROM {} WHERE sale_id = 99",
    ),
    "gold.stock_moves": (
        "UPDATE {} SET quantity = 7, _run_id = 2 WHERE warehouse = 'w0' AND sku + move_number = 2",
    ),
    "gold.events": (
        "UPDATE {} SET score = 0.5, tags = ARRAY['t3'], _run_id = 2 WHERE event_id = 55",
        "DELETE FROM {} WHERE event_id = 80",
    ),
    "gold.readings": (
        "UPDATE {} SET sensor = 's9', numbers = ARRAY[2], _run_id = 2 WHERE reading_id = 45",
        "UPDATE {} SET body = '[]', amount = 3, span = '1 mon', _run_id = 2 WHERE reading_id = 46",
        "UPDATE {} SET attributes = '{{\"a\": 4}}', _run_id = 2 WHERE reading_id = 47",
    ),
}
"""What the second run brings, by table."""


class Cost(NamedTuple):
    """The cost of one call of a writer.

    Attributes:
        rows: read, by table.
        pages: touched, in memory or not.
    """

    rows: dict[str, int]
    pages: int

    @property
    def all_rows(self) -> int:
        """Rows read of all tables."""
        return sum(self.rows.values())


class Volume:
    """Tables of some size, with the indexes that a deploy creates.

    Args:
        connection: to an empty database, in autocommit mode.
        rows: approximate number per table.
        names: of the shapes.
    """

    def __init__(self, connection: psycopg.Connection, rows: int, names: Iterable[str]) -> None:
        self.connection = connection
        self.keeper = Keeper(connection, names)
        found = self.keeper.kept.items()
        self.kept = {n: k for n, k in found if k.plan.method is Method.INCREMENTAL}
        connection.execute(f"SET cost.n = {int(rows)}".encode())
        connection.execute("SET random_page_cost = 1.1")  # as tests/meter.py does
        connection.execute(ROWS.read_bytes())
        for table in KEYS:
            self._index(table, is_logged=True)
        for kept in self.kept.values():
            self._index(kept.target.qualified, is_logged=bool(kept.target.logged))
        for routine in LOOKS_UP:
            connection.execute((MECHANICS / f"etl/ddl/{routine}.sql").read_bytes())
        for index in without_redundant(
            i for k in self.kept.values() for i in k.plan.wanted_indexes
        ):
            self._look_up_by(index)
        connection.execute("VACUUM ANALYZE")
        for kept in self.kept.values():
            self.keeper.refresh(kept, 1, 0)
            states = [kept.target.state] if kept.plan.counting else []
            for table in (kept.target.qualified, *states):
                connection.execute(f"VACUUM ANALYZE {table}".encode())
        for table, statements in CHANGES.items():
            for statement in statements:
                self._change(table, statement.format(table))

    def _index(self, table: str, *, is_logged: bool) -> None:
        self.connection.execute(f"CREATE INDEX ON {table} (_run_id)".encode())
        if is_logged:
            self.connection.execute(f"CREATE INDEX ON {table}_changes (run_id)".encode())

    def _look_up_by(self, index: Index) -> None:
        table = index.qualified
        if index.columns:
            self.connection.execute(
                "SELECT etl.look_up_by(%s::regclass, %s)", [table, list(index.columns)]
            )
        else:
            self.connection.execute(
                "SELECT etl.look_up_by_expressions(%s::regclass, %s, %s)",
                [table, index.name, list(index.expressions)],
            )

    def _change(self, table: str, statement: str) -> None:
        """Change rows, and log their old and new images."""
        names = ", ".join(f"(v.image).{ident(name)}" for name, _ in self.keeper.columns(table))
        self.connection.execute(
            f"WITH changed AS ({statement} RETURNING old AS was, new AS is_now) "
            f"INSERT INTO {table}_changes SELECT 2, v.sign, {names} FROM changed AS c "
            "CROSS JOIN LATERAL (VALUES (-1, c.was), (1, c.is_now)) AS v (sign, image) "
            "WHERE (v.image)._run_id IS NOT NULL".encode()
        )

    def drop_indexes(self, table: str, column: str) -> None:
        """Drop the indexes of a table that begin with a column."""
        found = self.connection.execute(
            "SELECT i.indexrelid::regclass FROM pg_index AS i INNER JOIN pg_attribute AS a "
            "ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum "
            "WHERE i.indrelid = %s::regclass AND a.attname = %s",
            [table, column],
        ).fetchall()
        for (index,) in found:
            self.connection.execute(f"DROP INDEX {index}".encode())

    def cost(self, name: str) -> Cost:
        """Call the writer of a shape for the second run; return what it read.

        Shapes that read the tables of others have to come after them.
        """
        kept = self.kept[name]
        with self.connection.transaction():
            before = self._rows_read()
            row = self.connection.execute(
                "EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) "
                f"SELECT FROM {kept.target.writer}(2, 1)".encode()
            ).fetchone()
            after = self._rows_read()
        assert row is not None
        plan = row[0][0]["Plan"]
        return Cost(
            {t: n - before.get(t, 0) for t, n in after.items() if n > before.get(t, 0)},
            plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        )

    def _rows_read(self) -> dict[str, int]:
        return dict(
            self.connection.execute(
                "SELECT schemaname || '.' || relname, seq_tup_read + coalesce(idx_tup_fetch, 0) "
                "FROM pg_stat_xact_user_tables"
            ).fetchall()
        )
