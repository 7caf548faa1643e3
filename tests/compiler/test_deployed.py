"""Tables that are one SELECT, deployed next to hand-written ones and maintained by runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from tests.harness import Shop, Warehouse, failing
from tests.test_models import sell
from tests.test_render import edit

LINES = """\
/*
description: Items of orders.
grain: one order item
key: order_item_id
columns:
  order_item_id: Key in production.
  status: {description: Status of its order., accepted_values: [pending, delivered, cancelled]}
  amount: {description: Quantity by price., unit: EUR, not_null: true, check: amount >= 0}
  date_key: {references: gold.dim_date}
*/

SELECT
    i.order_item_id, o.order_id, o.customer_id, o.status,
    i.quantity * i.unit_price AS amount,
    to_char(o.order_date, 'YYYYMMDD')::integer AS date_key
FROM silver.clean_order_items AS i
INNER JOIN silver.clean_orders AS o ON i.order_id = o.order_id
WHERE NOT i.is_deleted AND NOT o.is_deleted
"""
TOTALS = """\
/*
description: What each customer spent.
grain: one customer
key: customer_id
*/
SELECT l.customer_id, count(*) AS lines, sum(l.amount) AS amount, max(l.amount) AS dearest
FROM gold.order_lines AS l
GROUP BY l.customer_id
HAVING sum(l.amount) > 0
"""
NAMED = """\
/*
description: Lines with the product as it was.
grain: one order item
key: order_item_id
*/
SELECT i.order_item_id, p.name
FROM silver.clean_order_items AS i
INNER JOIN silver.clean_orders AS o ON i.order_id = o.order_id
LEFT JOIN gold.dim_products AS p
    ON i.product_id = p.product_id AND o.order_date >= p.valid_from AND o.order_date < p.valid_to
