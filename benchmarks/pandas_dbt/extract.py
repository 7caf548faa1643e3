"""A typical extraction: pandas, psycopg2, upsert of rows since max(updated_at).

Runs in the peers' environment: `python -m benchmarks.pandas_dbt.extract`, with PRODUCTION_URL and
WAREHOUSE_URL set.
"""

import os
from datetime import UTC, datetime

import pandas as pd
import psycopg2
from psycopg2.extras import execute_values
from sqlalchemy import create_engine, text

TABLES = {
    "customers": "customer_id",
    "products": "product_id",
    "orders": "order_id",
    "order_items": "order_item_id",
}
PAGE_SIZE = 10_000


def extract(table: str, since: datetime | None) -> pd.DataFrame:
    """Read the rows that changed since a time, or all rows if it is None."""
    engine = create_engine(os.environ["PRODUCTION_URL"])
    query = f"SELECT * FROM {table}"
    with engine.connect() as connection:
        if since is None:
            return pd.read_sql(text(query), connection)
        return pd.read_sql(
            text(f"{query} WHERE updated_at > :since"), connection, params={"since": since}
        )


def load(cursor: psycopg2.extensions.cursor, table: str, key: str, rows: pd.DataFrame) -> None:
    """Upsert the rows into bronze."""
    rows["_extracted_at"] = datetime.now(UTC)
    rows["_source_system"] = "xyz_store_oltp"
    columns = ", ".join(rows.columns)
    updates = ", ".join(f"{c} = excluded.{c}" for c in rows.columns if c != key)
    execute_values(
        cursor,
        f"INSERT INTO bronze.raw_{table} ({columns}) VALUES %s "
        f"ON CONFLICT ({key}) DO UPDATE SET {updates}",
        rows.itertuples(index=False, name=None),
        page_size=PAGE_SIZE,
    )


def main() -> None:
    """Bring bronze up to date, one table at a time."""
    with psycopg2.connect(os.environ["WAREHOUSE_URL"]) as warehouse:
        for table, key in TABLES.items():
            with warehouse.cursor() as cursor:
                cursor.execute(f"SELECT max(updated_at) FROM bronze.raw_{table}")
                (since,) = cursor.fetchone()
                rows = extract(table, since)
                if len(rows):
                    load(cursor, table, key, rows)
            warehouse.commit()
            print(f"{table}: {len(rows)} rows")


if __name__ == "__main__":
    main()
