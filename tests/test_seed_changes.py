"""A day of changes in the demo's production database; both files also run in psql."""

import os
import subprocess
from typing import Any

import psycopg
import pytest
from psycopg import conninfo

from fdwarehouse.demo import seeding
from fdwarehouse.embedded import programs
from fdwarehouse.errors import FdwarehouseError
from tests.shop_database import AS_OF, FINGERPRINT, PRODUCTION, TABLES, NewDatabase, only, query


def test_a_days_work_does_what_it_says(new_database: NewDatabase) -> None:
    url = new_database()
    seeding.seed(url, PRODUCTION, scale=10, as_of=AS_OF)
    with psycopg.connect(url, autocommit=True) as connection:
        for table in TABLES:
            key = table.removesuffix("s") + "_id"
            connection.execute(f"CREATE TABLE old_{table} AS SELECT * FROM {table}".encode())
            connection.execute(f"ALTER TABLE old_{table} ADD PRIMARY KEY ({key})".encode())
    report = seeding.make_changes(url, PRODUCTION, changes=200)

    def difference(table: str, condition: str) -> Any:
        key = table.removesuffix("s") + "_id"
        return only(
            url,
            f"""
            SELECT count(*)
            FROM {table} AS now
            FULL JOIN old_{table} AS old ON now.{key} = old.{key}
            WHERE {condition}
            """,
        )

    moved = sum(report.get(f"orders {status}", 0) for status in ("confirmed", "shipped"))
    moved += report.get("orders cancelled", 0) + report.get("orders delivered", 0)
    seen = {
        "prices changed": difference("products", "now.price <> old.price"),
        "customers renamed": difference("customers", "now.full_name <> old.full_name"),
        "emails changed": difference("customers", "now.email <> old.email"),
        "quantities changed": difference("order_items", "now.quantity <> old.quantity"),
        "orders deleted": difference("orders", "now.order_id IS NULL"),
        "new customers": difference("customers", "old.customer_id IS NULL"),
        "new orders": difference("orders", "old.order_id IS NULL AND now.status = 'pending'"),
        "new order items": difference("order_items", "old.order_item_id IS NULL"),
    }
    assert seen == {what: report[what] for what in seen}
    assert all(row_count > 0 for row_count in report.values())
    deleted_items = difference("order_items", "now.order_item_id IS NULL")
    assert deleted_items == (
        report["order items deleted"] + report["order items deleted with them"]
    )
    assert difference("orders", "now.status <> old.status") == moved
    steps = """
        SELECT DISTINCT old.status || ' -> ' || now.status
        FROM orders AS now INNER JOIN old_orders AS old USING (order_id)
        WHERE now.status <> old.status
    """
    assert {step for (step,) in query(url, steps)} <= {
        "pending -> confirmed",
        "pending -> cancelled",
        "confirmed -> shipped",
        "confirmed -> cancelled",
        "shipped -> delivered",
    }
    assert 150 <= sum(report.values()) <= 260


def test_a_days_work_leaves_time_stamps_to_the_shop(new_database: NewDatabase) -> None:
    url = new_database()
    seeding.seed(url, PRODUCTION, as_of=AS_OF)
    start = only(url, "SELECT localtimestamp")
    seeding.make_changes(url, PRODUCTION)
    for table in ("customers", "products", "orders"):
        changed = f"SELECT count(*) FROM {table} WHERE updated_at > '{start}'"
        assert only(url, changed) > 0
    old = "SELECT order_date FROM orders WHERE order_id > 400 AND order_date <= '{}'"
    assert query(url, old.format(start)) == []


def test_the_next_days_work_is_another_and_the_same_shop_has_the_same(
    new_database: NewDatabase,
) -> None:
    one, twin = new_database(), new_database()
    contents = []
    for url in (one, twin):
        seeding.seed(url, PRODUCTION, as_of=AS_OF)
        first = seeding.make_changes(url, PRODUCTION, changes=10)
        repriced = f"SELECT count(*) FROM products WHERE updated_at > '{AS_OF}'"
        assert only(url, repriced) == 1
        second = seeding.make_changes(url, PRODUCTION, changes=10)
        assert only(url, repriced) == 2
        names = "SELECT array_agg(full_name || email ORDER BY customer_id) FROM customers"
        items = "SELECT array_agg((product_id, quantity) ORDER BY order_item_id) FROM order_items"
        contents.append((first, second, query(url, names), query(url, items)))
    assert contents[0] == contents[1]


def test_changes_to_a_database_without_a_shop_say_so(new_database: NewDatabase) -> None:
    with pytest.raises(FdwarehouseError, match="nothing to change yet") as caught:
        seeding.make_changes(new_database(), PRODUCTION)
    assert "fdwarehouse seed" in str(caught.value.hint)


def test_wrong_numbers_and_unreachable_servers_are_errors_for_a_person(
    new_database: NewDatabase,
) -> None:
    server = new_database()
    with pytest.raises(FdwarehouseError, match="scale is 0"):
        seeding.seed(server, PRODUCTION, scale=0)
    with pytest.raises(FdwarehouseError, match="0 changes"):
        seeding.make_changes(server, PRODUCTION, changes=0)
    with pytest.raises(FdwarehouseError, match="Cannot connect") as caught:
        seeding.seed(conninfo.make_conninfo(server, port=1), PRODUCTION)
    assert str(conninfo.conninfo_to_dict(server)["password"]) not in str(caught.value)


def test_psql_alone_makes_the_same_shop_and_changes_it(
    new_database: NewDatabase, seeded: str
) -> None:
    url = new_database()

    def psql(*arguments: str) -> None:
        program = programs.binaries({}) / "psql"
        options = f"-c fdwarehouse.scale=1 -c fdwarehouse.as_of={AS_OF} -c fdwarehouse.changes=10"
        subprocess.run(
            [program, "-X", "-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", *arguments, url],
            env={**os.environ, "PGOPTIONS": options},
            check=True,
        )

    files = [f"--file={PRODUCTION / name}.sql" for name in ("schema", "seed")]
    psql("--single-transaction", *files)
    assert query(url, FINGERPRINT) == query(seeded, FINGERPRINT)
    psql(f"--file={PRODUCTION / 'changes.sql'}")
    assert only(url, "SELECT count(*) FROM orders WHERE order_id > 400") == 2