WHERE NOT i.is_deleted
"""
BOTH = ["customer_id", "order_id"]
TABLES = {"order_lines": LINES, "customer_totals": TOTALS, "named_lines": NAMED}


def write(project: Path, **files: str) -> None:
    for name, text in files.items():
        (project / "sql" / "gold" / f"{name}.sql").write_text(text)


def assert_equal_to_selects(warehouse: Warehouse, *tables: str) -> None:
    for table in tables or tuple(TABLES):
        columns = ", ".join(
            warehouse.column(
                "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped "
                f"AND attrelid = 'gold.{table}_definition'::regclass ORDER BY attnum"
            )
        )
        kept, wanted = (
            sorted(warehouse.column(f"SELECT (q.*)::text FROM (SELECT {columns} FROM {name}) AS q"))
            for name in (f"gold.{table}", f"gold.{table}_definition")
        )
        assert kept == wanted


@pytest.fixture
def deployed(warehouse: Warehouse, project: Path) -> Warehouse:
    write(project, **TABLES)
    warehouse.deploy(project)
    return warehouse


def test_a_select_is_a_table_that_runs_keep_up(deployed: Warehouse, shop: Shop) -> None:
    for number in (1, 2, 3):
        sell(shop, number)
    deployed.run()
    assert_equal_to_selects(deployed)
    assert deployed.rows("SELECT customer_id, amount FROM gold.customer_totals ORDER BY 1") == [
        (1, 10), (2, 10), (3, 10)
    ]  # fmt: skip
    shop.force(
        "UPDATE orders SET status = 'cancelled', customer_id = 2, updated_at = now() "
        "WHERE order_id = 1",
        "UPDATE order_items SET quantity = 7, updated_at = now() WHERE order_item_id = 3",
    )
    sell(shop, 4)
    run = deployed.run()
    assert_equal_to_selects(deployed)
    assert deployed.rows("SELECT customer_id, amount FROM gold.customer_totals ORDER BY 1") == [
        (2, 20), (3, 35), (4, 10)
    ]  # fmt: skip
    steps = deployed.rows(
        "SELECT model, rows_read, rows_inserted, rows_updated, rows_deleted FROM etl.steps "
        f"WHERE run_id = {run} AND model IN ('gold.order_lines', 'gold.customer_totals') ORDER BY 1"
    )
    assert steps == [("gold.customer_totals", 3, 1, 2, 1), ("gold.order_lines", 3, 1, 2, 0)]
    assert deployed.rows(
        f"SELECT sum(rows_inserted + rows_updated + rows_deleted) FROM etl.steps "
        f"WHERE run_id = {deployed.run()} AND layer = 'gold'"
    ) == [(0,)]


def test_a_rebuild_writes_nothing_where_runs_were_right(deployed: Warehouse, shop: Shop) -> None:
    for number in (1, 2):
        sell(shop, number)
        deployed.run()
    deployed.call("etl.rebuild()")
    assert_equal_to_selects(deployed)
    assert (
        deployed.rows(
            "SELECT model FROM etl.steps WHERE run_id = (SELECT max(run_id) FROM etl.runs) "
            "AND rows_inserted + rows_updated + rows_deleted > 0"
        )
        == []
    )


def test_constraints_comments_and_how_it_is_kept_up_are_deployed(deployed: Warehouse) -> None:
    assert deployed.rows(
        "SELECT conname, obj_description(oid, 'pg_constraint') FROM pg_constraint "
        "WHERE conrelid = 'gold.order_lines'::regclass "
        "AND obj_description(oid, 'pg_constraint') <> '' ORDER BY 1"
    ) == [
        ("order_lines__amount__check", "CHECK (amount >= 0)"),
        ("order_lines__amount__not_null", "NOT NULL amount"),
        (
            "order_lines__date_key__references",
            "FOREIGN KEY (date_key) REFERENCES gold.dim_date DEFERRABLE INITIALLY DEFERRED",
        ),
        ("order_lines__key", "PRIMARY KEY (order_item_id)"),
        (
            "order_lines__status__values",
            "CHECK (status IN ('pending', 'delivered', 'cancelled'))",
        ),
    ]  # fmt: skip
    said: dict[str, str] = dict(
        deployed.rows(
            "SELECT c.relname, obj_description(c.oid) FROM pg_class AS c WHERE c.relname IN "
            "('order_lines', 'customer_totals', 'named_lines')"
        )
    )
    assert said["order_lines"] == (
        "Items of orders. Grain: one order item. Maintenance: incremental by order_item_id from "
        "silver.clean_order_items, silver.clean_orders."
    )
    assert "counted by customer_id from gold.order_lines" in said["customer_totals"]
    assert "incremental by order_item_id" in said["named_lines"]
    assert deployed.rows(
        "SELECT col_description('gold.order_lines'::regclass, attnum) FROM pg_attribute "
        "WHERE attrelid = 'gold.order_lines'::regclass AND attname = 'amount'"
    ) == [("Quantity by price. Unit: EUR.",)]


def test_a_constraint_that_rows_break_stops_the_run(deployed: Warehouse, shop: Shop) -> None:
    sell(shop, 1)
    shop.force("UPDATE orders SET status = 'shipped'")
    with failing("23514", "order_lines__status__values"):
        deployed.run()


def test_a_second_deploy_changes_nothing(deployed: Warehouse, project: Path, shop: Shop) -> None:
    assert deployed.deploy(project).is_empty
    sell(shop, 1)
    deployed.run()
    assert deployed.deploy(project).is_empty


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        (("o.customer_id, ", "o.customer_id, o.order_date, "), ["order_date", *BOTH]),
        (("o.order_id, o.customer_id,", "o.customer_id,"), ["customer_id"]),
        (("o.order_id, ", "o.order_id::text AS order_id, "), BOTH),
        (("key: order_item_id", "key: [order_item_id, order_id]"), BOTH),
        (("o.order_id, ", "'no ' || o.order_id AS order_id, "), BOTH),
        (("o.customer_id, ", "o.order_date AS customer_id, "), BOTH),
    ],
)  # fmt: skip
def test_a_table_follows_its_select(
    deployed: Warehouse, project: Path, shop: Shop, change: tuple[str, str], columns: list[str]
) -> None:
    sell(shop, 1)
    deployed.run()
    write(project, order_lines=LINES.replace(*change))
    deployed.deploy(project)
    sell(shop, 2)
    deployed.run()
    assert_equal_to_selects(deployed)
    found = deployed.column(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'gold.order_lines'::regclass "
        "AND attnum > 0 AND NOT attisdropped AND attname IN "
        "('customer_id', 'order_date', 'order_id') ORDER BY attname"
    )
    assert found == sorted(columns)
    assert deployed.rows("SELECT count(*) FROM gold.order_lines") == [(2,)]


def test_a_table_gets_another_type_and_back(deployed: Warehouse, project: Path, shop: Shop) -> None:
    sell(shop, 1)
    deployed.run()
    for text in (LINES.replace("o.order_id, ", "'no ' || o.order_id AS order_id, "), LINES):
        write(project, order_lines=text)
        deployed.deploy(project)
        deployed.run()
        assert_equal_to_selects(deployed)
    assert deployed.column("SELECT order_id FROM gold.order_lines") == [1]


def test_a_coarser_grain_leaves_no_old_rows(deployed: Warehouse, project: Path, shop: Shop) -> None:
    for number in (1, 2):
        sell(shop, number)
    shop.force("UPDATE orders SET customer_id = 1")
    deployed.run()
    coarse = NAMED.replace("key: order_item_id", "key: customer_id").replace(
        "SELECT i.order_item_id, p.name", "SELECT DISTINCT ON (o.customer_id) o.customer_id, p.name"
    )
    write(project, named_lines=coarse)
    deployed.deploy(project)
    deployed.run()
    assert deployed.column("SELECT customer_id FROM gold.named_lines") == [1]


def test_a_reader_that_comes_later_gets_its_log(
    warehouse: Warehouse, project: Path, shop: Shop
) -> None:
    for number, files in ((1, {"order_lines": LINES}), (2, {"customer_totals": TOTALS})):
        write(project, **files)
        warehouse.deploy(project)
        sell(shop, number)
        warehouse.run()
    shop.force("UPDATE order_items SET quantity = 3, updated_at = now() WHERE order_id = 1")
    warehouse.run()
    assert_equal_to_selects(warehouse, "order_lines", "customer_totals")
    assert warehouse.rows("SELECT customer_id, amount FROM gold.customer_totals ORDER BY 1") == [
        (1, 15), (2, 10)
    ]  # fmt: skip


def test_a_table_that_is_given_up_is_not_built(
    deployed: Warehouse, project: Path, shop: Shop
) -> None:
    (project / "sql" / "gold" / "customer_totals.sql").unlink()
    deployed.deploy(project)
    sell(shop, 1)
    deployed.run()
    assert deployed.rows("SELECT to_regproc('gold.write_customer_totals')") == [(None,)]
    assert_equal_to_selects(deployed, "order_lines", "named_lines")


def test_partitions_of_a_select_are_refused_clearly(warehouse: Warehouse, project: Path) -> None:
    dates = {"every": "year", "dates": "silver.clean_orders.order_date"}
    edit(project, "warehouse.yaml", "partitions", value={"gold.fact_sales": dates})
    with pytest.raises(
        FdwarehouseError, match=r"partitions: gold\.fact_sales is one SELECT"
    ) as caught:
        warehouse.deploy(project)
    assert "in the header of sql/gold/fact_sales.sql: partitions: {by:" in str(caught.value.hint)
