"""Rows with the same computed key are distinguished, in every form of computing a key."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.reading import read_project
from fdwarehouse.rendering.source_keys import key_is_computed
from fdwarehouse.rendering.templates import make_environment
from tests.harness import ROOT, Warehouse, failing

HEAD = "CREATE VIEW silver.v AS\n"
META = "is_deleted, _run_id, _partition, _version, _source_key, _seen_at"
PLAIN = {
    "the column": "SELECT order_id, status FROM bronze.raw_orders",
    "qualified": "SELECT o.order_id FROM bronze.raw_orders AS o",
    "renamed and back": (
        "SELECT c.id AS order_id FROM (SELECT order_id AS id FROM bronze.raw_orders) AS c"
    ),
    "through a CTE": (
        "WITH c AS (SELECT order_id, lower(status) AS s FROM bronze.raw_orders) SELECT * FROM c"
    ),
}
COMPUTED = {
    "a cast": "SELECT order_id::text::integer AS order_id FROM bronze.raw_orders",
    "no AS": "SELECT abs(order_id) order_id FROM bronze.raw_orders",
    "quoted": 'SELECT abs(order_id) AS "order_id" FROM bronze.raw_orders',
    "column list of a CTE": (
        "WITH c (order_id) AS (SELECT abs(order_id) FROM bronze.raw_orders) SELECT * FROM c"
    ),
    "another column": "SELECT customer_id AS order_id FROM bronze.raw_orders",
    "a helper view": "SELECT order_id FROM silver.helper",
    "a join": "SELECT o.order_id FROM bronze.raw_orders AS o, bronze.raw_customers AS c",
    "a union": (
        "SELECT order_id FROM bronze.raw_orders UNION ALL "
        "SELECT order_item_id FROM bronze.raw_order_items"
    ),
    "aliases in FROM": "SELECT o.order_id FROM bronze.raw_orders AS o (x, order_id)",
}
SOURCES = read_project(ROOT, make_environment())[1]


@pytest.mark.parametrize("form", PLAIN)
def test_key_of_the_source_is_known(form: str) -> None:
    assert not key_is_computed(HEAD + PLAIN[form], ["order_id"], SOURCES)


@pytest.mark.parametrize("form", COMPUTED)
def test_key_that_is_computed_is_known(form: str) -> None:
    view = HEAD + COMPUTED[form].replace("SELECT ", "SELECT _source_key, ", 1)
    assert key_is_computed(view, ["order_id"], SOURCES)


def test_column_list_of_the_view_counts_as_computed() -> None:
    select = "SELECT abs(order_id), _source_key FROM bronze.raw_orders"
    view = f"CREATE VIEW silver.v (order_id, _source_key) AS {select}"
    assert key_is_computed(view, ["order_id"], SOURCES)


def test_rows_of_two_tables_of_bronze_are_told_apart(warehouse: Warehouse, project: Path) -> None:
    one = (
        "    SELECT {key} AS number, '{table}' AS kind,\n"
        "        {{{{ bronze.metadata(source.production) | indent(8) }}}}\n"
        "    FROM bronze.raw_{table}\n"
    )
    halves = [one.format(key=f"{t[:-1]}_id", table=t) for t in ("customers", "products")]
    (project / "sql/silver/number_versions.sql").write_text(
        "CREATE VIEW silver.number_versions AS\nWITH c AS (\n"
        + "    UNION ALL\n".join(halves)
        + ")\nSELECT *, {{ silver.reject_reasons({}) }} AS reject_reasons FROM c;\n"
    )
    (project / "sql/silver/write_numbers.sql").write_text(
        "{{ silver.write_latest('numbers', 'silver.number_versions', 'number', ['kind']) }}\n"
    )
    (project / "migrations/0009_numbers.sql").write_text(
        "CREATE TABLE silver.numbers (number integer PRIMARY KEY, kind text, "
        "is_deleted boolean NOT NULL, _run_id bigint NOT NULL);\n"
    )
    warehouse.deploy(project)
    stamps = "'2024-01-01', now()"
    warehouse.shop.force(f"INSERT INTO customers VALUES (1, 'a@x.org', 'Ana', {stamps})")
    warehouse.run()
    warehouse.shop.force(f"INSERT INTO products VALUES (1, 'Kite', 'toys', 5, {stamps})")
    with failing("DW014", "silver.numbers"):
        warehouse.run()
    warehouse.shop.force("DELETE FROM products")
    warehouse.reconcile()
    assert warehouse.rows("SELECT number, kind, is_deleted FROM silver.numbers") == [
        (1, "customers", False)
    ]


@pytest.mark.parametrize("way", ["select", "by hand"])
def test_dimension_over_a_computed_key_is_refused(
    bootstrapped_warehouse: Warehouse, project: Path, by_hand: Path, way: str
) -> None:
    root = project if way == "select" else by_hand
    file = root / (
        "sql/silver/clean_products.sql" if way == "select" else "sql/silver/product_versions.sql"
    )
    text = file.read_text()
    assert text.count("    product_id,\n") == 1
    file.write_text(text.replace("    product_id,\n", "    abs(product_id) AS product_id,\n"))
    with pytest.raises(FdwarehouseError, match="a row of the source could end the history"):
        bootstrapped_warehouse.deploy(root)
