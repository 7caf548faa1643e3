"""What deploy compiles from the shop's SELECTs reads as if written by hand."""

from __future__ import annotations

from pathlib import Path

from fdwarehouse.database.connections import connect
from fdwarehouse.database.deployment import completed
from fdwarehouse.rendering.render import render_project
from tests.compiler.lint import problems_of
from tests.compiler.test_deployed import write
from tests.compiler.test_partitions import partition
from tests.compiler.test_partitions_dates import SHAPES
from tests.harness import ROOT, Warehouse

# Of a function in FROM, some lines are indented otherwise.
CLEAN = (
    *("clean_customers", "clean_products", "clean_orders", "clean_order_items"),
    *("dim_customers", "dim_products", "fact_sales", "customer_months"),
    *("order_years", "daily_sales", "monthly_customer_sales", "cohort_months"),
    *("customer_lifetime_value", "product_performance"),
)
# What an aggregate needs of its changed rows, of its state and of all rows takes a line each.
COUNTED = {
    "order_years": 145,
    "cohort_months": 170,
    "monthly_customer_sales": 215,
    "daily_sales": 225,
    "customer_lifetime_value": 225,
    "product_performance": 225,
}


def test_what_is_compiled_is_linted(warehouse: Warehouse) -> None:
    with connect(warehouse.urls["owner"]) as owner:
        urls = {"production": warehouse.shop.urls["reader"]}
        rendered = completed(render_project(ROOT), owner, urls, wait="10 seconds")
    files = {file.plain_name: file.sql for file in rendered.files}
    found = {}
    for table in CLEAN:
        layer = "silver" if table.startswith("clean_") else "gold"
        if problems := problems_of(files[f"{layer}.write_{table}.sql"]):
            found[table] = problems
    assert found == {}
    assert problems_of(files["gold.fact_sales_affected.sql"]) == []


def test_the_writer_of_a_fact_is_a_page(seeded_warehouse: Warehouse) -> None:
    for routine in ("write_fact_sales", "fact_sales_affected"):
        text = seeded_warehouse.value("SELECT pg_get_functiondef(%s::regproc)", [f"gold.{routine}"])
        assert len(text.splitlines()) <= 100
        assert text.count("    -- ") + text.count("\n-- ") >= 5


def test_other_writers_are_read_in_one_go(seeded_warehouse: Warehouse) -> None:
    limits = COUNTED | {"dim_customers": 175, "dim_products": 175}
    lengths = {
        name: len(text.splitlines())
        for name, text in seeded_warehouse.rows(
            "SELECT substr(proname, 7), pg_get_functiondef(oid) FROM pg_proc "
            "WHERE pronamespace = 'gold'::regnamespace AND proname LIKE 'write\\_%%'"
        )
        if name in limits
    }
    assert set(lengths) == set(limits)
    assert {n: length for n, length in lengths.items() if length > limits[n]} == {}


def test_what_partitions_add_is_linted(warehouse: Warehouse, project: Path) -> None:
    partition(project)
    partition(project, file="silver/clean_orders")
    write(project, due=SHAPES["due"])
    with connect(warehouse.urls["owner"]) as owner:
        urls = {"production": warehouse.shop.urls["reader"]}
        rendered = completed(render_project(project), owner, urls, wait="10 seconds")
    files = {file.plain_name: file.sql for file in rendered.files}
    names = (
        *("gold.fact_sales_dates", "gold.due_dates", "etl.check_fact_sales__key__unique"),
        *("silver.clean_orders_dates", "silver.write_clean_orders"),
    )
    assert {name: problems_of(files[f"{name}.sql"]) for name in names} == {n: [] for n in names}
