"""Partitions in headers: tables follow their changes, and errors name what prevents one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from tests.compiler.test_deployed import assert_equal_to_selects, write
from tests.compiler.test_partitions import (
    BY_MONTH,
    BY_YEAR,
    DATED,
    ITEMS,
    TABLES,
    bare,
    kind,
    partition,
    places,
    sold,
)
from tests.harness import Shop, Warehouse, failing
from tests.test_models import assert_is_as_rebuilt
from tests.test_render import edit
from tests.written_by_hand.test_partitions import partition as partition_by_hand

FOLLOWED = "SELECT to_jsonb(f) - '_run_id' FROM gold.fact_sales AS f ORDER BY order_item_id"


def test_table_follows_its_header(shop: Shop, warehouse: Warehouse, project: Path) -> None:
    sold(shop, warehouse)
    rows = warehouse.rows(FOLLOWED)
    warehouse.execute(
        "CREATE INDEX by_customer ON gold.fact_sales (customer_id, order_date)",
        "GRANT SELECT ON gold.fact_sales TO warehouse_loader WITH GRANT OPTION",
        "GRANT SELECT (order_id, quantity) ON gold.fact_sales TO PUBLIC",
        role="admin",
    )
    privileges = """
        SELECT a.grantee::regrole::text, a.privilege_type, a.is_grantable, p.column_name
        FROM (
            SELECT relacl AS acl, '' AS column_name FROM pg_class
            WHERE oid = 'gold.fact_sales'::regclass
            UNION ALL
            SELECT attacl, attname FROM pg_attribute WHERE attrelid = 'gold.fact_sales'::regclass
        ) AS p, aclexplode(p.acl) AS a ORDER BY 1, 2, 3, 4
    """
    granted = warehouse.rows(privileges)
    assert ("warehouse_loader", "SELECT", True, "") in granted
    for choice, found in (
        (BY_YEAR, {1: "_p20230101", 2: "_p20230101", 3: "_p20240101"}),
        (BY_MONTH, {1: "_p20230101", 2: "_p20231201", 3: "_p20240201"}),
        ("", {1: None, 2: None, 3: None}),
    ):
        partition(project, choice)
        assert "gold.fact_sales.sql" in warehouse.deploy(project).changed
        assert warehouse.rows(FOLLOWED) == rows  # readers find them before the next run, too
        assert places(warehouse) == found
        assert kind(warehouse) == ("p" if choice else "r")
        assert warehouse.rows(privileges) == granted
        assert warehouse.value("SELECT count(*) FROM gold.fact_sales", role="analyst") == 3
        assert warehouse.deploy(project).is_empty
        counts = warehouse.step_counts(warehouse.run())
        assert counts["gold.fact_sales"] == (3, 0, 0, 0, 0)
        assert_is_as_rebuilt(warehouse)
        assert warehouse.column(
            "SELECT pg_get_indexdef('gold.by_customer'::regclass) ~ 'customer_id, order_date'"
        ) == [True]
        has_check = "SELECT count(*) FROM etl.checks WHERE check_name = 'fact_sales__key__unique'"
        assert warehouse.value(has_check) == bool(choice)


RETYPED = ("status, o.order_date,", "status, o.order_date::date AS order_date,")
OTHER_COLUMNS = [("o.order_id, ", "'no ' || o.order_id AS order_id, "), ("o.customer_id, ", "")]
RENAMED = ("status, o.order_date,", "status, o.order_date AS ordered_at,")


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ([("i.order_item_id, o", "o.created_at, i.order_item_id, o")], "created_at"),
        (OTHER_COLUMNS, "order_date"),
        ([RETYPED], "order_date"),
        ([RENAMED, ("columns:\n", "columns:\n  ordered_at: {was: order_date}\n")], "ordered_at"),
        ([("key: order_item_id", "key: [order_date, order_item_id]")], "order_date"),
        ([("status, o.order_date,", "status,")], None),
    ],
)
def test_table_follows_header_and_select_at_once(
    shop: Shop,
    warehouse: Warehouse,
    project: Path,
    changes: list[tuple[str, str]],
    by: str | None,
) -> None:
    before = DATED.replace("grain:", f"{BY_YEAR}\ngrain:")
    before = before.replace("  date_key: {references: gold.dim_date}\n", "")
    after = before.replace(BY_YEAR, f"partitions: {{by: {by}, every: year}}" if by else "tags: []")
    for change in changes:
        assert change[0] in after
        after = after.replace(*change, 1)
    write(bare(project), order_lines=before)
    warehouse.deploy(project)
    sold(shop, warehouse)
    for text, found_by in ((after, by), (before, "order_date")):
        write(project, order_lines=text)
        warehouse.deploy(project)
        warehouse.run()
        assert_equal_to_selects(warehouse, "order_lines")
        key = warehouse.value("SELECT pg_get_partkeydef('gold.order_lines'::regclass)")
        assert key == (f"RANGE ({found_by})" if found_by else None)
        assert warehouse.value("SELECT count(*) FROM gold.order_lines") == 3
        assert warehouse.deploy(project).is_empty
        shop.execute("UPDATE orders SET order_date = order_date + interval '1 year'")
        warehouse.run()
        assert_equal_to_selects(warehouse, "order_lines")


NOTES = """\
/*
description: A note per item.
grain: one order item
key: order_item_id
partitions: {by: order_date, every: year}
columns:
  order_item_id: {references: gold.fact_sales}
  order_id: {unique: true}
  order_date: {}
*/
SELECT i.order_item_id, o.order_id, o.order_date
"""


@pytest.fixture
def parted(bootstrapped_warehouse: Warehouse, project: Path) -> Warehouse:
    partition(project)
    bootstrapped_warehouse.deploy(project)
    return bootstrapped_warehouse


def test_what_a_partitioned_table_cannot_enforce_is_checked(
    shop: Shop, parted: Warehouse, project: Path
) -> None:
    constraints = (
        "SELECT conname FROM pg_constraint WHERE conrelid = 'gold.notes'::regclass "
        "AND contype <> 'n' ORDER BY 1"
    )
    for column, found in (("{unique: true}", ["notes__order_date__unique"]), ("{}", [])):
        write(project, notes=NOTES.replace("order_date: {}", f"order_date: {column}") + ITEMS)
        parted.deploy(project)
        assert parted.column(constraints) == ["notes__key", *found]
    sold(shop, parted)
    checks = "SELECT check_name FROM etl.checks WHERE check_name LIKE 'notes%' ORDER BY 1"
    assert parted.column(checks) == [
        "notes__key__unique", "notes__order_id__unique", "notes__order_item_id__references"
    ]  # fmt: skip
    parted.execute("DELETE FROM gold.fact_sales WHERE order_item_id = 2")
    broken = "SELECT etl.check_notes__order_item_id__references(0) ->> 'order_item_id'"
    assert parted.column(broken) == ["2"]
    shop.execute("UPDATE order_items SET order_id = 1 WHERE order_item_id = 2")
    with failing("DW002", "notes__order_id__unique"):
        parted.run()
    # A foreign key can refer to it once it is an ordinary table again.
    shop.execute("UPDATE order_items SET order_id = 2 WHERE order_item_id = 2")
    for choice, is_constraint in (("", True), (BY_MONTH, False)):
        partition(project, choice)
        parted.deploy(project)
        assert ("notes__order_item_id__references" in parted.column(constraints)) == is_constraint
        parted.run()
        assert_equal_to_selects(parted, "notes", "fact_sales")
        assert parted.deploy(project).is_empty


@pytest.mark.parametrize(
    ("file", "choice", "words"),
    [
        (
            "gold/fact_sales",
            "partitions: {by: ordered, every: year}",
            ["sql/gold/fact_sales.sql, line 5: partitions: the SELECT has no column ordered"],
        ),
        (
            "gold/fact_sales",
            "partitions: {every: year, by: quantity}",
            ["fact_sales.sql, line 5: partitions: quantity is of type integer", "cast it"],
        ),
        (
            "gold/fact_sales",
            "partitions: {by: order_date, every: week}",
            ["fact_sales.sql, line 5: partitions.every: Input should be 'year' or 'month'"],
        ),
        (
            "gold/dim_customers",
            "partitions: {by: valid_from, every: year}",
            ["sql/gold/dim_customers.sql, line 6: partitions: a dimension cannot be", "facts"],
        ),
        (
            "gold/customer_recency",
            "partitions: {by: last_order_date, every: year}",
            ["customer_recency.sql, line 6: partitions: a view cannot be partitioned", "tables"],
        ),
        (
            "silver/clean_orders",
            "partitions: {by: customer_id, every: month}",
            ["sql/silver/clean_orders.sql, line 5: partitions: customer_id is of type integer"],
        ),
    ],
)
def test_what_cannot_be_partitioned_is_told_with_file_and_line(
    warehouse: Warehouse, project: Path, file: str, choice: str, words: list[str]
) -> None:
    partition(project, choice, file)
    with pytest.raises(FdwarehouseError) as caught:
        warehouse.deploy(project)
    for word in words:
        assert word in f"{caught.value.message}\n{caught.value.hint}"


def test_g7_what_would_be_lost_is_told(shop: Shop, warehouse: Warehouse, project: Path) -> None:
    sold(shop, warehouse)
    partition(project)
    things = {
        "trigger watch": "CREATE TRIGGER watch BEFORE INSERT ON gold.fact_sales FOR EACH ROW "
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "row level security": "ALTER TABLE gold.fact_sales ENABLE ROW LEVEL SECURITY",
        "policy mine": "CREATE POLICY mine ON gold.fact_sales",
        "view public.reports depends on table gold.fact_sales": "CREATE VIEW public.reports AS "
        "SELECT * FROM gold.fact_sales",
    }
    undo = (
        "DROP TRIGGER watch ON gold.fact_sales",
        "ALTER TABLE gold.fact_sales DISABLE ROW LEVEL SECURITY",
        "DROP POLICY mine ON gold.fact_sales",
        "DROP VIEW public.reports",
    )
    for (name, command), back in zip(things.items(), undo, strict=True):
        warehouse.execute(command, role="admin")
        before = warehouse.row_versions("gold", "etl")
        with pytest.raises(FdwarehouseError) as caught:
            warehouse.deploy(project)
        assert "gold.fact_sales cannot be repartitioned: " in caught.value.message
        assert name in caught.value.message
        assert "deploy, and create" in str(caught.value.hint)
        assert warehouse.row_versions("gold", "etl") == before
        warehouse.execute(back, role="admin")
    warehouse.deploy(project)
    assert kind(warehouse) == "p"


def test_table_that_was_partitioned_by_hand_is_taken_over(
    shop: Shop, bootstrapped_warehouse: Warehouse, by_hand: Path, project: Path
) -> None:
    warehouse = bootstrapped_warehouse
    partition_by_hand(by_hand)
    warehouse.deploy(by_hand)
    sold(shop, warehouse)
    found = {1: "_p20230101", 2: "_p20230101", 3: "_p20240101"}
    place = "SELECT 'gold.fact_sales_p20230101'::regclass::oid::integer"
    assert places(warehouse) == found
    kept = warehouse.value(place)
    tables = ("sources", "production", "tables")
    for table in TABLES:
        edit(project, "warehouse.yaml", *tables, table, "partitions", value=4)
    for choice, relkind in ((BY_YEAR, "p"), ("", "r")):
        partition(project, choice)
        warehouse.deploy(project)
        assert kind(warehouse) == relkind
        if choice:
            assert (places(warehouse), warehouse.value(place)) == (found, kept)
        warehouse.run()
        assert warehouse.value("SELECT count(*) FROM gold.fact_sales") == 3
        assert_is_as_rebuilt(warehouse)
        assert warehouse.deploy(project).is_empty
