"""G1: a table that seems to have lost its rows fails the run, before anything is written."""

from pathlib import Path
from typing import Any

import pytest

from tests.clinic import Clinic, with_tables
from tests.command import Command
from tests.harness import Warehouse, failing

TOO_MANY = "DW016"

# Ways in which a table loses its rows by mistake.
ACCIDENTS = {
    "emptied": "TRUNCATE orders CASCADE",
    "deleted without a condition": "DELETE FROM order_items",
    "restored halfway": "DELETE FROM order_items WHERE order_item_id % 3 > 0",
    "swapped for an empty copy": """
        CREATE TABLE new_items (LIKE order_items INCLUDING ALL);
        GRANT SELECT ON new_items TO warehouse_reader;
        ALTER TABLE order_items RENAME TO old_items;
        ALTER TABLE new_items RENAME TO order_items
    """,
}
CALLS = ["etl.reconcile()", "etl.reconcile('order_items')", "etl.run_pipeline(true)"]


@pytest.fixture
def loaded(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("accident", ACCIDENTS)
def test_g1_accident_in_production_does_not_empty_the_warehouse(
    loaded: Warehouse, accident: str, call: str
) -> None:
    before = loaded.dump()
    with loaded.shop.connect() as connection:
        connection.execute(ACCIDENTS[accident].encode())
    with failing(TOO_MANY, "rows of bronze.raw_order") as caught:
        loaded.call(call)
    assert "etl.allow_deletions" in str(caught.value.diag.message_hint)
    assert loaded.dump() == before


def test_g1_deletions_that_are_meant_pass_once_and_are_logged(loaded: Warehouse) -> None:
    loaded.shop.execute("DELETE FROM order_items")
    with failing(TOO_MANY):
        loaded.reconcile()
    loaded.call("etl.allow_deletions('order_items')")
    run_id = loaded.reconcile()
    assert loaded.value("SELECT count(*) FROM gold.fact_sales") == 0
    assert loaded.rows("SELECT model, allowed_by, used_by_run FROM etl.allowed_deletions") == [
        ("bronze.raw_order_items", "warehouse_loader", run_id)
    ]
    loaded.shop.execute("DELETE FROM orders")
    with failing(TOO_MANY, "bronze.raw_orders"):  # the permission was for one table, once
        loaded.reconcile()


def test_permission_is_not_used_up_by_a_few_deletions(loaded: Warehouse) -> None:
    loaded.call("etl.allow_deletions('bronze.raw_order_items')")
    loaded.shop.execute("DELETE FROM order_items WHERE order_item_id < 5")
    loaded.reconcile()
    assert loaded.column("SELECT used_by_run FROM etl.allowed_deletions") == [None]


def test_deletions_of_a_few_rows_or_of_a_small_share_are_believed(loaded: Warehouse) -> None:
    loaded.shop.execute(
        "DELETE FROM order_items WHERE order_item_id % 6 = 0",  # many, but a sixth
        "DELETE FROM products WHERE product_id NOT IN (SELECT product_id FROM order_items)",
    )
    loaded.reconcile()
    assert loaded.value(
        "SELECT count(*) FROM silver.clean_order_items WHERE NOT is_deleted"
    ) == loaded.shop.value("SELECT count(*) FROM order_items")


def configured(clinic: Clinic, **settings: Any) -> None:
    tables = {"beds": {"mode": "snapshot"} | settings}
    clinic.configure(with_tables(tables))
    clinic.warehouse.deploy(clinic.root, source="clinic")


@pytest.fixture
def beds(clinic: Clinic) -> Clinic:
    """A table of mode snapshot with 100 rows."""
    clinic.write(
        "CREATE TABLE beds (bed integer PRIMARY KEY)",
        "GRANT SELECT ON beds TO warehouse_reader",
        "INSERT INTO beds SELECT generate_series(1, 100)",
    )
    configured(clinic)
    clinic.warehouse.run()
    return clinic


LIVE = "SELECT count(*) FROM (SELECT DISTINCT ON (bed) * FROM bronze.raw_beds ORDER BY bed, _run_id DESC) AS b WHERE NOT _is_deleted"  # noqa: E501


def test_g1_snapshot_that_is_empty_is_not_believed(beds: Clinic) -> None:
    beds.write("TRUNCATE beds")
    with failing(TOO_MANY, "100 of 100 rows of bronze.raw_beds"):
        beds.warehouse.run()
    assert beds.warehouse.value(LIVE) == 100
    beds.warehouse.call("etl.allow_deletions('beds')")
    beds.warehouse.run()
    assert beds.warehouse.value(LIVE) == 0


@pytest.mark.parametrize(
    ("max_deleted", "left"),
    [({"share": "50 %"}, 50), ({"rows": 60}, 40), ({"share": "100 %"}, 0), ("any", 0)],
)
def test_how_many_may_go_is_for_the_project_to_say(
    beds: Clinic, max_deleted: Any, left: int
) -> None:
    configured(beds, max_deleted=max_deleted)
    beds.write(f"DELETE FROM beds WHERE bed > {left}")
    beds.warehouse.run()
    assert beds.warehouse.value(LIVE) == left


def test_g1_all_rows_replaced_by_others_is_not_believed(beds: Clinic) -> None:
    beds.write("UPDATE beds SET bed = bed + 1000")
    with failing(TOO_MANY, "100 of 100"):
        beds.warehouse.run()


@pytest.mark.parametrize("value", ["20", "120 %", "{shares: 20 %}", "{rows: -1}", "{share: 0.5}"])
def test_what_is_no_limit_is_refused(
    command: Command, warehouse: Warehouse, project: Path, value: str
) -> None:
    file = project / "warehouse.yaml"
    text = file.read_text()
    file.write_text(
        text.replace("customer_id, watermark", f"customer_id, max_deleted: {value}, watermark")
    )
    command.project(project)
    command.use(warehouse.environment)
    said = command.fails(2, "deploy")
    assert "max_deleted" in said


def test_loader_says_what_may_go_for_tables_that_are_there(loaded: Warehouse) -> None:
    with failing("DW003", "no table 'nothing' is in bronze"):
        loaded.call("etl.allow_deletions('nothing')")


@pytest.mark.parametrize("words", [["reconcile"], ["run", "--full"]])
def test_command_lets_deletions_pass_once(
    command: Command, loaded: Warehouse, project: Path, words: list[str]
) -> None:
    command.project(project)
    command.use(loaded.environment)
    loaded.shop.execute("DELETE FROM order_items")
    assert "max_deleted" in command.fails(1, *words)
    command.works(*words, "--allow-deletions", "order_items")
    assert loaded.value("SELECT count(*) FROM gold.fact_sales") == 0
    assert "no table 'none'" in command.fails(1, *words, "--allow-deletions", "none")


def test_permission_expires_after_a_day(loaded: Warehouse) -> None:
    loaded.shop.execute("DELETE FROM order_items")
    loaded.call("etl.allow_deletions('order_items')")
    loaded.execute(
        "UPDATE etl.allowed_deletions SET allowed_at = now() - interval '24 hours 1 minute'"
    )
    with failing(TOO_MANY):
        loaded.reconcile()
    loaded.execute("UPDATE etl.allowed_deletions SET allowed_at = now() - interval '23 hours'")
    loaded.reconcile()
    assert loaded.value("SELECT count(*) FROM gold.fact_sales") == 0
