"""Tables that are one SELECT and partitioned by a date are maintained like the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdwarehouse.database.status import read_status
from fdwarehouse.demo.seeding import make_changes
from tests.compiler.test_deployed import LINES
from tests.harness import ROOT, Shop, Warehouse, failing
from tests.test_models import assert_is_as_rebuilt, sell
from tests.test_rebuild import forget, picture

BY_YEAR = "partitions: {by: order_date, every: year}"
BY_MONTH = "partitions: {by: order_date, every: month}"
TABLES = ("customers", "products", "orders", "order_items")
DATED = LINES.replace("o.status,", "o.status, o.order_date,")
ITEMS = """\
FROM silver.clean_order_items AS i
INNER JOIN silver.clean_orders AS o ON i.order_id = o.order_id
WHERE NOT i.is_deleted AND NOT o.is_deleted
"""


def partition(project: Path, choice: str = BY_YEAR, file: str = "gold/fact_sales") -> None:
    """Set, change or remove the partitions in a header."""
    path = project / f"sql/{file}.sql"
    lines = [t for t in path.read_text().splitlines() if not t.startswith("partitions:")]
    at = next(n for n, line in enumerate(lines) if line.startswith("key:"))
    path.write_text("\n".join([*lines[: at + 1], *filter(None, [choice]), *lines[at + 1 :], ""]))


def partitions(warehouse: Warehouse, table: str = "gold.fact_sales") -> list[str]:
    """Name the partitions of a table, without the table's own name."""
    return warehouse.column(
        "SELECT substring(inhrelid::regclass::text FROM '_p[0-9]+$') FROM pg_inherits "
        f"WHERE inhparent = '{table}'::regclass ORDER BY 1"
    )


def places(warehouse: Warehouse, table: str = "gold.fact_sales") -> dict[int, str]:
    """In which partition each sale is."""
    return dict(
        warehouse.rows(
            "SELECT order_item_id, substring(tableoid::regclass::text FROM '_p[0-9]+$') "
            f"FROM {table}"
        )
    )


def kind(warehouse: Warehouse, table: str = "gold.fact_sales") -> str:
    return str(
        warehouse.value(f"SELECT relkind::text FROM pg_class WHERE oid = '{table}'::regclass")
    )


def bare(project: Path) -> Path:
    """Reduce a project to silver."""
    for file in (*project.glob("sql/gold/*.sql"), *project.glob("sql/checks/*.sql")):
        file.unlink()
    return project


def sold(shop: Shop, warehouse: Warehouse) -> None:
    """Sell in two years, and run."""
    for number, date in ((1, "2023-01-31"), (2, "2023-12-31"), (3, "2024-02-29")):
        sell(shop, number, date=date)
    warehouse.run()


@pytest.fixture
def parted(bootstrapped_warehouse: Warehouse, project: Path) -> Warehouse:
    partition(project)
    bootstrapped_warehouse.deploy(project)
    return bootstrapped_warehouse


def test_g3_partitioned_table_is_as_an_ordinary_one(
    shop: Shop, parted: Warehouse, warehouse: Warehouse, project: Path
) -> None:
    shop.execute((ROOT / "production/seed.sql").read_text())
    for table in TABLES:
        parted.lift_rules(table)
        warehouse.lift_rules(table)
    both = (parted, warehouse)
    for day in range(4):
        for one in both:
            one.reconcile()
        assert picture(parted) == picture(warehouse)
        make_changes(shop.urls["admin"], ROOT / "production", changes=100, random_seed=day)
        shop.force(
            f"UPDATE orders SET order_date = order_date + interval '{7 - 5 * day} months', "
            f"updated_at = now() WHERE order_id % 9 = {day}",
            f"DELETE FROM order_items WHERE order_item_id % 40 = {day}",
            f"DELETE FROM orders WHERE order_id % 50 = {day}",
        )
    counts = [one.step_counts(one.reconcile()) for one in both]
    assert counts[0] == counts[1]
    assert counts[0]["gold.fact_sales"][2] > 50
    assert picture(parted) == picture(warehouse)
    assert len(partitions(parted)) > 2

    before = parted.row_versions()
    parted.run()
    parted.call("etl.rebuild('all')")
    assert parted.row_versions() == before
    assert parted.deploy(project).is_empty
    forget(parted, "silver", "gold")
    parted.call("etl.rebuild()")
    assert picture(parted) == picture(warehouse)


def test_partitions_come_with_dates_and_rows_move_between_them(
    shop: Shop, parted: Warehouse
) -> None:
    assert partitions(parted) == []
    sell(shop, 1, date="2023-06-30")
    sell(shop, 2, date="2023-12-31")
    parted.run()
    assert places(parted) == {1: "_p20230101", 2: "_p20230101"}
    shop.execute("UPDATE orders SET order_date = '2024-01-01' WHERE order_id = 2")
    counts = parted.step_counts(parted.run())
    assert counts["gold.fact_sales"][1:] == (0, 1, 0, 0)
    assert places(parted) == {1: "_p20230101", 2: "_p20240101"}
    assert parted.column("SELECT date_key FROM gold.daily_sales ORDER BY 1") == [20230630, 20240101]
    assert_is_as_rebuilt(parted)
    shop.force("DELETE FROM order_items WHERE order_item_id = 2")
    parted.reconcile()
    assert places(parted) == {1: "_p20230101"}
    assert_is_as_rebuilt(parted)
    with failing("42501"):
        parted.rows("SELECT * FROM gold.fact_sales_p20230101", role="analyst")
    assert parted.value("SELECT count(*) FROM gold.fact_sales", role="analyst") == 1


