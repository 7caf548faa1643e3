"""Dimensions as SELECTs over one table of silver: history, inferred and unknown members."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from tests.harness import Row, Shop, Warehouse
from tests.test_models import sell

RUNS = "_run_id,_inserted_run_id"
CITIES = """\
/*
description: Customers.
grain: one customer
kind: dimension
key: customer_id
{more}*/
SELECT customer_id, full_name, email FROM silver.clean_customers WHERE NOT is_deleted
"""
HISTORY = (
    "SELECT full_name, email, valid_from::text, valid_to::text FROM gold.dim_people "
    "WHERE customer_key > 0 ORDER BY gold.dim_people.valid_from"
)


def _time(column: str) -> str:
    """Write a time of validity; what was just seen was seen at another moment by each warehouse."""
    is_new = f"isfinite({column}) AND {column} > now() - interval '1 hour'"
    return f"CASE WHEN {is_new} THEN 'just now' ELSE {column}::text END"


def star(warehouse: Warehouse) -> dict[str, list[Row]]:
    """Return dimensions and facts, surrogate keys and runs aside."""
    found = {
        table: warehouse.rows(
            f"SELECT (to_jsonb(t) - '{{{RUNS},valid_from,valid_to,{key}}}'::text[])::text, "
            f"{_time('valid_from')}, {_time('valid_to')} FROM gold.{table} AS t ORDER BY 1, 2"
        )
        for table, key in (("dim_customers", "customer_key"), ("dim_products", "product_key"))
    }
    found["fact_sales"] = warehouse.rows(
        "SELECT order_item_id, order_status, total_amount, is_cancelled, "
        f"{_time('c.valid_from')}, {_time('p.valid_from')} FROM gold.fact_sales AS f "
        "INNER JOIN gold.dim_customers AS c USING (customer_key) "
        "INNER JOIN gold.dim_products AS p USING (product_key) ORDER BY 1"
    )
    return found


CHANGES = [
    ("UPDATE customers SET full_name = 'New ' || full_name WHERE customer_id <= 5",),
    ("UPDATE products SET price = price + 1 WHERE product_id <= 9",),
    (
        "DELETE FROM order_items WHERE product_id = 3",
        "DELETE FROM products WHERE product_id = 3",
    ),
    ("UPDATE orders SET order_date = order_date - interval '2 years' WHERE order_id <= 9",),
    ("INSERT INTO products VALUES (3, 'Back Again', 'Toys', 4)",),
    ("UPDATE orders SET customer_id = 7 WHERE customer_id = 8",),
]


def test_star_of_selects_is_the_star_written_by_hand(
    seeded_warehouse: Warehouse, beside: Warehouse
) -> None:
    for number, change in enumerate([(), *CHANGES]):
        seeded_warehouse.shop.execute(*change)
        for warehouse in (seeded_warehouse, beside):
            warehouse.reconcile() if number in (3, 5) else warehouse.run()
        assert star(beside) == star(seeded_warehouse), change
    shop = seeded_warehouse.shop
    shop.force(  # an order before its customer, who comes later
        "INSERT INTO orders VALUES (9001, 9001, now(), 'pending', now(), now())",
        "INSERT INTO order_items VALUES (9001, 9001, 1, 1, 1, now(), now())",
    )
    for warehouse in (seeded_warehouse, beside):
        warehouse.run()
    assert star(beside) == star(seeded_warehouse)
    inferred = "SELECT count(*) FROM gold.dim_customers WHERE is_inferred AND customer_key <> -1"
    assert beside.value(inferred) == 1
    shop.force("INSERT INTO customers VALUES (9001, 'late@x.org', 'Late Guest', now(), now())")
    for warehouse in (seeded_warehouse, beside):
        warehouse.run()
    assert star(beside) == star(seeded_warehouse)
    assert beside.value(inferred) == 0
    before = star(seeded_warehouse)
    seeded_warehouse.call("etl.rebuild('all')")
    assert star(seeded_warehouse) == before
    assert seeded_warehouse.rows(
        "SELECT model FROM etl.steps WHERE run_id = (SELECT max(run_id) FROM etl.runs) "
        "AND rows_inserted + rows_updated + rows_deleted > 0"
    ) == []  # fmt: skip


def test_star_of_a_migration_is_taken_over_as_it_is(beside: Warehouse) -> None:
    beside.run()
    beside.shop.execute("UPDATE customers SET full_name = 'New' WHERE customer_id < 9")
    beside.run()
    tables = ("gold.dim_customers", "gold.dim_products", "gold.fact_sales", "gold.dim_date")
    texts = {
        table: f"SELECT (to_jsonb(t) - '_run_id')::text FROM {table} AS t ORDER BY 1"
        for table in tables
    }
    before = {table: beside.rows(text) for table, text in texts.items()}
    beside.deploy()
    run = beside.run()
    assert {table: beside.rows(text) for table, text in texts.items()} == before
    counts = beside.step_counts(run)
    assert {counts[table][1:4] for table in tables} == {(0, 0, 0)}
    assert beside.deploy().is_empty
    beside.shop.execute("UPDATE orders SET status = 'cancelled' WHERE order_id <= 5")
    beside.run()
    cancelled = "SELECT bool_and(is_cancelled) FROM gold.fact_sales WHERE order_id <= 5"
    assert beside.value(cancelled) is True


def people(project: Path, more: str) -> None:
    (project / "sql/gold/dim_people.sql").write_text(CITIES.replace("{more}", more))


def test_without_a_time_of_change_validity_is_when_it_was_seen(
    warehouse: Warehouse, project: Path, shop: Shop
) -> None:
    people(project, "type2: full_name\n")
    warehouse.deploy(project)
    sell(shop, 1)
    warehouse.run()
    shop.force("UPDATE customers SET full_name = 'Bea', email = 'b@x.org', updated_at = now()")
    warehouse.run()
    (first, second) = warehouse.rows(HISTORY)
    seen = warehouse.value(
        "SELECT (max(_extracted_at) AT TIME ZONE 'UTC')::text FROM bronze.raw_customers"
    )
    assert first[:2] == ("Ana", "b@x.org")  # the address is of type 1: overwritten everywhere
    assert second[:2] == ("Bea", "b@x.org")
    assert (first[3], second[2]) == (seen, seen)


def test_dimension_of_type_1_has_a_row_a_member(
    warehouse: Warehouse, project: Path, shop: Shop
) -> None:
    people(project, "unknown: {full_name: Nobody}\n")
    (project / "sql/gold/orders.sql").write_text(
        "/*\ndescription: Orders.\ngrain: one order\nkey: order_id\n"
        "columns:\n  person_key: {references: gold.dim_people, not_null: true}\n*/\n"
        "SELECT o.order_id, coalesce(p.customer_key, -1) AS person_key\n"
        "FROM silver.clean_orders AS o\n"
        "LEFT JOIN gold.dim_people AS p ON o.customer_id = p.customer_id\n"
    )
    warehouse.deploy(project)
    sell(shop, 1)
    warehouse.run()
    shop.force("UPDATE customers SET full_name = 'Bea', updated_at = now()")
    shop.force("INSERT INTO orders VALUES (2, 2, now(), 'pending', now(), now())")
    warehouse.run()
    rows = (
        "SELECT customer_key, customer_id, full_name, is_inferred FROM gold.dim_people ORDER BY 1"
    )
    assert warehouse.rows(rows) == [
        (-1, None, "Nobody", True),
        (1, 1, "Bea", False),
        (2, 2, None, True),
    ]
    assert warehouse.rows("SELECT order_id, person_key FROM gold.orders ORDER BY 1") == [
        (1, 1),
        (2, 2),
    ]
    shop.force("DELETE FROM order_items", "DELETE FROM orders WHERE order_id = 1")
    shop.force("DELETE FROM customers")
    warehouse.reconcile()
    assert warehouse.rows(rows)[1] == (1, 1, "Bea", False)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: customer_id", "key: [customer_id, email]", "line 5: the key of a dimension is one"),
        ("{more}", "type2: [city]\n", "line 6: type2: the SELECT has no column city"),
        ("{more}", "updated_at: email\n", "line 6: email is of type text"),
        ("{more}", "surrogate: email\n", "a column email, a reserved name"),
        ("{more}", "unknown: {city: x}\n", "line 6: unknown: the SELECT has no column city"),
        ("silver.clean_customers", "bronze.raw_customers", "column"),
        (
            "FROM silver.clean_customers WHERE NOT is_deleted",
            "FROM silver.clean_customers JOIN silver.clean_orders USING (customer_id)",
            "there must be exactly one table in FROM",
        ),
        (", email FROM", ", count(*) OVER () AS email FROM", "a window or DISTINCT ON"),
        ("kind: dimension\n", "kind: table\ntype2: email\n", "type2 belongs to kind: dimension"),
    ],
)
def test_what_has_no_history_is_refused(
    warehouse: Warehouse, project: Path, old: str, new: str, said: str
) -> None:
    assert old in CITIES
    text = CITIES.replace(old, new).replace("{more}", "")
    (project / "sql/gold/dim_people.sql").write_text(text)
    with pytest.raises(FdwarehouseError) as caught:
        warehouse.deploy(project)
    assert said in caught.value.message
    assert caught.value.message.startswith("sql/gold/dim_people.sql, line")
    assert caught.value.hint
