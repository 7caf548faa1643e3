"""A production that differs from its contract: only the table concerned fails, unread."""

import re
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from tests.command import Command
from tests.harness import Shop, Warehouse, failing
from tests.test_cli_status import as_json
from tests.test_models import sell

DRIFT = "SELECT subject, difference FROM etl.drift ORDER BY 1"


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("ALTER TABLE orders DROP status", "orders.status: the column is gone"),
        ("ALTER TABLE orders RENAME status TO state", "orders.status: the column is gone"),
        ("DROP TABLE order_items", "order_items: the table is gone"),
        ("ALTER TABLE orders RENAME TO purchases", "orders: the table is gone"),
        (
            "ALTER TABLE products ALTER price TYPE numeric(12, 4)",
            "products.price: its type is numeric(12,4), no longer numeric(10,2)",
        ),
        (
            """
            CREATE TYPE state AS ENUM ('pending', 'delivered');
            ALTER TABLE orders ALTER status DROP DEFAULT, ALTER status TYPE state USING 'pending'
            """,
            "orders.status: its type is state, no longer character varying(50)",
        ),
        (
            "ALTER TABLE products ALTER updated_at DROP NOT NULL",
            "products.updated_at: the watermark is nullable now",
        ),
        (
            """
            ALTER TABLE order_items DROP CONSTRAINT order_items_pkey,
            ADD PRIMARY KEY (order_id, order_item_id)
            """,
            "order_items.order_id: the primary key has changed",
        ),
        (
            "ALTER TABLE order_items DROP CONSTRAINT order_items_pkey",
            "order_items: it no longer has a primary key",
        ),
    ],
)
def test_table_that_is_not_what_its_contract_says_fails_alone(
    shop: Shop, warehouse: Warehouse, change: str, difference: str
) -> None:
    sell(shop, 1)
    warehouse.run()
    sell(shop, 2)
    shop.execute("UPDATE customers SET full_name = 'Bea'")
    broken = f"bronze.raw_{re.split('[.:]', difference)[0]}"
    before = {name: rows for name, rows in warehouse.row_versions().items() if name == broken}
    with shop.connect() as connection:
        connection.execute(change.encode())
    with failing("DW013", f"production.{difference}") as caught:
        warehouse.run()
    assert "fdwarehouse contract" in str(caught.value.diag.message_hint)
    after = warehouse.row_versions()
    assert before.items() <= after.items()
    steps = "SELECT model, status FROM etl.steps WHERE run_id = 2"
    states: dict[str, str] = dict(warehouse.rows(steps))
    assert {name for name, state in states.items() if state == "failed"} == {broken}
    assert states["gold.fact_sales"] == "skipped"
    assert states["silver.clean_customers"] == "succeeded"
    assert warehouse.column("SELECT DISTINCT full_name FROM silver.clean_customers") == ["Bea"]
    assert set(warehouse.column("SELECT breaks FROM etl.drift")) - {None} == {broken}
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10]


def test_what_is_more_than_the_contract_says_is_noted(shop: Shop, warehouse: Warehouse) -> None:
    warehouse.run()
    assert warehouse.rows(DRIFT) == []
    sell(shop, 1)
    shop.execute("ALTER TABLE orders ADD note text")
    notices: list[str] = []
    loader = warehouse.connect("loader", autocommit=True)
    loader.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
    for _ in range(2):
        loader.execute("CALL etl.run_pipeline()")
    told = [notice for notice in notices if not notice.startswith("run ")]  # their summaries
    assert told == ["production.orders.note: a new column, which is not read"]
    assert warehouse.rows(DRIFT) == [("orders.note", "a new column, which is not read")]
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10]
    shop.execute("ALTER TABLE orders DROP note")
    warehouse.run()
    assert warehouse.rows(DRIFT) == []


def test_time_zone_that_was_changed_is_noted(shop: Shop, warehouse: Warehouse) -> None:
    shop.execute(f"ALTER DATABASE {shop.name} SET timezone = 'Asia/Tokyo'")
    warehouse.run()
    assert warehouse.rows(DRIFT) == [("TimeZone", "it is Asia/Tokyo, no longer Etc/UTC")]


