"""What deploy compiles from the shop's SELECTs reads as if written by hand."""

from __future__ import annotations

from fdwarehouse.connections import connect
from fdwarehouse.deploy import completed
from fdwarehouse.render import render_project
from tests.harness import ROOT, Warehouse
from tests.sql_lint import linter

# Of tables that are counted, and of a function in FROM, some lines are too long or indented
# otherwise.
CLEAN = (
    *("clean_customers", "clean_products", "clean_orders", "clean_order_items"),
    *("dim_customers", "dim_products", "fact_sales", "customer_months"),
)


def test_what_is_compiled_is_linted(warehouse: Warehouse) -> None:
    with connect(warehouse.urls["owner"]) as owner:
        urls = {"production": warehouse.shop.urls["reader"]}
        rendered = completed(render_project(ROOT), owner, urls, wait="10 seconds")
    files = {file.plain_name: file.sql for file in rendered.files}
    found = {}
    for table in CLEAN:
        layer = "silver" if table.startswith("clean_") else "gold"
        linted = linter().lint_string(files[f"{layer}.write_{table}.sql"])
        if problems := [
            f"{v.line_no}: {v.rule_code()} {v.desc()}" for v in linted.get_violations()
        ]:
            found[table] = problems
    assert found == {}
