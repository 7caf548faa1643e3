"""A bad table fails alone; the tables downstream are skipped, the others are published."""

from collections.abc import Callable

import psycopg
import pytest

from tests.clinic import Clinic, with_tables
from tests.command import Command
from tests.harness import Warehouse, failing

STATES = "SELECT model, status FROM etl.steps WHERE run_id = %s ORDER BY position"


def twins(warehouse: Warehouse) -> None:
    warehouse.lift_rules("order_items")
    warehouse.shop.force(
        "INSERT INTO order_items SELECT * FROM order_items WHERE order_item_id = 1",
        "UPDATE order_items SET updated_at = now() WHERE order_item_id = 1",
    )


def no_right(warehouse: Warehouse) -> None:
    warehouse.shop.execute("REVOKE SELECT ON order_items FROM warehouse_reader")


def refused(warehouse: Warehouse) -> None:
    warehouse.execute(
        "ALTER TABLE bronze.raw_order_items ADD CONSTRAINT few CHECK (quantity < 500) NOT VALID"
    )
    warehouse.shop.execute("UPDATE order_items SET quantity = 501 WHERE order_item_id = 3")


def constraint(warehouse: Warehouse) -> None:
    warehouse.execute(
        "ALTER TABLE silver.clean_order_items ADD CONSTRAINT few CHECK (quantity < 500) NOT VALID"
    )
    warehouse.shop.execute("UPDATE order_items SET quantity = 501 WHERE order_item_id = 5")


FAULTS: dict[str, tuple[Callable[[Warehouse], None], str, str]] = {
    "twins": (twins, "DW014", "bronze.raw_order_items"),
    "no right": (no_right, "42501", "bronze.raw_order_items"),
    "refused by bronze": (refused, "23514", "bronze.raw_order_items"),
    "constraint in silver": (constraint, "23514", "silver.clean_order_items"),
}


