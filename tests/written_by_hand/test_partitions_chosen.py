"""Partitions in warehouse.yaml: errors name what is wrong, and no data is lost."""

import re
from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from tests.clinic import Clinic, with_tables
from tests.command import Command
from tests.harness import ROOT, Shop, Warehouse, failing
from tests.test_models import assert_is_as_rebuilt, sell
from tests.test_project_files import fails
from tests.test_rebuild import picture
from tests.test_render import edit
from tests.written_by_hand.test_partitions import BY_YEAR, partition, partitions, places

RECIPES = {
    match[1]: match[2]
    for match in re.finditer(
        r"^```sql\n-- (migrations/\S+)\n(.*?)^```$",
        (ROOT / "docs/performance.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
}
ORDERS = ("sources", "production", "tables", "orders")
ITEMS = ("sources", "production", "tables", "order_items", "partitions")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ((*ORDERS, "partitions"), 0, ["orders.partitions: expected a number", "2 to 128"]),
        ((*ORDERS, "partitions"), 1, ["orders.partitions: expected a number", "2 to 128"]),
        ((*ORDERS, "partitions"), 10**30, ["orders.partitions: "]),
        ((*ORDERS, "partitions"), "many", ["orders.partitions: "]),
        (("partitions",), {"gold.fact_sale": BY_YEAR}, ["no step builds gold.fact_sale"]),
        (("partitions",), {"bronze.raw_orders": BY_YEAR}, ["no step builds bronze.raw_orders"]),
        (
            ("partitions",),
            {"gold.fact_sales": BY_YEAR | {"every": "week"}},
            ["partitions.gold.fact_sales.every: ", "'year' or 'month'"],
        ),
        (
            ("partitions",),
            {"gold.fact_sales": BY_YEAR | {"dates": "order_date"}},
            ["partitions.gold.fact_sales.dates: ", "'silver.clean_orders.order_date'"],
        ),
        (("partitions",), {"gold.fact_sales": {"every": "year"}}, ["fact_sales.dates: "]),
    ],
)
def test_choice_without_meaning_is_named(
    command: Command, project: Path, path: tuple[str, ...], value: object, words: list[str]
) -> None:
    edit(project, "warehouse.yaml", *path, value=value)
    fails(command, project, "warehouse.yaml: ", *words)


def test_partition_of_the_name_of_another_table_is_named(command: Command, project: Path) -> None:
    edit(project, "warehouse.yaml", *ORDERS, "partitions", value=2)
    edit(project, "warehouse.yaml", *ORDERS[:-1], "customers", "as", value="orders_p1")
    fails(command, project, "warehouse.yaml: bronze.raw_orders_p1 would be created from ", "as: ")


def test_key_that_cannot_be_hashed_is_named(clinic: Clinic) -> None:
    kinds = ("bit(3)", "varbit", "money", "tsvector", "tsquery", "money[]")
    for number, kind in enumerate(kinds):
        clinic.write(
            f"CREATE TABLE t{number} (k {kind} PRIMARY KEY)",
            f"GRANT SELECT ON t{number} TO warehouse_reader",
        )
        choice = {f"t{number}": {"mode": "snapshot", "partitions": 2}}
        clinic.configure(with_tables(choice))
        with pytest.raises(FdwarehouseError, match=r"t\d: column k is of type .*hash"):
            clinic.warehouse.deploy(clinic.root, source="clinic")


def refused(warehouse: Warehouse, project: Path, *words: str) -> None:
    """Expect that the deploy is refused with these words, and changes nothing."""
    before = warehouse.row_versions("bronze", "gold", "etl")
    with pytest.raises(FdwarehouseError) as caught:
        warehouse.deploy(project)
    said = f"{caught.value.message}\n{caught.value.hint}"
    for word in words:
        assert word in said
    assert caught.value.exit_code == 1
    assert warehouse.row_versions("bronze", "gold", "etl") == before


