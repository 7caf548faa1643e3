"""Compares the warehouse with what it should contain, row by row, without concurrent writers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.torture.arena import Arena, copy_rows, session
from tests.torture.history import History, Key, TortureError
from tests.torture.ledger import READ, Ledger
from tests.torture.rules import BAD, CLEAN, REVENUE_IN_GOLD, REVENUE_IN_PRODUCTION
from tests.torture.runs import Attempt
from tests.torture.workload import FIRST_HONEST_ID, KEYS, TABLES

SHOWN_ROWS = 10

# Surrogate keys and run ids are not data of the shop; a fact names the versions it refers to.
FACTS = """
    SELECT f.*, c.valid_from AS customer_from, p.valid_from AS product_from
    FROM gold.fact_sales AS f
    INNER JOIN gold.dim_customers AS c USING (customer_key)
    INNER JOIN gold.dim_products AS p USING (product_key)
"""
IGNORED = "'{customer_key,product_key,_run_id,_inserted_run_id}'::text []"


class Checker:
    """Compares the warehouse with production, and gold with its rebuild.

    Args:
        arena: Where they are.
        ledger: The acknowledged writes of honest writers.
        history: Its tally counts the compared rows.
    """

    def __init__(self, arena: Arena, ledger: Ledger, history: History) -> None:
        self._arena = arena
        self._ledger = ledger
        self._tally = history.tally

    def check_run(self, attempt: Attempt) -> bool:
        """Check the writes that were acknowledged when a finished run began (G1).

        Returns:
            Whether it has read production; one that joined an open run may not have.
        """
        shown: dict[Key, int] = {}
        with session(self._arena.warehouse["admin"]) as warehouse:
            ((has_read,),) = warehouse.execute(
                """
                SELECT count(*) > 0
                FROM etl.steps AS s INNER JOIN etl.runs AS r USING (run_id)
                WHERE
                    r.backend_pid = ANY(%s)
                    AND r.started_at >= %s
                    AND s.layer = 'bronze'
                    AND s.model LIKE 'bronze.raw_order_items%%'
                    AND s.status = 'succeeded'
                """,
                [list(attempt.sessions), attempt.began],
            ).fetchall()
            if not has_read:
                return False
            for table in TABLES:
                numbers = warehouse.execute(
                    f"SELECT {KEYS[table]}, {READ[table]} FROM silver.clean_{table} "
                    f"WHERE NOT is_deleted AND {KEYS[table]} >= {FIRST_HONEST_ID}".encode()
                )
                shown |= {(table, key): number for key, number in numbers}
        self._tally["rows compared after a run"] += len(shown)
        if broken := self._ledger.broken_by(attempt.owed, shown):
            self._tally["wrong rows"] += len(broken)
            lines = [f"{key}: {what}" for key, what in broken.items()][:SHOWN_ROWS]
            raise TortureError(f"G1: wrong rows after {attempt.kind}", lines, broken)
        return True

    def check_honest_rows(self) -> None:
        """Check that the rows of honest writers need no reconciliation (G1)."""
        with self._look() as warehouse:
            for table in TABLES:
                honest = f"WHERE {KEYS[table]} >= {FIRST_HONEST_ID}"
                self._compare(
                    warehouse,
                    f"G1: silver's {table} of honest writers are production's",
                    f"SELECT {', '.join(CLEAN[table])} FROM clean_{table} {honest}",
                    f"SELECT {', '.join(CLEAN[table])} FROM silver.clean_{table} {honest} "
                    "AND NOT is_deleted",
                )

    def check_all(self) -> None:
        """Check every row of bronze and silver, and the revenue in gold (G1)."""
        with self._look() as warehouse:
            for table in TABLES:
                self._check_bronze(warehouse, table)
                self._check_silver(warehouse, table)
            self._compare(
                warehouse,
                "revenue by customer, day and category is production's",
                REVENUE_IN_PRODUCTION,
                REVENUE_IN_GOLD,
            )

    @contextmanager
    def picture(self) -> Iterator[None]:
        """Record silver and gold, which the block must not change (G3)."""
        with session(self._arena.warehouse["admin"]) as warehouse:
            now = picture_of(warehouse)
            warehouse.execute(f"CREATE TEMP TABLE picture AS {now}".encode())
            yield
            self._compare(
                warehouse,
                "G3: silver and gold are what a rebuild makes of bronze",
                now,
                "SELECT table_name, contents FROM picture",
            )

    @contextmanager
    def _look(self) -> Iterator[psycopg.Connection]:
        """Copy production's rows to the warehouse, unchanged and as silver has them."""
        with (
            session(self._arena.production) as production,
            session(self._arena.warehouse["admin"]) as warehouse,
        ):
            for table in TABLES:
                columns = ", ".join(columns_of(warehouse, table))
                warehouse.execute(
                    f"CREATE TEMP TABLE production_{table} AS SELECT {columns} "
                    f"FROM bronze.raw_{table} WITH NO DATA".encode()
                )
                query = f"SELECT {columns} FROM {table}"
                copy_rows(production, query, warehouse, f"production_{table}")
                warehouse.execute(
                    f"CREATE TEMP TABLE clean_{table} AS {clean_rows(table)}".encode()
                )
            yield warehouse

    def _check_bronze(self, warehouse: psycopg.Connection, table: str) -> None:
        columns = ", ".join(columns_of(warehouse, table))
        self._compare(
            warehouse,
            f"G1: bronze's latest versions of {table} are production's rows",
            f"SELECT {columns} FROM production_{table}",
            f"""
            SELECT {columns} FROM (
                SELECT DISTINCT ON ({KEYS[table]}) * FROM bronze.raw_{table}
                ORDER BY {KEYS[table]}, _run_id DESC
            ) AS latest WHERE NOT _is_deleted
            """,
        )

    def _check_silver(self, warehouse: psycopg.Connection, table: str) -> None:
        columns, key = ", ".join(CLEAN[table]), KEYS[table]
        self._compare(
            warehouse,
            f"G1: silver's {table} are production's rows, cleaned",
            f"SELECT {columns} FROM clean_{table}",
            f"SELECT {columns} FROM silver.clean_{table} WHERE NOT is_deleted",
        )
        self._compare(
            warehouse,
            f"G1: production's bad {table} are set aside",
            f"SELECT {key} FROM production_{table} WHERE {BAD[table]}",
            f"SELECT (key ->> '{key}')::integer FROM silver.rejected_rows "
            f"WHERE model = 'silver.clean_{table}'",
        )

    def _compare(self, warehouse: psycopg.Connection, promise: str, due: str, found: str) -> None:
        warehouse.execute(
            f"""
            CREATE TEMP TABLE differing_rows AS
            SELECT 'missing' AS problem, d.* FROM (({due}) EXCEPT ALL ({found})) AS d
            UNION ALL
            SELECT 'too much', f.* FROM (({found}) EXCEPT ALL ({due})) AS f
            """.encode()
        )
        lines = [row for (row,) in warehouse.execute("SELECT r::text FROM differing_rows AS r")]
        (count,) = warehouse.execute(f"SELECT count(*) FROM ({due}) AS d".encode()).fetchone() or (
            0,
        )
        self._tally["rows compared at rest"] += count
        self._tally["wrong rows"] += len(lines)
        if lines:
            more = [f"and {len(lines) - SHOWN_ROWS} more"] if len(lines) > SHOWN_ROWS else []
            raise TortureError(f"Not so: {promise}", lines[:SHOWN_ROWS] + more)
        warehouse.execute("DROP TABLE differing_rows")


