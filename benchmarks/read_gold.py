"""An analyst's session: small queries on gold in a loop, until its input ends.

`python -m benchmarks.read_gold URL` prints a JSON list of [start, seconds, whether it waited for a
lock], by the monotonic clock, which on Linux is the same in all processes.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from itertools import cycle

import psycopg

PAUSE_SECONDS = 0.005
QUERIES = (
    """
    SELECT d.month_start, sum(s.revenue)
    FROM gold.daily_sales AS s INNER JOIN gold.dim_date AS d ON s.date_key = d.date_key
    GROUP BY d.month_start
    """,
    "SELECT * FROM gold.customer_lifetime_value WHERE customer_id = 42",
    "SELECT sum(total_amount) FROM gold.fact_sales WHERE customer_id = 42",
)


def main(url: str) -> None:
    """Query until the input ends."""
    asked: list[tuple[float, float, bool]] = []
    is_over = threading.Event()
    threading.Thread(target=_await_end, args=[is_over], daemon=True).start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '1ms'")
        for query in cycle(QUERIES):
            if is_over.wait(PAUSE_SECONDS):
                break
            began = time.monotonic()
            waited = _ask(connection, query)
            asked.append((began, time.monotonic() - began, waited))
    json.dump(asked, sys.stdout)


def _await_end(is_over: threading.Event) -> None:
    sys.stdin.read()
    is_over.set()


def _ask(connection: psycopg.Connection, query: str) -> bool:
    """Run a query, and return whether it waited for a lock."""
    try:
        connection.execute(query.encode()).fetchall()
    except psycopg.errors.LockNotAvailable:
        connection.execute("SET lock_timeout = 0")
        connection.execute(query.encode()).fetchall()
        connection.execute("SET lock_timeout = '1ms'")
        return True
    return False


if __name__ == "__main__":
    main(sys.argv[1])
