"""Partitioned tables are written, compared, pruned and rebuilt as any other."""

from pathlib import Path

import pytest

from fdwarehouse.database.status import EXACT_BYTES, read_status
from fdwarehouse.demo.seeding import make_changes
from tests.clinic import Clinic, with_tables
from tests.harness import ROOT, Shop, Warehouse, failing
from tests.test_models import assert_is_as_rebuilt, sell
from tests.test_rebuild import forget, picture
from tests.test_render import edit
from tests.test_retention import prune

TABLES = ("customers", "products", "orders", "order_items")
BRONZE = "bronze.raw_orders_p0"
BY_YEAR = {"every": "year", "dates": "silver.clean_orders.order_date"}
# A partitioned fact has this instead of `order_item_id integer PRIMARY KEY`.
FACT = {
    "gold.fact_sales (\n    order_item_id integer PRIMARY KEY": (
        "gold.fact_sales (\n    PRIMARY KEY (order_item_id, order_date),\n    order_item_id integer"
    ),
    ");\nCREATE INDEX fact_sales_date_key": (
        ") PARTITION BY RANGE (order_date);\nCREATE INDEX fact_sales_date_key"
    ),
}


def partition(project: Path, number: int = 4, choice: object = BY_YEAR) -> None:
    """Partition tables in bronze, and the fact."""
    tables = ("sources", "production", "tables")
    for table in TABLES:
        edit(project, "warehouse.yaml", *tables, table, "partitions", value=number)
    edit(project, "warehouse.yaml", "partitions", value={"gold.fact_sales": choice})
    migration = project / "migrations/0002_gold.sql"
    text = migration.read_text()
    for pattern, replacement in FACT.items():
        assert text.count(pattern) == 1
        text = text.replace(pattern, replacement)
    migration.write_text(text)


def partitions(warehouse: Warehouse, table: str = "gold.fact_sales") -> list[str]:
    """Name the partitions of a table."""
    return warehouse.column(
        f"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{table}'::regclass"
        " ORDER BY 1"
    )