def test_change_of_production_is_taken_over_by_contract_and_deploy(
    command: Command, shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    sell(shop, 1)
    command.project(project)
    command.use(warehouse.environment)
    command.works("run")
    shop.execute("ALTER TABLE customers ADD phone text, ALTER full_name TYPE text")
    failed = command("run")
    assert failed.exit_code == 1
    assert "customers.full_name: its type is text, no longer character varying(255)" in failed.err
    command.works("contract")
    command.works("deploy")
    shop.execute("UPDATE customers SET phone = '1'")
    command.works("run")
    raw = "SELECT full_name, phone FROM bronze.raw_customers ORDER BY _run_id"
    assert warehouse.rows(raw) == [("Ana", None), ("Ana", "1")]
    shop.execute("ALTER TABLE customers DROP phone")
    assert "customers.phone: the column is gone" in command("run").err
    command.works("contract")
    command.works("deploy")
    command.works("run")
    command.works("rebuild")
    assert warehouse.rows(raw) == [("Ana", None), ("Ana", "1")]


@pytest.mark.parametrize(
    "changes",
    [
        ("ALTER TABLE orders DROP status", "ALTER TABLE orders ADD status varchar(50)"),
        (
            "ALTER TABLE orders RENAME status TO state; ALTER TABLE orders ADD status varchar(50)",
            "ALTER TABLE orders DROP state",
        ),
        (
            "ALTER TABLE orders ALTER status TYPE text USING 'pending'",
            "ALTER TABLE orders ALTER status TYPE varchar(50)",
        ),
        (
            "ALTER TABLE orders RENAME TO former; CREATE TABLE orders (order_id integer)",
            "DROP TABLE orders; ALTER TABLE former RENAME TO orders; UPDATE orders SET status = ''",
        ),
    ],
)
def test_values_that_a_change_of_columns_left_behind_are_found_by_the_next_run(
    shop: Shop, warehouse: Warehouse, changes: tuple[str, str]
) -> None:
    sell(shop, 1)
    warehouse.run()
    shop.execute("ALTER TABLE orders ALTER status DROP NOT NULL")
    for change in changes:
        with shop.connect() as connection:
            connection.execute("SET session_replication_role = replica")  # no trigger
            connection.execute(change.encode())
        if change == changes[0] and "state" not in change:
            with failing("DW013"):
                warehouse.run()
        else:
            warehouse.run()
    live = "SELECT status FROM production.orders"
    latest = "SELECT status FROM bronze.raw_orders ORDER BY _run_id DESC LIMIT 1"
    assert warehouse.column(latest) == warehouse.column(live)


def test_backfill_of_a_table_that_is_not_what_its_contract_says_names_it(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    shop.execute("DROP TABLE order_items")
    with failing("DW013", "production.order_items: the table is gone"):
        warehouse.call("etl.backfill()")


def test_status_tells_of_a_table_that_is_not_loaded(
    command: Command, shop: Shop, warehouse: Warehouse
) -> None:
    command.use(warehouse.environment)
    shop.execute("ALTER TABLE orders DROP status")
    assert command("run").exit_code == 1
    (source,) = as_json(command)["sources"]
    assert [d["breaks"] for d in source["drift"]] == ["bronze.raw_orders"]
    said = command.works("status")
    assert "orders.status: the column is gone; bronze.raw_orders is not loaded" in said


def test_status_tells_of_drift_and_of_who_holds_the_fence_too_long(
    command: Command, shop: Shop, warehouse: Warehouse
) -> None:
    command.use(warehouse.environment)
    with psycopg.connect(shop.urls["admin"]) as idle:
        idle.execute("SELECT 1")
        shop.execute("ALTER TABLE orders ADD note text")
        command.works("run")
        said = command.works("status")
        assert "orders.note: a new column, which is not read" in said
        assert "idle in transaction, for" in said
        assert "longer than warn_after" not in said
        warehouse.execute("UPDATE etl.sources SET warn_after = '0'")
        assert "longer than warn_after allows" in command.works("status")
    (source,) = as_json(command)["sources"]
    assert (source["is_held_too_long"], source["held_seconds"] > 0) == (True, True)
    assert [drift["subject"] for drift in source["drift"]] == ["orders.note"]


HALVES = """\
/*
description: Half of each quantity.
grain: one order item
key: order_item_id
*/
SELECT order_item_id, (quantity / 2)::numeric(12, 2) AS half FROM silver.clean_order_items
"""


def test_g3_tables_over_a_column_of_another_type_are_computed_in_full(
    command: Command, shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    (project / "sql/gold/halves.sql").write_text(HALVES)
    command.project(project)
    command.use(warehouse.environment)
    command.works("deploy")
    sell(shop, 1)
    shop.execute("UPDATE order_items SET quantity = 3, updated_at = now()")
    command.works("run")
    assert warehouse.column("SELECT half FROM gold.halves") == [1]
    shop.execute(
        "ALTER TABLE products ALTER product_id TYPE bigint",
        "ALTER TABLE order_items ALTER product_id TYPE bigint, ALTER quantity TYPE numeric(10, 0)",
    )
    command.works("contract")
    command.works("deploy")
    sell(shop, 2)
    shop.execute("UPDATE order_items SET product_id = 1, updated_at = now()")
    command.works("run")
    assert warehouse.rows("SELECT order_item_id, half FROM gold.halves ORDER BY 1") == [
        (1, Decimal("1.50")),
        (2, Decimal("1.00")),
    ]
    assert warehouse.rows("SELECT product_id, quantity FROM gold.product_performance") == [(1, 5)]
    assert "No row differed" in command.works("rebuild")


@pytest.mark.parametrize("key_type", ["bigint", "smallint"])
def test_column_that_refers_to_a_dimension_may_have_another_type(
    command: Command, shop: Shop, warehouse: Warehouse, project: Path, key_type: str
) -> None:
    sell(shop, 1)
    command.project(project)
    command.use(warehouse.environment)
    command.works("run")
    shop.execute(
        "ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_customer_id_fkey",
        f"ALTER TABLE orders ALTER customer_id TYPE {key_type}",
    )
    command.works("contract")
    command.works("deploy")
    command.works("run")
    sell(shop, 2)
    shop.force("INSERT INTO orders VALUES (3, 3, '2024-01-31', 'delivered', now(), now())")
    command.works("run")
    members = """
        SELECT customer_id, is_inferred FROM gold.dim_customers
        WHERE is_current AND customer_id > 0 ORDER BY 1
    """
    assert warehouse.rows(members) == [(1, False), (2, False), (3, True)]
    assert "No row differed" in command.works("rebuild")
