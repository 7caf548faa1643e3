"""Silver: given rows of bronze, expected rows of silver; wrong rows are rejected."""

from decimal import Decimal

import pytest

from tests.harness import Row, Shop, Warehouse

COLUMNS = {
    "customers": "customer_id, email, full_name",
    "products": "product_id, name, category, price",
    "orders": "order_id, customer_id, order_date::text, status",
    "order_items": "order_item_id, order_id, product_id, quantity, unit_price",
}
CREATED, UPDATED = "2024-01-02 03:04:05", "2024-02-03 04:05:06"


def insert(shop: Shop, table: str, *rows: str) -> None:
    """Insert rows, all with the same stamps, without checking references."""
    for row in rows:
        shop.force(f"INSERT INTO {table} VALUES ({row}, '{CREATED}', '{UPDATED}')")


WRONG_DATE = "order_date is not in the years 1 to 9999"


def rejects(warehouse: Warehouse) -> list[Row]:
    query = "SELECT model, key, reasons, _run_id FROM silver.rejected_rows ORDER BY model, key"
    return warehouse.rows(query)


@pytest.mark.parametrize(
    ("table", "given", "expected"),
    [
        (
            "customers",
            ["1, '  Ana.DE-Vries@Example.COM ', '  ana de VRIES  '", "2, 'b@c.d', 'bO o''brien'"],
            [(1, "ana.de-vries@example.com", "Ana De Vries"), (2, "b@c.d", "Bo O'Brien")],
        ),
        (
            "products",
            ["1, '  Red Kite ', '  TOYS & Games ', 0", "2, 'lamp', 'Home', 99999999.99"],
            [
                (1, "Red Kite", "toys & games", Decimal("0.00")),
                (2, "lamp", "home", Decimal("99999999.99")),
            ],
        ),
        (
            "orders",
            [
                "1, 7, '2024-02-29 23:59:59.999999', ' Shipped '",
                "2, 8, '1999-12-31', 'pending'",
                "3, 8, '1999-12-31', 'CONFIRMED'",
                "4, 8, '1999-12-31', 'delivered'",
                "5, 8, '1999-12-31', 'Cancelled'",
            ],
            [
                (1, 7, "2024-02-29 23:59:59.999999", "shipped"),
                (2, 8, "1999-12-31 00:00:00", "pending"),
                (3, 8, "1999-12-31 00:00:00", "confirmed"),
                (4, 8, "1999-12-31 00:00:00", "delivered"),
                (5, 8, "1999-12-31 00:00:00", "cancelled"),
            ],
        ),
        (
            "order_items",
            ["1, 5, 6, 1, 0", "2, 5, 7, 2147483647, 99999999.99"],
            [(1, 5, 6, 1, Decimal("0.00")), (2, 5, 7, 2147483647, Decimal("99999999.99"))],
        ),
    ],
)
def test_rows_are_cleaned(
    shop: Shop,
    warehouse: Warehouse,
    table: str,
    given: list[str],
    expected: list[Row],
) -> None:
    insert(shop, table, *given)
    run_id = warehouse.run()
    silver = f"silver.clean_{table}"
    assert warehouse.rows(f"SELECT {COLUMNS[table]} FROM {silver} ORDER BY 1") == expected
    metadata = "created_at::text, updated_at::text, is_deleted, _run_id"
    assert warehouse.rows(f"SELECT DISTINCT {metadata} FROM {silver}") == [
        (CREATED, UPDATED, False, run_id)
    ]
    assert rejects(warehouse) == []


# Rows without their key, and the rules that they break.
REJECTED = {
    "customers": {
        "NULL, 'Ana'": ["email is empty"],
        "'  ', 'Ana'": ["email is empty"],
        "'a@b.c', NULL": ["full_name is null"],
    },
    "products": {
        "'Kite', 'toys', -0.01": ["price is null, negative or NaN"],
        "'Kite', 'toys', 'NaN'": ["price is null, negative or NaN"],
        "'Kite', 'toys', NULL": ["price is null, negative or NaN"],
    },
    "orders": {
        "NULL, '2024-01-01', 'shipped'": ["customer_id is null"],
        "1, NULL, 'shipped'": [WRONG_DATE],
        "1, '-infinity', 'shipped'": [WRONG_DATE],
        "1, '10000-01-01', 'shipped'": [WRONG_DATE],
        "1, '0001-12-31 BC', ''": [WRONG_DATE, "unknown status"],
        "1, '2024-01-01', NULL": ["unknown status"],
        "1, '2024-01-01', 'lost'": ["unknown status"],
        "NULL, '2024-01-01', ''": ["customer_id is null", "unknown status"],
    },
    "order_items": {
        "NULL, 1, 1, 1": ["order_id is null"],
        "1, NULL, 1, 1": ["product_id is null"],
        "1, 1, 0, 1": ["quantity is null or not positive"],
        "1, 1, -1, 1": ["quantity is null or not positive"],
        "1, 1, NULL, 1": ["quantity is null or not positive"],
        "1, 1, 1, -0.01": ["unit_price is null, negative or NaN"],
        "1, 1, 1, 'NaN'": ["unit_price is null, negative or NaN"],
        "1, 1, 1, NULL": ["unit_price is null, negative or NaN"],
    },
}
ACCEPTED = {
    "customers": "'a@b.c', 'Ana'",
    "products": "'Kite', 'toys', 1",
    "orders": "1, '2024-01-01', 'shipped'",
    "order_items": "1, 1, 1, 1",
}


