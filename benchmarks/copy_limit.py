"""The limit: binary COPY from server to server, into tables without keys and indexes.

`python -m benchmarks.copy_limit`, with PRODUCTION_URL and WAREHOUSE_URL set; tables in schema bare.
"""

from __future__ import annotations

import os

import psycopg

from benchmarks.options import TABLES


def main() -> None:
    """Copy all tables in turn, in one snapshot of production."""
    with (
        psycopg.connect(os.environ["PRODUCTION_URL"]) as production,
        psycopg.connect(os.environ["WAREHOUSE_URL"]) as warehouse,
    ):
        production.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        for table in TABLES:
            out, into = f"COPY {table} TO STDOUT", f"COPY bare.{table} FROM STDIN"
            with (
                production.cursor().copy(f"{out} (FORMAT binary)".encode()) as rows,
                warehouse.cursor().copy(f"{into} (FORMAT binary)".encode()) as copied,
            ):
                for block in rows:
                    copied.write(block)


if __name__ == "__main__":
    main()
