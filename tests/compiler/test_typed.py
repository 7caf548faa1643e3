"""Types of columns in a header become casts in the SELECT."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdwarehouse.compiler.algebra.typed import with_types
from fdwarehouse.compiler.tables.definition import read_definition
from fdwarehouse.errors import FdwarehouseError
from tests.harness import Shop, Warehouse
from tests.test_models import sell

CASES = {
    "SELECT a AS x FROM t": "SELECT (a)::text AS x FROM t",
    "SELECT t.x FROM t": "SELECT (t.x)::text AS x FROM t",
    "SELECT a, b + 1 x, c FROM t": "SELECT a, (b + 1)::text x, c FROM t",
    "SELECT a IS DISTINCT FROM b AS x FROM t": "SELECT (a IS DISTINCT FROM b)::text AS x FROM t",
    "SELECT sum(a) FILTER (WHERE b) AS x FROM t GROUP BY c": (
        "SELECT (sum(a) FILTER (WHERE b))::text AS x FROM t GROUP BY c"
    ),
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) AS x FROM t": (
        "SELECT (percentile_cont(0.5) WITHIN GROUP (ORDER BY a))::text AS x FROM t"
    ),
    "SELECT ARRAY[a, b] AS x, extract(YEAR FROM d) AS y FROM t": (
        "SELECT (ARRAY[a, b])::text AS x, extract(YEAR FROM d) AS y FROM t"
    ),
    "SELECT a AS x -- as it is\nFROM t": "SELECT (a)::text AS x -- as it is\nFROM t",
    "SELECT\n    'é' || a AS y,\n    CASE WHEN a THEN 1 END AS x\nFROM t": (
        "SELECT\n    'é' || a AS y,\n    (CASE WHEN a THEN 1 END)::text AS x\nFROM t"
    ),
    "WITH q AS (SELECT 1 AS x) SELECT x FROM q": (
        "WITH q AS (SELECT 1 AS x) SELECT (x)::text AS x FROM q"
    ),
    "SELECT a AS x FROM t UNION ALL (SELECT b FROM u) EXCEPT SELECT c AS y FROM v": (
        "SELECT (a)::text AS x FROM t UNION ALL (SELECT (b)::text AS x FROM u) "
        "EXCEPT SELECT (c)::text AS y FROM v"
    ),
    "SELECT 1 AS x": "SELECT (1)::text AS x",
}


@pytest.mark.parametrize("select", CASES)
def test_a_column_is_cast_where_it_is_computed(select: str) -> None:
    assert with_types(select, {"x": "text"}) == CASES[select]


@pytest.mark.parametrize(
    "select",
    ["SELECT y FROM s.t", "SELECT * FROM s.t", "SELECT t.*, 1 AS x FROM s.t", "VALUES (1)"],
)
def test_a_column_that_is_not_written_out_is_named(select: str) -> None:
    header = "/*\ndescription: T.\ngrain: one\nkey: y\ncolumns:\n  x: {type: text}\n*/\n"
    with pytest.raises(FdwarehouseError, match=r"line 6: columns\.x\.type: the SELECT has no col"):
        read_definition("sql/gold/t.sql", header + select)


TOTALS = """\
/*
description: What each customer bought.
grain: one customer
key: customer_id
columns:
  amount: {type: 'numeric(20, 2)', unit: EUR}
  orders: {type: integer}
*/
SELECT customer_id, sum(total_amount) AS amount, count(*) AS orders
FROM gold.fact_sales
GROUP BY customer_id
"""
STATUS = "status: {not_null: true"


def test_tables_have_the_types_of_their_headers(
    warehouse: Warehouse, project: Path, shop: Shop
) -> None:
    (project / "sql/gold/totals.sql").write_text(TOTALS)
    orders = project / "sql/silver/clean_orders.sql"
    text = orders.read_text()
    assert text.count("  status:\n    not_null: true\n") == 1
    orders.write_text(text.replace("  status:\n", "  status:\n    type: character varying(20)\n"))
    sell(shop, 1)
    warehouse.deploy(project)
    warehouse.run()
    types: dict[str, str] = dict(
        warehouse.rows(
            "SELECT attrelid::regclass || '.' || attname, format_type(atttypid, atttypmod) "
            "FROM pg_attribute WHERE attrelid IN ('gold.totals'::regclass, "
            "'silver.clean_orders'::regclass) AND attname IN ('amount', 'orders', 'status')"
        )
    )
    assert types == {
        "gold.totals.amount": "numeric(20,2)",
        "gold.totals.orders": "integer",
        "silver.clean_orders.status": "character varying(20)",
    }
    shop.force("UPDATE order_items SET quantity = 3, updated_at = now()")
    sell(shop, 2)
    warehouse.run()
    assert warehouse.rows("SELECT * FROM gold.totals_definition ORDER BY 1") == warehouse.rows(
        "SELECT customer_id, amount, orders FROM gold.totals ORDER BY 1"
    )
    kept_up = "SELECT obj_description('gold.totals'::regclass)"
    assert "counted by customer_id" in warehouse.value(kept_up)
    assert warehouse.deploy(project).is_empty
