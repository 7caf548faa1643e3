"""Tables of silver as SELECTs over one table of bronze, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from tests.compiler.shop_files import SILVER
from tests.harness import Row, Shop, Warehouse, failing
from tests.test_models import sell

ORDERS = """\
/*
description: Orders.
grain: one order
key: order_id
reject:
  no customer: customer_id IS NULL
  odd status: [status IS NULL, "status NOT IN ('pending', 'delivered', 'cancelled')"]
columns:
  status: {accepted_values: [pending, delivered, cancelled], not_null: true}
*/
SELECT
    order_id,
    customer_id,
    order_date,
    lower(btrim(status)) AS status, -- as people write it
    created_at,
    updated_at
FROM bronze.raw_orders
"""


def contents(warehouse: Warehouse) -> dict[str, list[Row]]:
    """Return the rows of silver, without run ids; a deleted row has its last values."""
    return {
        table: warehouse.rows(
            f"SELECT (to_jsonb(t) - '_run_id')::text FROM silver.{table} AS t ORDER BY 1"
        )
        for table in (*SILVER, "rejected_rows")
    }


CHANGES = [
    ("UPDATE customers SET email = '  N' || customer_id || '@X.COM ' WHERE customer_id <= 3",),
    ("DELETE FROM order_items WHERE order_item_id <= 9",),
    ("UPDATE orders SET status = 'lost' WHERE order_id <= 4",),
    ("UPDATE orders SET status = ' Cancelled' WHERE order_id IN (2, 3, 11)",),
    ("UPDATE order_items SET unit_price = 'NaN' WHERE order_item_id IN (30, 31)",),
    ("UPDATE orders SET order_date = 'infinity' WHERE order_id = 20",),
    ("DELETE FROM order_items WHERE order_id = 4", "DELETE FROM orders WHERE order_id = 4"),
]


def test_silver_of_selects_is_silver_written_by_hand(
    seeded_warehouse: Warehouse, beside: Warehouse
) -> None:
    for number, change in enumerate([(), *CHANGES]):
        seeded_warehouse.shop.execute(*change)
        for warehouse in (seeded_warehouse, beside):
            warehouse.reconcile() if number % 2 else warehouse.run()
        assert contents(beside) == contents(seeded_warehouse), change
    assert len(contents(beside)["rejected_rows"]) >= 4
    for warehouse in (seeded_warehouse, beside):
        before = warehouse.row_versions("silver")
        warehouse.call("etl.rebuild('all')")
        assert warehouse.row_versions("silver") == before


def test_silver_of_a_migration_is_taken_over_as_it_is(beside: Warehouse) -> None:
    beside.run()
    tables = [f"silver.{table}" for table in SILVER]
    before = {table: beside.row_versions("silver")[table] for table in tables}
    beside.deploy()
    beside.run()
    assert {table: beside.row_versions("silver")[table] for table in tables} == before
    assert beside.deploy().is_empty


def test_where_holds_for_each_version(warehouse: Warehouse, project: Path, shop: Shop) -> None:
    file = project / "sql/silver/clean_orders.sql"
    file.write_text(ORDERS + "WHERE customer_id <> 2 -- a test customer\n")
    warehouse.deploy(project)
    for number in (1, 2):
        sell(shop, number)
    warehouse.run()
    live = "SELECT order_id, is_deleted FROM silver.clean_orders ORDER BY 1"
    assert warehouse.rows(live) == [(1, False), (2, True)]
    shop.execute("UPDATE orders SET customer_id = 3 - customer_id")
    warehouse.run()
    assert warehouse.rows(live) == [(1, True), (2, False)]


def test_changed_rules_are_applied_to_all_versions(
    warehouse: Warehouse, project: Path, shop: Shop
) -> None:
    file = project / "sql/silver/clean_orders.sql"
    file.write_text(ORDERS)
    warehouse.deploy(project)
    sell(shop, 1)
    warehouse.run()
    assert warehouse.rows("SELECT * FROM silver.rejected_rows") == []
    file.write_text(
        ORDERS.replace("reject:\n", "reject:\n  delivered: status = 'delivered'\n").replace(
            "    created_at,\n", "    created_at AT TIME ZONE 'UTC' AS made_at,\n"
        )
    )
    warehouse.deploy(project)
    warehouse.run()
    assert warehouse.rows("SELECT key, reasons FROM silver.rejected_rows") == [
        ({"order_id": 1}, ["delivered"])
    ]
    assert warehouse.column("SELECT count(*) FROM silver.clean_orders") == [0]
    columns = "SELECT attname FROM pg_attribute WHERE attrelid = 'silver.clean_orders'::regclass "
    assert "made_at" in warehouse.column(columns)


def test_computed_key_is_known_from_the_select(
    warehouse: Warehouse, project: Path, shop: Shop
) -> None:
    (project / "sql/silver/mails.sql").write_text(
        "/*\ndescription: Mails.\ngrain: one mail address\nkey: mail\n*/\n"
        "SELECT lower(split_part(email, '+', 1)) AS mail, full_name FROM bronze.raw_customers\n"
    )
    warehouse.deploy(project)
    sell(shop, 1)
    shop.execute("UPDATE customers SET email = 'A+1@x.org'")
    warehouse.run()
    assert warehouse.column("SELECT mail FROM silver.mails WHERE NOT is_deleted") == ["a"]
    sell(shop, 2)
    shop.execute("UPDATE customers SET email = 'a+2@x.org' WHERE customer_id = 2")
    with failing("DW014", "silver.mails"):
        warehouse.run()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "FROM bronze.raw_orders",
            "FROM production.orders",
            "production.orders, which is not a table",
        ),
        (
            "FROM bronze.raw_orders",
            "FROM bronze.raw_orders CROSS JOIN (VALUES (1)) AS v (one)",
            "exactly one table in FROM",
        ),
        ("    order_date,\n", "    now() AS order_date,\n", "line 14: now() depends on the time"),
        ("    order_date,\n", "    random() AS order_date,\n", "line 14: random() is volatile"),
        ("    order_date,\n", "    row_number() OVER () AS order_date,\n", "line 14: a window"),
        ("    order_date,\n", "    (SELECT 1) AS order_date,\n", "line 14: a subquery"),
        ("    order_date,\n", "    generate_series(1, 2) AS order_date,\n", "returns a set"),
        ("SELECT\n", "SELECT DISTINCT\n", "DISTINCT and ORDER BY are not possible here"),
        ("FROM bronze.raw_orders", "FROM bronze.raw_orders LIMIT 3", "LIMIT"),
        ("FROM bronze.raw_orders", "FROM bronze.raw_orders GROUP BY 1, 2, 3, 4, 5, 6", "aggregate"),
        ("no customer: customer_id", "no customer: customer", "line 6: reject: no customer: col"),
        ("customer_id IS NULL", "updated_at > now()", "line 6: reject: no customer: now() depends"),
        ("key: order_id", "key: order", "key: the SELECT has no column order"),
        ("    order_date,\n", "    true AS is_deleted,\n", "a reserved name"),
        ("key: order_id", "key: order_id\nkind: dimension", "line 5: silver has no dimensions"),
    ],
)
def test_what_is_not_row_by_row_is_refused(
    warehouse: Warehouse, project: Path, old: str, new: str, said: str
) -> None:
    assert old in ORDERS
    (project / "sql/silver/clean_orders.sql").write_text(ORDERS.replace(old, new, 1))
    with pytest.raises(FdwarehouseError) as caught:
        warehouse.deploy(project)
    assert said in caught.value.message
    assert caught.value.message.startswith("sql/silver/clean_orders.sql")
    assert caught.value.hint


def test_rules_that_are_no_constraints_are_checks(
    warehouse: Warehouse, project: Path, shop: Shop
) -> None:
    warehouse.deploy(project)
    for number in (1, 2):
        sell(shop, number)
    shop.force("DELETE FROM orders WHERE order_id = 2")
    warehouse.run()
    failed = warehouse.rows(
        "SELECT check_name, severity, offending_rows FROM etl.check_results "
        r"WHERE check_name LIKE 'clean\_order\_items\_\_%' ORDER BY 1"
    )
    assert failed == [
        ("clean_order_items__order_id__references", "warn", 1),
        ("clean_order_items__product_id__references", "warn", 0),
    ]