def columns_of(warehouse: psycopg.Connection, table: str) -> list[str]:
    """Name the columns of production that a bronze table has."""
    columns = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
    names = warehouse.execute(f"{columns} ORDER BY attnum".encode(), [f"bronze.raw_{table}"])
    return [name for (name,) in names if not name.startswith("_")]


def clean_rows(table: str) -> str:
    """Select the expected rows of silver: valid rows, cleaned; else the last accepted version."""
    cleaned = ", ".join(f"{expression} AS {name}" for name, expression in CLEAN[table].items())
    key = KEYS[table]
    return f"""
        SELECT {cleaned} FROM production_{table} WHERE NOT ({BAD[table]})
        UNION ALL
        SELECT {cleaned} FROM (
            SELECT DISTINCT ON ({key}) *
            FROM bronze.raw_{table}
            WHERE
                {key} IN (SELECT {key} FROM production_{table} WHERE {BAD[table]})
                AND (_is_deleted OR NOT ({BAD[table]}))
            ORDER BY {key}, _run_id DESC
        ) AS last_good WHERE NOT _is_deleted
    """


def picture_of(warehouse: psycopg.Connection) -> str:
    """Select every row of silver and gold, without surrogate keys and run ids."""
    tables = warehouse.execute(
        """
        SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname IN ('silver', 'gold') AND tablename NOT LIKE '%\\_changes'
        """
    )
    return " UNION ALL ".join(
        f"SELECT '{table}' AS table_name, to_jsonb(r) - {IGNORED} AS contents "
        f"FROM ({FACTS if table == 'gold.fact_sales' else f'SELECT * FROM {table}'}) AS r"
        for (table,) in tables.fetchall()
    )