def test_first_load_makes_what_it_put_off_in_every_partition(
    shop: Shop, parted: Warehouse, warehouse: Warehouse
) -> None:
    made = """
        SELECT regexp_replace(pg_get_indexdef(indexrelid), ' ON (ONLY )?', ' ON ') AS definition
        FROM pg_index WHERE indrelid = 'gold.fact_sales'::regclass AND indisvalid
        UNION ALL
        SELECT pg_get_constraintdef(oid) || ' -- ' || obj_description(oid, 'pg_constraint')
        FROM pg_constraint WHERE conrelid = 'gold.fact_sales'::regclass AND contype <> 'n'
        UNION ALL
        SELECT attname || attnotnull FROM pg_attribute
        WHERE attrelid = 'gold.fact_sales'::regclass AND attnum > 0
        ORDER BY 1
    """
    for number, date in ((1, "2023-01-01"), (2, "2024-02-29")):
        sell(shop, number, date=date)
    for one in (parted, warehouse):
        one.run()
    ours, theirs = set(parted.column(made)), set(warehouse.column(made))
    assert sorted(d.partition(" USING ")[0] for d in ours - theirs) == [
        "CREATE UNIQUE INDEX fact_sales__key ON gold.fact_sales",
        " -- ".join(["PRIMARY KEY (order_item_id, order_date)"] * 2),
        "order_datetrue",
    ]
    assert len(theirs - ours) == 3
    indexes = "SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass AND indisvalid"
    fact = parted.value(indexes, ["gold.fact_sales"])
    parts = [f"gold.fact_sales{name}" for name in partitions(parted)]
    assert [parted.value(indexes, [name]) for name in parts] == [fact, fact]
    sell(shop, 3, date="2025-01-01")
    parted.run()
    for column, code in (("quantity = 0", "23514"), ("date_key = 1", "23503")):
        with failing(code):
            parted.execute(f"UPDATE gold.fact_sales_p20250101 SET {column}")


def test_key_that_is_twice_is_found_by_its_check(shop: Shop, parted: Warehouse) -> None:
    for number, date in ((1, "2023-01-01"), (2, "2024-02-29")):
        sell(shop, number, date=date)
    parted.run()
    run = parted.last_run()
    parted.execute(
        "INSERT INTO gold.fact_sales SELECT 1, date_key, customer_key, product_key, customer_id, "
        "product_id, order_id, order_date, order_status, is_cancelled, quantity, unit_price, "
        "total_amount, _run_id FROM gold.fact_sales WHERE order_item_id = 2"
    )
    check = "SELECT etl.check_fact_sales__key__unique({}) -> 'order_date' #>> '{{}}'"
    assert sorted(parted.column(check.format(0))) == ["2023-01-01T00:00:00", "2024-02-29T00:00:00"]
    assert parted.column(check.format(run)) == []
    with failing("DW002", "fact_sales__key__unique"):
        parted.call("etl.run_checks()")
    # A run reads the rows written since the last one.
    sell(shop, 3)
    parted.call("etl.extract_and_load_bronze()")
    parted.call("etl.build_silver()")
    before = parted.row_versions("gold")
    parted.execute("UPDATE gold.fact_sales SET _run_id = 1000 WHERE order_date = '2024-02-29'")
    with failing("DW002", "fact_sales__key__unique"):
        parted.call("etl.build_gold()")
    assert before.keys() == parted.row_versions("gold").keys()
    assert parted.column("SELECT order_item_id FROM gold.fact_sales ORDER BY 1") == [1, 1, 2]


def test_plans_read_the_partitions_that_are_asked_for(shop: Shop, parted: Warehouse) -> None:
    for number in range(1, 9):
        sell(shop, number, date=f"{2016 + number}-06-01")
    parted.run()

    def read(query: str) -> set[str]:
        plan = "\n".join(parted.column(f"EXPLAIN {query}"))
        return {word for word in plan.split() if "_p2" in word and "key" not in word}

    year = "order_date >= '2020-01-01' AND order_date < '2021-01-01'"
    assert read(f"SELECT sum(quantity) FROM gold.fact_sales WHERE {year}") == {
        "fact_sales_p20200101"
    }
    assert len(read("SELECT sum(quantity) FROM gold.fact_sales WHERE date_key > 1")) == 8


def test_status_shows_the_rows_of_all_partitions(shop: Shop, parted: Warehouse) -> None:
    for number in range(1, 4):
        sell(shop, number, date=f"202{number}-01-01")
    parted.run()
    tables = {t["table"]: t for t in read_status(parted.urls["owner"])["tables"]}
    assert tables["gold.fact_sales"]["rows"] == 3
    assert parted.value("SELECT obj_description('gold.fact_sales'::regclass)").endswith(
        ", partitioned by order_date, one per year."
    )