def places(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """In which partition each sale is."""
    return warehouse.rows(
        "SELECT order_item_id, tableoid::regclass::text FROM gold.fact_sales ORDER BY 1"
    )


@pytest.fixture
def parted(bootstrapped_warehouse: Warehouse, project: Path) -> Warehouse:
    partition(project)
    bootstrapped_warehouse.deploy(project)
    return bootstrapped_warehouse


def test_g3_partitioned_warehouse_is_as_an_ordinary_one(
    shop: Shop, parted: Warehouse, warehouse: Warehouse, project: Path
) -> None:
    shop.execute((ROOT / "production/seed.sql").read_text())
    for table in TABLES:
        parted.lift_rules(table)
        warehouse.lift_rules(table)
    both = (parted, warehouse)
    for day in range(3):
        for one in both:
            one.reconcile()
        make_changes(shop.urls["admin"], ROOT / "production", changes=100, random_seed=day)
        shop.force(
            f"UPDATE products SET price = -price, updated_at = now() WHERE product_id % 7 = {day}",
            f"DELETE FROM orders WHERE order_id % 50 = {day}",
        )
    counts = [one.step_counts(one.reconcile()) for one in both]
    assert counts[0] == counts[1]
    assert picture(parted) == picture(warehouse)
    assert [len(partitions(parted, f"bronze.raw_{table}")) for table in TABLES] == [4] * 4
    assert len(partitions(parted)) > 1

    before = parted.row_versions()
    parted.run()
    parted.call("etl.rebuild('all')")
    assert parted.row_versions() == before
    assert parted.deploy(project).is_empty
    for one in both:
        assert prune(one) > 0
    contents = [
        one.rows(f"SELECT to_jsonb(b) - '_extracted_at' FROM bronze.raw_{table} AS b ORDER BY 1")
        for one in both
        for table in TABLES
    ]
    assert contents[:4] == contents[4:]
    for one in both:
        one.run()
    assert picture(parted) == picture(warehouse)
    forget(parted, "silver", "gold")
    parted.call("etl.rebuild()")
    assert picture(parted) == picture(warehouse)


def test_first_load_makes_what_it_put_off_in_every_partition(
    shop: Shop, parted: Warehouse, warehouse: Warehouse
) -> None:
    made = """
        SELECT
            regexp_replace(pg_get_indexdef(indexrelid), ' ON (ONLY )?', ' ON ') AS definition
        FROM pg_index
        WHERE indrelid::regclass::text ~ '^(bronze|silver|gold)' AND indisvalid
            AND NOT (SELECT relispartition FROM pg_class WHERE oid = indrelid)
        UNION ALL
        SELECT conrelid::regclass || conname || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'f' AND conparentid = 0
        ORDER BY 1
    """
    sell(shop, 1)
    for one in (parted, warehouse):
        one.run()
    different = set(parted.column(made)) ^ set(warehouse.column(made))
    assert len(different) == 2
    assert all("fact_sales_pkey" in definition for definition in different)
    indexes = "SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass AND indisvalid"
    fact = parted.value(indexes, ["gold.fact_sales"])
    assert parted.value(indexes, partitions(parted)) == fact == 8
    assert parted.value(indexes, partitions(parted, "bronze.raw_orders")[:1]) == 2


def test_g3_order_that_moves_to_another_year_moves_to_its_partition(
    shop: Shop, parted: Warehouse
) -> None:
    sell(shop, 1, date="2023-06-30")
    sell(shop, 2, date="2023-12-31")
    parted.run()
    assert places(parted) == [(1, "gold.fact_sales_p20230101"), (2, "gold.fact_sales_p20230101")]
    shop.execute("UPDATE orders SET order_date = '2024-01-01' WHERE order_id = 2")
    counts = parted.step_counts(parted.run())
    assert counts["gold.fact_sales"][1:] == (0, 1, 0, 0)
    assert places(parted) == [(1, "gold.fact_sales_p20230101"), (2, "gold.fact_sales_p20240101")]
    assert parted.column("SELECT date_key FROM gold.daily_sales ORDER BY 1") == [20230630, 20240101]
    assert_is_as_rebuilt(parted)
    shop.force("DELETE FROM order_items WHERE order_item_id = 2")
    parted.reconcile()
    assert places(parted) == [(1, "gold.fact_sales_p20230101")]
    assert_is_as_rebuilt(parted)


def test_g2_new_year_arrives_while_somebody_reads(shop: Shop, parted: Warehouse) -> None:
    sell(shop, 1, date="2024-06-01")
    parted.run()
    count = "SELECT count(*) FROM gold.fact_sales INNER JOIN gold.dim_date USING (date_key)"
    with parted.connect("analyst") as reader, parted.connect("owner") as publisher:
        assert reader.execute(count.encode()).fetchall() == [(1,)]
        sell(shop, 2, date="2025-01-01")
        for layer in ("extract_and_load_bronze", "build_silver"):
            parted.call(f"etl.{layer}()")
        publisher.execute("SELECT etl.add_partitions('gold.fact_sales', 1)")
        reader.execute("SET lock_timeout = 1")
        assert reader.execute(count.encode()).fetchall() == [(1,)]
        with parted.connect("analyst") as other:
            assert other.execute(count.encode()).fetchall() == [(1,)]
        publisher.rollback()
        parted.run()
    assert places(parted) == [(1, "gold.fact_sales_p20240101"), (2, "gold.fact_sales_p20250101")]
    for role, table in (("analyst", "gold.fact_sales_p20250101"), ("orchestrator", BRONZE)):
        with failing("42501"):
            parted.rows(f"SELECT * FROM {table}", role=role)
    assert parted.value("SELECT count(*) FROM gold.fact_sales", role="analyst") == 2


def test_new_partition_refuses_what_the_table_refuses(shop: Shop, parted: Warehouse) -> None:
    sell(shop, 1, date="2024-06-01")
    parted.run()
    sell(shop, 2, date="2025-01-01")
    parted.run()
    for column, code in (("quantity = 0", "23514"), ("date_key = 1", "23503")):
        with failing(code):
            parted.execute(f"UPDATE gold.fact_sales_p20250101 SET {column}")


def test_plans_read_the_partitions_that_are_asked_for(shop: Shop, parted: Warehouse) -> None:
    for number in range(1, 9):
        sell(shop, number, date=f"{2016 + number}-06-01")
    parted.run()

    def read(query: str) -> set[str]:
        plan = "\n".join(parted.column(f"EXPLAIN {query}"))
        return {word for word in plan.split() if "_p" in word and "key" not in word}

    year = "order_date >= '2020-01-01' AND order_date < '2021-01-01'"
    assert read(f"SELECT sum(quantity) FROM gold.fact_sales WHERE {year}") == {
        "fact_sales_p20200101"
    }
    assert len(read("SELECT * FROM bronze.raw_orders WHERE order_id = 3")) == 1


def test_g5_partitioned_bronze_evolves_and_keeps_its_history(clinic: Clinic) -> None:
    config = with_tables({"rooms": {"mode": "snapshot", "partitions": 3}})
    clinic.write(
        "CREATE TABLE rooms (wing text, room int, beds int, PRIMARY KEY (wing, room))",
        "INSERT INTO rooms SELECT 'A', n, n FROM generate_series(1, 9) AS n",
        "GRANT SELECT ON rooms TO warehouse_reader",
    )
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    assert len(clinic.run("rooms", "room")) == 9
    clinic.write("ALTER TABLE rooms ADD floor int NOT NULL DEFAULT 2, ALTER beds TYPE bigint")
    clinic.write("DELETE FROM rooms WHERE beds = 9")
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    assert clinic.run("rooms", "room, floor")[::8] == [(1, 2), (9, None)]
    assert clinic.run("rooms", "room") == []
    assert clinic.warehouse.value("SELECT count(*) FROM bronze.raw_rooms") == 18


def test_rows_of_one_key_are_told_of_partitioned_tables_too(shop: Shop, parted: Warehouse) -> None:
    sell(shop, 1)
    parted.lift_rules("products")
    shop.execute("INSERT INTO products SELECT * FROM products")
    with failing("DW014", "Specify the columns of the key in warehouse.yaml"):
        parted.run()


def test_g1_partitioned_tables_are_loaded_in_chunks(
    seeded_shop: Shop, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    parted = bootstrapped_warehouse
    parted.shop = seeded_shop
    seeded_shop.execute("ANALYZE")
    partition(project)
    parted.deploy(project)
    parted.call("etl.backfill(100)")
    parted.run()
    assert parted.value("SELECT count(*) FROM etl.chunks WHERE model = 'bronze.raw_orders'") > 1
    query = "SELECT order_id, status FROM {} ORDER BY 1"
    assert parted.rows(query.format("bronze.raw_orders")) == seeded_shop.rows(
        query.format("orders")
    )
    assert parted.value("SELECT count(*) FROM gold.fact_sales") == seeded_shop.value(
        "SELECT count(*) FROM order_items"
    )


def test_status_shows_the_rows_of_all_partitions(
    shop: Shop, parted: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 4):
        sell(shop, number, date=f"202{number}-01-01")
    parted.run()
    for size, is_estimated in ((EXACT_BYTES, False), (0, True)):
        parted.execute("ANALYZE")
        monkeypatch.setattr("fdwarehouse.database.status.EXACT_BYTES", size)
        tables = {t["table"]: t for t in read_status(parted.urls["owner"])["tables"]}
        for table in ("bronze.raw_orders", "gold.fact_sales"):
            assert (tables[table]["rows"], tables[table]["rows_are_estimated"]) == (3, is_estimated)
