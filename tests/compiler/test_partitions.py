"""Tables that are one SELECT and partitioned by a date: kept up as the others are."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.seed import make_changes
from fdwarehouse.status import status
from tests.compiler.test_deployed import LINES, assert_equal_to_selects, write
from tests.harness import ROOT, Shop, Warehouse, failing
from tests.test_models import assert_is_as_rebuilt, sell
from tests.test_rebuild import forget, picture

BY_YEAR = "partitions: {by: order_date, every: year}"
BY_MONTH = "partitions: {by: order_date, every: month}"
TABLES = ("customers", "products", "orders", "order_items")
DATED = LINES.replace("o.status,", "o.status, o.order_date,")


def partition(project: Path, choice: str = BY_YEAR, file: str = "gold/fact_sales") -> None:
    """Give a header partitions, others, or none."""
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
        SELECT conname || ' ' || pg_get_constraintdef(oid) || obj_description(oid, 'pg_constraint')
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
        "fact_sales__key PRIMARY KEY (order_item_id, order_date)PRIMARY KEY (order_item_id, "
        "order_date)",
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
    # A run looks at what was written since.
    sell(shop, 3)
    parted.call("etl.extract_and_load_bronze()")
    parted.call("etl.build_silver()")
    before = parted.row_versions("gold")
    parted.execute("UPDATE gold.fact_sales SET _run_id = 1000 WHERE order_date = '2024-02-29'")
    with failing("DW002", "fact_sales__key__unique"):
        parted.call("etl.build_gold()")
    assert before.keys() == parted.row_versions("gold").keys()
    assert parted.column("SELECT order_item_id FROM gold.fact_sales ORDER BY 1") == [1, 1, 2]


@pytest.mark.parametrize("key", ["customer_id", "product_id"])
def test_select_with_a_key_in_two_partitions_is_refused(
    shop: Shop, warehouse: Warehouse, project: Path, key: str
) -> None:
    text = DATED.replace("key: order_item_id", f"key: {key}\n{BY_YEAR}")
    write(project, order_lines=text.replace("i.order_item_id,", "i.order_item_id, i.product_id,"))
    warehouse.deploy(project)
    for number, date in ((1, "2023-01-01"), (2, "2024-02-29"), (3, "2025-02-28")):
        sell(shop, number, date=date)
    warehouse.run()
    assert warehouse.column(f"SELECT {key} FROM gold.order_lines ORDER BY 1") == [1, 2, 3]
    shop.execute(
        "UPDATE orders SET customer_id = 1 WHERE order_id = 2",
        "UPDATE order_items SET product_id = 1 WHERE order_item_id = 2",
    )
    with failing("DW014", "gold.order_lines"):
        warehouse.run()


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
    tables = {t["table"]: t for t in status(parted.urls["owner"])["tables"]}
    assert tables["gold.fact_sales"]["rows"] == 3
    assert parted.value("SELECT obj_description('gold.fact_sales'::regclass)").endswith(
        ", partitioned by order_date, one per year."
    )


def sold(shop: Shop, warehouse: Warehouse) -> None:
    for number, date in ((1, "2023-01-31"), (2, "2023-12-31"), (3, "2024-02-29")):
        sell(shop, number, date=date)
    warehouse.run()


FOLLOWED = "SELECT to_jsonb(f) - '_run_id' FROM gold.fact_sales AS f ORDER BY order_item_id"


def test_table_follows_its_header(shop: Shop, warehouse: Warehouse, project: Path) -> None:
    sold(shop, warehouse)
    rows = warehouse.rows(FOLLOWED)
    warehouse.execute(
        "CREATE INDEX by_customer ON gold.fact_sales (customer_id, order_date)",
        "CREATE ROLE fact_reader",
        "GRANT SELECT ON gold.fact_sales TO fact_reader WITH GRANT OPTION",
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
    assert ("fact_reader", "SELECT", True, "") in granted
    for choice, found in (
        (BY_YEAR, {1: "_p20230101", 2: "_p20230101", 3: "_p20240101"}),
        (BY_MONTH, {1: "_p20230101", 2: "_p20231201", 3: "_p20240201"}),
        ("", {1: None, 2: None, 3: None}),
        (BY_MONTH, {1: "_p20230101", 2: "_p20231201", 3: "_p20240201"}),
        (BY_YEAR, {1: "_p20230101", 2: "_p20230101", 3: "_p20240101"}),
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
        assert warehouse.deploy(project).is_empty
        assert_is_as_rebuilt(warehouse)
        assert warehouse.column(
            "SELECT pg_get_indexdef('gold.by_customer'::regclass) ~ 'customer_id, order_date'"
        ) == [True]
        has_check = "SELECT count(*) FROM etl.checks WHERE check_name = 'fact_sales__key__unique'"
        assert warehouse.value(has_check) == bool(choice)


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ([("i.order_item_id, o", "o.created_at, i.order_item_id, o")], "created_at"),  # new column
        ([("status, o.order_date,", "status, o.order_date::date AS order_date,")], "order_date"),  # another type
        ([("status, o.order_date,", "status, o.order_date AS ordered_at,")], "ordered_at"),  # another name
        (
            [
                ("status, o.order_date,", "status, o.order_date AS ordered_at,"),
                ("columns:\n", "columns:\n  ordered_at: {was: order_date}\n"),
            ],
            "ordered_at",
        ),
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
    after = before.replace(BY_YEAR, f"partitions: {{by: {by}, every: year}}" if by else "tags: []")
    for change in changes:
        assert change[0] in after
        after = after.replace(*change, 1)
    write(project, order_lines=before)
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


HEADER = "/*\ndescription: A table.\ngrain: a row\nkey: {}\npartitions: {{by: {}, every: {}}}\n*/\n"
ITEMS = """\
FROM silver.clean_order_items AS i
INNER JOIN silver.clean_orders AS o ON i.order_id = o.order_id
WHERE NOT i.is_deleted AND NOT o.is_deleted
"""
SHAPES = {
    "first_orders": HEADER.format("customer_id", "first_date", "month")
    + "SELECT customer_id, min(order_date) AS first_date, count(*) AS orders\n"
    + "FROM silver.clean_orders WHERE NOT is_deleted GROUP BY customer_id",
    "months": HEADER.format("month", "month", "year")
    + "SELECT date_trunc('month', o.order_date)::date AS month, sum(i.quantity) AS quantity\n"
    + f"{ITEMS}GROUP BY 1",
    "latest": HEADER.format("order_item_id", "at", "year")
    + "SELECT i.order_item_id, greatest(o.order_date, i.updated_at) AS at\n"
    + ITEMS,
    "stamped": HEADER.format("order_item_id", "at", "year")
    + "WITH o AS (SELECT *, order_date AT TIME ZONE 'Europe/Berlin' AS at FROM silver.clean_orders)"
    + "\nSELECT i.order_item_id, CASE WHEN i.quantity > 1 THEN o.at ELSE i.created_at AT TIME ZONE "
    + "'UTC' END AS at\n"
    + ITEMS.replace("silver.clean_orders AS o", "o"),
    "moments": HEADER.format("[kind, number]", "at", "month")
    + "SELECT 'order' AS kind, order_id AS number, order_date AS at FROM silver.clean_orders "
    + "WHERE NOT is_deleted\nUNION ALL\n"
    + "SELECT 'item', order_item_id, created_at FROM silver.clean_order_items WHERE NOT is_deleted",
    "due": HEADER.format("order_item_id", "due_at", "year")
    + "SELECT i.order_item_id, o.order_date + i.quantity * interval '1 year' AS due_at\n"
    + ITEMS,
    "due_sums": HEADER.format("due_at", "due_at", "year")
    + "SELECT o.order_date + i.quantity * interval '1 year' AS due_at, count(*) AS items\n"
    + f"{ITEMS}GROUP BY 1",
    "ranked": HEADER.format("order_id", "order_date", "year")
    + "SELECT order_id, order_date, rank() OVER (ORDER BY order_date) AS place\n"
    + "FROM silver.clean_orders WHERE NOT is_deleted",
    "late": HEADER.format("order_item_id", "due_at", "year")
    + "SELECT l.order_item_id, l.due_at, c.first_date\nFROM gold.due AS l\n"
    + "LEFT JOIN silver.clean_order_items AS i ON l.order_item_id = i.order_item_id\n"
    + "LEFT JOIN silver.clean_orders AS o ON i.order_id = o.order_id\n"
    + "LEFT JOIN gold.first_orders AS c ON o.customer_id = c.customer_id",
}


def test_g3_dates_are_found_wherever_they_come_from(
    seeded_shop: Shop, seeded_warehouse: Warehouse, project: Path
) -> None:
    warehouse = seeded_warehouse
    write(project, **SHAPES)
    warehouse.deploy(project)
    for table in TABLES:
        warehouse.lift_rules(table)
    found = {
        name: "v" if warehouse.value(f"SELECT to_regclass('gold.{name}_dates')") else "function"
        for name in SHAPES
    }
    computed = {"due", "due_sums"}
    assert found == {n: "function" if n in computed else "v" for n in SHAPES}
    warehouse.run()
    for day in range(3):
        seeded_shop.force(
            f"UPDATE orders SET order_date = order_date - interval '{day * 17} months', "
            f"updated_at = now() WHERE order_id % 5 = {day}",
            f"UPDATE order_items SET quantity = quantity + {day * 3}, updated_at = now() "
            f"WHERE order_item_id % 7 = {day}",
            f"UPDATE order_items SET order_id = 1 + order_id % 9, updated_at = now() "
            f"WHERE order_item_id % 11 = {day}",
            f"DELETE FROM order_items WHERE order_item_id % 13 = {day}",
        )
        warehouse.reconcile()
        assert_equal_to_selects(warehouse, *SHAPES)
    assert all(len(partitions(warehouse, f"gold.{name}")) > 2 for name in SHAPES)
    before = warehouse.row_versions("gold")
    warehouse.call("etl.rebuild()")
    assert warehouse.row_versions("gold") == before
    assert warehouse.deploy(project).is_empty


def test_silver_is_partitioned_and_keeps_deleted_rows(
    shop: Shop, warehouse: Warehouse, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    for file in (*project.glob("sql/gold/*.sql"), *project.glob("sql/checks/*.sql")):
        file.unlink()
    warehouse.deploy(project)
    partition(project, file="silver/clean_orders")
    parted = bootstrapped_warehouse
    parted.deploy(project)
    for one in (parted, warehouse):
        one.lift_rules("orders")
    shop.execute("ALTER TABLE orders ALTER order_date DROP NOT NULL")
    for number, date in enumerate(("2023-01-31", "2023-12-31", "2024-02-29", "2025-01-01")):
        sell(shop, number + 1, date=date)
    changes = (
        "SELECT",
        "UPDATE orders SET order_date = '2026-05-05' WHERE order_id = 1",
        "UPDATE orders SET order_date = 'infinity' WHERE order_id = 2",  # it is rejected
        "UPDATE orders SET order_date = NULL WHERE order_id = 3",
        "DELETE FROM order_items; DELETE FROM orders WHERE order_id < 4",
        "INSERT INTO orders VALUES (9, 1, NULL, 'delivered', now(), now())",
        "DELETE FROM orders WHERE order_id = 9",
        "UPDATE orders SET order_date = '2027-05-05'",
    )
    query = "SELECT order_id, is_deleted{} FROM silver.clean_orders {} ORDER BY 1"
    for change in changes:
        shop.force(change)
        for one in (parted, warehouse):
            one.reconcile()
        live = query.format(", order_date", "WHERE NOT is_deleted")
        assert parted.rows(live) == warehouse.rows(live), change
        known = query.format("", "WHERE order_id < 9")
        assert parted.rows(known) == warehouse.rows(known), change
        before = parted.row_versions("silver")
        parted.call("etl.rebuild()")
        assert parted.row_versions("silver") == before, change
    assert parted.value("SELECT count(*) FROM silver.clean_orders WHERE is_deleted") == 3
    found = partitions(parted, "silver.clean_orders")
    assert found == [f"_p{year}0101" for year in range(2023, 2028)]
    assert parted.column("SELECT etl.check_clean_orders__key__unique(0)") == []
    assert parted.deploy(project).is_empty
    rows = "SELECT to_jsonb(o) - '_run_id' FROM silver.clean_orders AS o ORDER BY order_id"
    kept = parted.rows(rows)
    forget(parted, "silver")
    parted.call("etl.rebuild()")
    assert parted.rows(rows) == kept


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
    checks = [
        *("notes__key__unique", "notes__order_id__unique", "notes__order_item_id__references"),
    ]
    assert parted.column(
        "SELECT check_name FROM etl.checks WHERE check_name LIKE 'notes%' ORDER BY 1"
    ) == checks
    parted.execute("DELETE FROM gold.fact_sales WHERE order_item_id = 2")
    broken = "SELECT etl.check_notes__order_item_id__references(0) ->> 'order_item_id'"
    assert parted.column(broken) == ["2"]
    shop.execute("UPDATE order_items SET order_id = 1 WHERE order_item_id = 2")
    with failing("DW002", "notes__order_id__unique"):
        parted.run()
    # As an ordinary table it is what a foreign key refers to, and back.
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
        "view public.reports depends on table gold.fact_sales": "CREATE VIEW public.reports AS SELECT * FROM gold.fact_sales",
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
        assert "gold.fact_sales cannot be partitioned otherwise: " in caught.value.message
        assert name in caught.value.message
        assert "deploy, and create" in str(caught.value.hint)
        assert warehouse.row_versions("gold", "etl") == before
        warehouse.execute(back, role="admin")
    warehouse.deploy(project)
    assert kind(warehouse) == "p"