def test_g5_other_partitions_of_bronze_are_refused_and_history_stays(
    shop: Shop, warehouse: Warehouse, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    sell(shop, 1)
    warehouse.run()
    way_out = ("Nothing was deployed", "fdwarehouse docs performance")
    edit(project, "warehouse.yaml", *ITEMS, value=16)
    refused(
        warehouse,
        project,
        "bronze.raw_order_items cannot be repartitioned in place",
        "It has no partitions; warehouse.yaml specifies 16 by HASH (order_item_id).",
        *way_out,
    )
    bootstrapped_warehouse.deploy(project)
    bootstrapped_warehouse.run()
    for number, wants in ((8, "8 by HASH (order_item_id)"), (None, "none")):
        edit(project, "warehouse.yaml", *ITEMS, value=number)
        has = f"It has 16 partitions by HASH (order_item_id); warehouse.yaml specifies {wants}."
        refused(bootstrapped_warehouse, project, "bronze.raw_order_items", has, *way_out)
    edit(project, "warehouse.yaml", *ITEMS, value=16)
    edit(project, "warehouse.yaml", *ITEMS[:-1], "key", value=["order_item_id", "order_id"])
    refused(bootstrapped_warehouse, project, "specifies 16 by HASH (order_item_id, order_id)")
    edit(project, "warehouse.yaml", *ITEMS[:-1], "key", value="order_item_id")
    columns = ("tables", "order_items", "columns", "order_item_id", "type")
    edit(project, "contracts/production.yaml", *columns, value="bigint")
    refused(
        bootstrapped_warehouse,
        project,
        "bronze.raw_order_items.order_item_id cannot become bigint in place",
        "It is integer, and the table is partitioned by it.",
        *way_out,
    )


def test_order_of_the_key_is_no_matter(clinic: Clinic) -> None:
    clinic.write(
        "CREATE TABLE rooms (wing text, room int, PRIMARY KEY (wing, room))",
        "GRANT SELECT ON rooms TO warehouse_reader",
    )
    for key in (["wing", "room"], ["room", "wing"]):
        choice = {"rooms": {"mode": "snapshot", "partitions": 2, "key": key}}
        clinic.configure(with_tables(choice))
        clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        ("silver.clean_orders.ordered", "silver.clean_orders has no column ordered of type"),
        ("silver.clean_orders.status", "silver.clean_orders has no column status of type"),
        ("silver.nothing.order_date", "silver.nothing has no column order_date of type"),
        ("gold.dim_date.date", "gold.dim_date has no column date of type"),
    ],
)
def test_g7_column_that_cannot_have_the_dates_is_refused(
    bootstrapped_warehouse: Warehouse, project: Path, dates: str, said: str
) -> None:
    partition(project, choice=BY_YEAR | {"dates": dates})
    with pytest.raises(FdwarehouseError) as caught:
        bootstrapped_warehouse.deploy(project)
    assert f"warehouse.yaml: partitions.gold.fact_sales.dates: {said}" in caught.value.message
    assert "order_date comes from" in str(caught.value.hint)


def test_g7_fact_that_is_an_ordinary_table_is_refused(warehouse: Warehouse, project: Path) -> None:
    edit(project, "warehouse.yaml", "partitions", value={"gold.fact_sales": BY_YEAR})
    refused(
        warehouse,
        project,
        "gold.fact_sales is not partitioned by a date",
        "It is an ordinary table; warehouse.yaml defines one partition per year.",
        "fdwarehouse docs performance",
    )


