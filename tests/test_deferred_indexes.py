"""Indexes that a failed first load has deferred: a deploy creates them."""

from pathlib import Path

import pytest

from tests.harness import Shop, Warehouse, failing
from tests.test_models import change, sell

OWED = "SELECT count(*) FROM etl.deferred_indexes"


@pytest.fixture
def failed_warehouse(shop: Shop, warehouse: Warehouse) -> Warehouse:
    """Return a warehouse whose first load has failed in gold."""
    sell(shop, 1)
    warehouse.execute(
        "CREATE INDEX of_products ON gold.fact_sales (product_id)",
        "CREATE INDEX of_customers ON gold.fact_sales (customer_id)",
        "ALTER TABLE gold.daily_sales ADD CONSTRAINT no CHECK (revenue > 100)",
    )
    with failing("23514", "daily_sales"):
        warehouse.run()
    warehouse.execute("ALTER TABLE gold.daily_sales DROP CONSTRAINT no")
    assert warehouse.value(OWED)
    return warehouse


def test_g7_migration_finds_what_is_owed(failed_warehouse: Warehouse, project: Path) -> None:
    migration = project / "migrations/0010_no_index.sql"
    migration.write_text("DROP INDEX gold.of_products;\n")
    failed_warehouse.deploy(project)
    assert failed_warehouse.value(OWED) == 0
    failed_warehouse.run()
    assert not failed_warehouse.value("SELECT to_regclass('gold.of_products') IS NOT NULL")
    assert failed_warehouse.value("SELECT to_regclass('gold.of_customers') IS NOT NULL")


def test_g4_index_of_a_column_that_a_migration_takes_is_owed_no_more(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    warehouse.execute(
        "ALTER TABLE gold.fact_sales ADD note text",
        "INSERT INTO etl.deferred_indexes VALUES "
        "('gold.fact_sales', 'CREATE INDEX notes ON gold.fact_sales (note)')",
        "ALTER TABLE gold.fact_sales DROP note",
    )
    warehouse.run()
    assert warehouse.value(OWED) == 0


def test_g7_constraint_that_the_rows_break_can_be_taken_back(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    sell(shop, 1)
    sell(shop, 2)  # of the same name
    table = "ALTER TABLE silver.clean_customers"
    migration = project / "migrations/0010_one_name.sql"
    migration.write_text(f"{table} ADD CONSTRAINT one_name UNIQUE (full_name);\n")
    warehouse.deploy(project)
    for _ in range(2):
        with failing("23505", "one_name"):
            warehouse.run()
    migration = project / "migrations/0005_many_names.sql"
    migration.write_text(f"{table} DROP CONSTRAINT one_name;\n")
    warehouse.deploy(project)
    warehouse.run()
    assert warehouse.value("SELECT count(*) FROM silver.clean_customers") == 2


def test_g7_what_a_backfill_owes_waits_for_it(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    for number in range(1, 5):
        sell(shop, number)
    shop.execute("ANALYZE")
    warehouse.execute("ALTER TABLE bronze.raw_orders ADD CONSTRAINT no CHECK (order_id <> 3)")
    with failing("23514", "raw_orders"):
        warehouse.call("etl.backfill(2)")
    owed = warehouse.value(OWED)
    assert owed
    (project / "migrations/0010_empty.sql").write_text("SELECT;\n")
    warehouse.deploy(project)
    assert warehouse.value(OWED) == owed


@pytest.mark.parametrize(
    ("column", "changed"),
    [
        ("quantity", "quantity * 2 AS quantity"),
        ("unit_price", "(unit_price + 1)::numeric(10, 2) AS unit_price"),
        ("created_at", "created_at AT TIME ZONE 'UTC' AS made_at"),
    ],
)
def test_indexes_of_silver_wait_for_a_changed_definition_and_those_of_gold_do_not(
    shop: Shop, warehouse: Warehouse, project: Path, column: str, changed: str
) -> None:
    for number in range(1, 4):
        sell(shop, number)
    warehouse.run()
    before = definitions(warehouse)
    change(project, "silver/clean_order_items.sql", f"    {column},\n", f"    {changed},\n")
    warehouse.deploy(project)
    warehouse.execute(
        "ALTER TABLE silver.clean_order_items ADD CONSTRAINT no CHECK (_run_id = 0) NOT VALID"
    )
    with failing("23514", "clean_order_items"):
        warehouse.run()
    owed = "SELECT DISTINCT table_name FROM etl.deferred_indexes"
    assert warehouse.column(owed) == ["silver.clean_order_items"]
    warehouse.execute("ALTER TABLE silver.clean_order_items DROP CONSTRAINT no")
    warehouse.run()
    assert warehouse.value(OWED) == 0
    assert definitions(warehouse) == before
    expected = warehouse.rows("SELECT * FROM gold.fact_sales_definition ORDER BY 1")
    names = "SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute "
    columns = warehouse.value(names + "WHERE attrelid = 'gold.fact_sales_definition'::regclass")
    assert warehouse.rows(f"SELECT {columns} FROM gold.fact_sales ORDER BY 1") == expected
    assert len(expected) == 3


def definitions(warehouse: Warehouse) -> list[str]:
    return warehouse.column(
        """
        SELECT pg_get_indexdef(i.indexrelid)
        FROM pg_index AS i INNER JOIN pg_class AS c ON i.indrelid = c.oid
        WHERE c.relnamespace IN ('silver'::regnamespace, 'gold'::regnamespace)
        ORDER BY 1
        """
    )