@pytest.mark.parametrize("table", REJECTED)
def test_rows_that_break_a_rule_are_set_aside(shop: Shop, warehouse: Warehouse, table: str) -> None:
    warehouse.lift_rules(table)
    insert(shop, table, f"0, {ACCEPTED[table]}")
    insert(shop, table, *(f"{number}, {row}" for number, row in enumerate(REJECTED[table], 1)))
    run_id = warehouse.run()
    model, key = f"silver.clean_{table}", f"{table.removesuffix('s')}_id"
    broken = enumerate(REJECTED[table].values(), 1)
    expected = [(model, {key: number}, reasons, run_id) for number, reasons in broken]
    assert rejects(warehouse) == expected
    assert warehouse.column(f"SELECT {key} FROM {model}") == [0]
    assert warehouse.step_counts(run_id)[model] == (len(expected) + 1, 1, 0, 0, len(expected))
    stamp = UPDATED.replace(" ", "T")
    as_it_was = f"rejected_row @> key AND rejected_row ->> 'updated_at' = '{stamp}'"
    assert warehouse.column(f"SELECT DISTINCT {as_it_was} FROM silver.rejected_rows") == [True]
    offending = "SELECT offending_rows FROM etl.check_results WHERE check_name = 'no_rejected_rows'"
    assert warehouse.value(offending) == len(expected)


def test_last_good_version_stays_until_a_later_good_one_clears_the_reject(
    shop: Shop, warehouse: Warehouse
) -> None:
    model, state = "silver.clean_orders", "SELECT status, _run_id FROM silver.clean_orders"
    insert(shop, "customers", "1, 'a@b.c', 'Ana'")
    insert(shop, "orders", "1, 1, '2024-01-01', 'pending'")
    good = warehouse.run()
    for status in ("lost", "stolen"):
        shop.execute(f"UPDATE orders SET status = '{status}'")
        bad = warehouse.run()
        assert warehouse.rows(state) == [("pending", good)]
        assert rejects(warehouse) == [(model, {"order_id": 1}, ["unknown status"], bad)]
        assert (
            warehouse.value("SELECT rejected_row ->> 'status' FROM silver.rejected_rows") == status
        )
        assert warehouse.step_counts(bad)[model] == (1, 0, 0, 0, 1)
    shop.execute("UPDATE orders SET status = 'shipped'")
    better = warehouse.run()
    assert warehouse.rows(state) == [("shipped", better)]
    assert rejects(warehouse) == []
    assert warehouse.step_counts(better)[model] == (1, 0, 1, 0, 0)


def test_good_version_between_two_runs_of_silver_is_not_skipped_for_a_bad_one(
    shop: Shop, warehouse: Warehouse
) -> None:
    insert(shop, "products", "1, 'Kite', 'toys', 1")
    warehouse.lift_rules("products")
    warehouse.call("etl.extract_and_load_bronze()")
    for price in (2, -3):
        shop.execute(f"UPDATE products SET price = {price}")
        warehouse.call("etl.extract_and_load_bronze()")
    warehouse.call("etl.build_silver()")
    assert warehouse.column("SELECT price FROM silver.clean_products") == [2]
    assert warehouse.column("SELECT rejected_row -> 'price' FROM silver.rejected_rows") == [-3]


def test_reject_is_cleared_by_the_deletion_of_the_row(shop: Shop, warehouse: Warehouse) -> None:
    insert(shop, "orders", "1, 1, '2024-01-01', 'pending'")
    warehouse.run()
    shop.force("UPDATE orders SET status = 'lost', updated_at = now()")
    warehouse.run()
    shop.execute("DELETE FROM orders")
    warehouse.call("etl.reconcile('orders')")
    assert rejects(warehouse) == []
    assert warehouse.rows("SELECT order_id, status, is_deleted FROM silver.clean_orders") == [
        (1, "lost", True)
    ]


def test_tombstone_marks_the_row_and_a_return_unmarks_it(shop: Shop, warehouse: Warehouse) -> None:
    insert(shop, "products", "1, 'Kite', 'Toys', 1", "2, 'Lamp', 'home', 2")
    warehouse.run()
    columns = "product_id, name, category, is_deleted, _run_id"
    state = f"SELECT {columns} FROM silver.clean_products ORDER BY product_id"
    kite, lamp = warehouse.rows(state)
    shop.execute("DELETE FROM products WHERE product_id = 2")
    warehouse.call("etl.reconcile()")
    gone = warehouse.last_run()
    assert warehouse.rows(state) == [kite, (*lamp[:3], True, gone)]
    assert warehouse.step_counts(gone)["silver.clean_products"] == (1, 0, 0, 1, 0)
    shop.execute("INSERT INTO products VALUES (2, 'Lamp', 'home', 2)")
    back = warehouse.run()
    assert warehouse.rows(state) == [kite, (*lamp[:3], False, back)]


def test_version_that_cleans_to_the_same_writes_nothing(shop: Shop, warehouse: Warehouse) -> None:
    insert(shop, "products", "1, 'Kite', 'Toys', 1")
    warehouse.run()
    before = warehouse.row_versions("silver")
    shop.force("UPDATE products SET category = ' TOYS'")
    warehouse.call("etl.extract_and_load_bronze(p_is_full => true)")
    assert warehouse.value("SELECT count(*) FROM bronze.raw_products") == 2
    warehouse.call("etl.build_silver()")
    assert warehouse.row_versions("silver") == before
    assert warehouse.step_counts(warehouse.last_run())["silver.clean_products"] == (1, 0, 0, 0, 0)