def test_g5_tables_are_turned_into_partitioned_ones_as_the_documentation_says(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    sell(shop, 1, date="2024-06-01")
    warehouse.run()
    shop.execute("UPDATE order_items SET quantity = 3")
    sell(shop, 2, date="2025-06-01")
    warehouse.run()
    before = warehouse.dump()
    for file, text in RECIPES.items():
        (project / file).write_text(text)
    edit(project, "warehouse.yaml", *ITEMS, value=16)
    edit(project, "warehouse.yaml", "partitions", value={"gold.fact_sales": BY_YEAR})
    warehouse.deploy(project)
    assert {t: sorted(rows) for t, rows in warehouse.dump().items()} == before
    assert warehouse.column(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'bronze.raw_order_items'::regclass "
        "AND contype = 'u'"
    ) == ["raw_order_items_one_version_a_run"]

    built = picture(warehouse)
    counts = warehouse.step_counts(warehouse.run())
    assert counts["gold.fact_sales"][1:] == (0, 0, 0, 0)
    assert picture(warehouse) == built
    sell(shop, 3, date="2027-06-01")
    shop.execute("UPDATE orders SET order_date = '2027-01-01' WHERE order_id = 1")
    warehouse.run()
    assert places(warehouse) == [
        (1, "gold.fact_sales_p20270101"),
        (2, "gold.fact_sales_before"),
        (3, "gold.fact_sales_p20270101"),
    ]
    references = (
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass"
    )
    assert [
        warehouse.value(references, [table])
        for table in ("gold.fact_sales", *partitions(warehouse))
    ] == [3, 3, 3]
    assert_is_as_rebuilt(warehouse)


def test_partition_for_what_has_no_place_yet_whoever_made_the_others(
    shop: Shop, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    warehouse = bootstrapped_warehouse
    partition(project, choice=BY_YEAR | {"every": "month"})
    warehouse.deploy(project)
    warehouse.execute(
        "CREATE TABLE gold.long_ago PARTITION OF gold.fact_sales "
        "FOR VALUES FROM (MINVALUE) TO ('2020-02-10')",
        "CREATE TABLE gold.undated PARTITION OF gold.fact_sales DEFAULT",
    )
    for number, date in enumerate(("1999-01-01", "2020-02-09", "2020-02-10", "2020-05-31"), 1):
        sell(shop, number, date=date)
    warehouse.run()
    edit(project, "warehouse.yaml", "partitions", value={"gold.fact_sales": BY_YEAR})
    warehouse.deploy(project)
    sell(shop, 5, date="2020-12-31")
    sell(shop, 6, date="2020-03-31")
    warehouse.run()
    assert places(warehouse) == [
        (1, "gold.long_ago"),
        (2, "gold.long_ago"),
        (3, "gold.fact_sales_p20200210"),
        (4, "gold.fact_sales_p20200501"),
        (5, "gold.fact_sales_p20200601"),
        (6, "gold.fact_sales_p20200301"),
    ]
    assert_is_as_rebuilt(warehouse)


def test_partition_that_was_detached_is_named(
    shop: Shop, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    warehouse = bootstrapped_warehouse
    partition(project)
    warehouse.deploy(project)
    sell(shop, 1, date="2020-01-01")
    warehouse.run()
    detached = "gold.fact_sales_p20200101"
    warehouse.execute(f"ALTER TABLE gold.fact_sales DETACH PARTITION {detached}", role="owner")
    with failing("DW015", f"{detached} exists, but is not a partition of gold.fact_sales"):
        warehouse.call("etl.rebuild('gold')")
    warehouse.execute(f"ALTER TABLE {detached} RENAME TO fact_sales_2020", role="owner")
    warehouse.call("etl.rebuild('gold')")
    assert places(warehouse) == [(1, detached)]


def test_rows_in_a_default_partition_are_named(
    shop: Shop, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    warehouse = bootstrapped_warehouse
    partition(project)
    edit(project, "warehouse.yaml", "partitions", value=None)
    warehouse.deploy(project)
    warehouse.execute("CREATE TABLE gold.any_date PARTITION OF gold.fact_sales DEFAULT")
    sell(shop, 1, date="2020-01-01")
    warehouse.run()
    edit(project, "warehouse.yaml", "partitions", value={"gold.fact_sales": BY_YEAR})
    warehouse.deploy(project)
    sell(shop, 2, date="2020-02-02")
    with failing(
        "DW015", "the default partition of gold.fact_sales has rows with dates from 2020-01-01"
    ):
        warehouse.run()