@pytest.fixture
def built(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_table_fails_alone_and_is_named(built: Warehouse, fault: str) -> None:
    make, code, model = FAULTS[fault]
    make(built)
    built.shop.execute("UPDATE customers SET full_name = 'New Name' WHERE customer_id = 1")
    facts = built.rows("SELECT f::text FROM gold.fact_sales AS f ORDER BY 1")
    with failing(code, "gold.fact_sales") as caught:
        built.run()
    assert str(caught.value.diag.message_primary).startswith(f"{model}: ")
    states: dict[str, str] = dict(built.rows(STATES, [built.last_run()]))
    assert states[model] == "failed"
    held = {name for name, state in states.items() if state == "skipped"}
    metrics = {"daily_sales", "customer_lifetime_value", "product_performance"} | {
        *("monthly_customer_sales", "customer_months", "cohort_months", "cohort_retention")
    }
    expected = {f"gold.{table}" for table in ("fact_sales", "dim_products", *metrics)}
    if model.startswith("bronze"):
        expected |= {"silver.clean_order_items"}
    else:
        expected -= {"gold.dim_products"}  # built from bronze's versions, which exist
    assert held == expected
    assert set(states.values()) == {"failed", "skipped", "succeeded"}
    names = "SELECT full_name FROM gold.dim_customers WHERE customer_id = 1 AND is_current"
    assert built.column(names) == ["New Name"]  # the others are published
    assert built.rows("SELECT f::text FROM gold.fact_sales AS f ORDER BY 1") == facts
    status = "SELECT status, error FROM etl.runs ORDER BY run_id DESC LIMIT 1"
    ((state, error),) = built.rows(status)
    assert state == "failed"
    assert error


def test_g1_table_that_failed_catches_up_when_it_is_whole_again(built: Warehouse) -> None:
    twins(built)
    for _ in range(2):
        with failing("DW014"):
            built.run()
    built.shop.force("DELETE FROM order_items WHERE order_item_id = 1")
    built.shop.execute("UPDATE orders SET status = 'shipped' WHERE order_id = 2")
    built.run()
    built.reconcile()
    assert built.value("SELECT count(*) FROM gold.fact_sales") == built.shop.value(
        "SELECT count(*) FROM order_items"
    )
    before = built.row_versions("silver", "gold")
    built.call("etl.rebuild('all')")
    assert built.row_versions("silver", "gold") == before


def test_checks_that_read_what_is_held_back_are_not_judged(built: Warehouse) -> None:
    twins(built)
    built.shop.execute("UPDATE orders SET status = 'shipped' WHERE order_id = 3")
    with failing("DW014"):
        built.run()
    judged = built.column(
        "SELECT check_name FROM etl.check_results WHERE run_id = %s", [built.last_run()]
    )
    assert "clean_orders__customer_id__references" in judged
    assert "no_rejected_rows" in judged
    assert not [name for name in judged if name.startswith(("fact_sales", "clean_order_items"))]


def test_step_that_failed_or_was_held_back_is_tried_again_in_its_run(built: Warehouse) -> None:
    built.shop.execute("REVOKE SELECT ON products FROM warehouse_reader")
    built.shop.execute("UPDATE customers SET full_name = 'Other Name' WHERE customer_id = 2")
    with built.connect("loader", autocommit=True) as connection:
        connection.execute("CALL etl.start_run()")
        run_id = built.last_run()
        with failing("42501", "bronze.raw_products"):
            connection.execute(f"CALL etl.extract_and_load_bronze({run_id})".encode())
        built.shop.execute("GRANT SELECT ON products TO warehouse_reader")
        connection.execute(f"CALL etl.extract_and_load_bronze({run_id})".encode())
        for layer in ("build_silver", "build_gold", "run_checks", "finish_run"):
            connection.execute(f"CALL etl.{layer}({run_id})".encode())
    assert set(dict(built.rows(STATES, [run_id])).values()) == {"succeeded"}
    assert built.value("SELECT status FROM etl.runs WHERE run_id = %s", [run_id]) == "succeeded"


def test_layer_that_holds_tables_back_says_so(built: Warehouse) -> None:
    built.shop.execute("REVOKE SELECT ON products FROM warehouse_reader")
    with built.connect("loader", autocommit=True) as connection:
        connection.execute("CALL etl.start_run()")
        with failing("42501"):
            connection.execute("CALL etl.extract_and_load_bronze()")
        with failing("DW020", "held back by bronze.raw_products"):
            connection.execute("CALL etl.build_silver()")
        with failing("DW007"):
            connection.execute("CALL etl.finish_run()")


def test_lost_connection_is_no_fault_of_one_table(built: Warehouse) -> None:
    built.execute("ALTER SERVER production OPTIONS (SET port '1')", role="admin")
    with pytest.raises(psycopg.Error) as caught:
        built.run()
    assert str(caught.value.sqlstate).startswith("08")
    states: dict[str, str] = dict(built.rows(STATES, [built.last_run()]))
    assert "skipped" not in states.values()


def test_inheritance_parent_whose_children_share_its_keys_fails_alone(clinic: Clinic) -> None:
    clinic.write(
        "CREATE TABLE parents (id integer PRIMARY KEY, changed_at timestamptz NOT NULL)",
        "CREATE TABLE children () INHERITS (parents)",
        "INSERT INTO parents VALUES (1, now())",
        "INSERT INTO children VALUES (1, now())",
        "INSERT INTO wards VALUES ('abc', 3)",
        "GRANT SELECT ON parents, children TO warehouse_reader",
    )
    clinic.configure(with_tables({"parents": {"watermark": "changed_at"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    with failing("DW014", "If other tables inherit from the table, their rows are read too"):
        clinic.warehouse.run()
    assert clinic.warehouse.rows("SELECT ward, beds FROM bronze.raw_wards") == [("abc", 3)]


@pytest.mark.parametrize("on_error", ["isolate", "error"])
def test_table_that_fails_stops_the_others_if_its_source_says_so(
    clinic: Clinic, command: Command, on_error: str
) -> None:
    config = with_tables({})
    config["sources"]["clinic"] |= {"on_error": on_error, "mirror": True}
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.write(
        "INSERT INTO wards VALUES ('A', 1)",
        "INSERT INTO diary VALUES (1, 'noon', current_date)",
        "REVOKE ALL ON wards FROM warehouse_reader",
    )
    command.project(clinic.root)
    command.use(clinic.warehouse.environment | {"CLINIC_URL": clinic.shop.urls["reader"]})
    said = command.fails(1, "run")
    assert "bronze.raw_wards: permission denied" in said
    states: dict[str, str] = dict(clinic.warehouse.rows(STATES, [clinic.warehouse.last_run()]))
    assert states["bronze.raw_wards"] == "failed"
    loaded = [(1, "noon")] if on_error == "isolate" else []
    assert clinic.warehouse.rows("SELECT entry, said FROM silver.diary") == loaded
    assert clinic.warehouse.rows("SELECT entry, said FROM bronze.raw_diary") == loaded
    if on_error == "isolate":
        assert states["silver.wards"] == "skipped"
        assert states["silver.diary"] == states["bronze.raw_diary"] == "succeeded"
    else:
        assert states["bronze.raw_diary"] == "rolled_back"
        assert "silver.diary" not in states
    clinic.write("GRANT SELECT ON wards TO warehouse_reader")
    command.works("run")
    assert clinic.warehouse.rows("SELECT beds FROM silver.wards") == [(1,)]
    assert clinic.warehouse.rows("SELECT entry, said FROM silver.diary") == [(1, "noon")]
