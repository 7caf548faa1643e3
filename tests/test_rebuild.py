"""G3 incremental = rebuild, G5 history is kept: for any changes in production, in any order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fdwarehouse.demo.seeding import make_changes
from tests.harness import ROOT, Row, Shop, Warehouse, failing

IDS = st.integers(1, 3)
# Before and after the fence, a duplicate, not in the order of writing.
STAMPS = st.sampled_from(["2020-01-01", "2021-06-01", "now", "2030-01-01", "infinity"])
DATES = st.sampled_from(["2019-07-01", "2021-01-31", "2022-03-01", "2030-12-31", "2031-02-01"])
WRITES = {
    "customers": st.tuples(st.just("c@example.com"), st.sampled_from(["Ana", "Bo", " ana"])),
    "products": st.tuples(
        st.just("Kite"), st.sampled_from(["toys", "home"]), st.sampled_from([1, 2, -1])
    ),
    "orders": st.tuples(
        IDS, DATES, st.sampled_from(["pending", "Delivered", "cancelled", "CANCELLED ", "lost"])
    ),
    "order_items": st.tuples(IDS, IDS, st.sampled_from([0, 1, 2]), st.just(5)),
}
TABLES = st.sampled_from(sorted(WRITES))

writes = TABLES.flatmap(lambda table: st.tuples(st.just(table), IDS, WRITES[table], STAMPS))
deletions = st.tuples(TABLES, IDS, st.just(()), st.just(""))
builds = st.sampled_from(
    [
        "etl.run_pipeline()",
        "etl.reconcile()",
        "etl.extract_and_load_bronze()",
        "etl.extract_and_load_bronze(p_is_full => true)",
        "etl.build_silver()",
        "etl.build_gold()",
        "etl.prune_bronze('0')",
    ]
)
days = st.tuples(st.lists(st.one_of(writes, writes, writes, deletions), max_size=6), builds)

Day = tuple[list[tuple[str, int, tuple[Any, ...], str]], str]


def write(shop: Shop, table: str, number: int, values: tuple[Any, ...], stamp: str) -> None:
    """Write a row as if it had never been there, or delete it."""
    shop.force(f"DELETE FROM {table} WHERE {table.removesuffix('s')}_id = {number}")
    if values:
        literals = ", ".join(f"'{value}'" for value in (number, *values, "2019-01-01", stamp))
        shop.force(f"INSERT INTO {table} VALUES ({literals})")


def forget(warehouse: Warehouse, *schemas: str) -> None:
    """Empty the tables of some layers, as if they had never been built."""
    tables, layers = warehouse.tables(*schemas), "{" + ",".join(schemas) + "}"
    dimensions = {t for t in tables if t.startswith("gold.dim_") and not t.endswith("_changes")}
    warehouse.execute(
        f"TRUNCATE {', '.join(t for t in tables if t not in dimensions)}",
        *(f"DELETE FROM {t} WHERE _run_id > 0" for t in dimensions),
        f"DELETE FROM etl.watermarks WHERE split_part(model, '.', 1) = ANY('{layers}')",
    )


def picture(warehouse: Warehouse) -> dict[str, list[Row]]:
    """Silver and gold without surrogate keys and run ids; facts name the versions they refer to."""
    pictures = {}
    for table in warehouse.tables("silver", "gold"):
        rows = f"SELECT * FROM {table}"
        if table == "gold.fact_sales":
            rows = """
                SELECT f.*, c.valid_from AS customer_from, p.valid_from AS product_from
                FROM gold.fact_sales AS f
                INNER JOIN gold.dim_customers AS c USING (customer_key)
                INNER JOIN gold.dim_products AS p USING (product_key)
            """
        ignored = "'{customer_key,product_key,_run_id,_inserted_run_id}'::text []"
        if not table.endswith("_changes"):
            pictures[table] = warehouse.rows(
                f"SELECT to_jsonb(r) - {ignored} FROM ({rows}) AS r ORDER BY 1"
            )
    return pictures


@given(st.lists(days, min_size=1, max_size=6))
def test_g3_incremental_is_rebuild(shop: Shop, warehouse: Warehouse, history: list[Day]) -> None:
    for table in WRITES:
        warehouse.lift_rules(table)
        shop.execute(f"TRUNCATE {table} CASCADE")
    warehouse.execute("TRUNCATE etl.runs, etl.bucket_hashes CASCADE")
    forget(warehouse, "bronze", "silver", "gold")

    for changes, build in history:
        for change in changes:
            write(shop, *change)
        warehouse.call(build, role="owner" if "prune" in build else "loader")
    warehouse.run()
    built = picture(warehouse)
    written = warehouse.row_versions("silver", "gold")

    warehouse.call("etl.rebuild('all')")
    assert picture(warehouse) == built
    assert warehouse.row_versions("silver", "gold") == written

    forget(warehouse, "silver", "gold")
    warehouse.call("etl.rebuild('silver')")
    warehouse.call("etl.rebuild('gold')")
    assert picture(warehouse) == built


def test_g3_incremental_is_rebuild_in_a_shop_at_work(
    seeded_shop: Shop, seeded_warehouse: Warehouse
) -> None:
    for day in range(3):
        seeded_warehouse.run()
        make_changes(seeded_shop.urls["admin"], ROOT / "production", changes=100, random_seed=day)
        seeded_warehouse.call("etl.reconcile()")
    built = picture(seeded_warehouse)
    written = seeded_warehouse.row_versions("silver", "gold")
    seeded_warehouse.call("etl.rebuild()")
    assert seeded_warehouse.row_versions("silver", "gold") == written
    forget(seeded_warehouse, "silver", "gold")
    seeded_warehouse.call("etl.rebuild()")
    assert picture(seeded_warehouse) == built


def test_g3_rebuild_repairs_what_was_damaged_by_hand(
    seeded_shop: Shop, seeded_warehouse: Warehouse
) -> None:
    warehouse = seeded_warehouse
    warehouse.run()
    built = picture(warehouse)
    warehouse.execute(
        "UPDATE silver.clean_products SET name = 'damaged' WHERE product_id = 1",
        "DELETE FROM silver.clean_order_items WHERE order_item_id = 2",
        "INSERT INTO silver.clean_customers VALUES (0, 'a@b', 'Phantom', now(), now(), false, 1)",
        "INSERT INTO silver.rejected_rows VALUES ('silver.clean_orders', '{}', '{}', '{}', 1)",
        "UPDATE gold.fact_sales SET quantity = quantity + 1 WHERE order_item_id = 3",
        "UPDATE gold.fact_sales SET customer_key = -1 WHERE order_item_id = 4",
        "DELETE FROM gold.fact_sales WHERE order_item_id = 5",
        "UPDATE gold.dim_products SET valid_from = '2000-01-01' WHERE product_id = 6",
        "UPDATE gold.dim_customers SET full_name = 'damaged' WHERE customer_id = 7",
        "DELETE FROM gold.daily_sales WHERE date_key % 10 = 0",
        "UPDATE gold.cohort_retention SET revenue = 0",
        "INSERT INTO gold.product_performance VALUES (0, 1, 1, 1, 1, 1, now(), now(), 1)",
        "UPDATE gold.dim_date SET is_weekend = NOT is_weekend WHERE day_of_month = 13",
    )
    assert picture(warehouse) != built
    warehouse.call("etl.rebuild('silver')")
    warehouse.call("etl.rebuild('gold')")
    assert picture(warehouse) == built
    repaired = warehouse.step_counts(warehouse.last_run())
    assert repaired["gold.dim_products"][1:] == (1, 0, 1, 0)
    warehouse.run()
    assert picture(warehouse) == built


def test_g5_bronze_is_append_only(seeded_shop: Shop, seeded_warehouse: Warehouse) -> None:
    seeded_warehouse.run()
    before = seeded_warehouse.row_versions("bronze")
    make_changes(seeded_shop.urls["admin"], ROOT / "production", changes=100)
    seeded_warehouse.call("etl.reconcile()")
    seeded_warehouse.call("etl.run_pipeline(p_is_full => true)")
    for table, versions in seeded_warehouse.row_versions("bronze").items():
        assert {*versions} > {*before[table]}


def test_rebuild_of_what_is_no_layer_is_refused(warehouse: Warehouse) -> None:
    for layer in ("'bronze'", "NULL", "'silver.clean_orders'"):
        with failing("DW003", "Use silver, gold or all"):
            warehouse.call(f"etl.rebuild({layer})")
    assert warehouse.rows("SELECT * FROM etl.runs") == []
