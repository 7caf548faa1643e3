"""G6: least privilege. The loader may CALL, analysts read gold, the reader reads production."""

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.harness import Shop, Warehouse, failing

NO_RIGHT = "42501"

PROCEDURES = [
    "etl.run_pipeline()",
    "etl.extract_and_load_bronze()",
    "etl.build_silver()",
    "etl.build_gold()",
    "etl.run_checks()",
    "etl.run_selection('{gold.fact_sales}')",
    "etl.reconcile()",
    "etl.rebuild()",
    "bronze.load_raw_orders()",
    "silver.build_clean_orders()",
    "gold.build_dim_customers()",
]


@pytest.fixture
def built(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


@pytest.mark.parametrize("role", ["loader", "orchestrator"])
def test_g6_loader_and_orchestrator_may_call_every_public_procedure(
    built: Warehouse, role: str
) -> None:
    for procedure in PROCEDURES:
        built.call(procedure, role=role)
    assert set(built.column("SELECT status FROM etl.runs")) == {"succeeded"}
    assert built.value("SELECT begun_by_role FROM etl.runs ORDER BY run_id DESC LIMIT 1") == (
        f"warehouse_{role}"
    )


def test_g6_loader_reads_and_writes_no_table(built: Warehouse) -> None:
    for table in built.tables("etl", "bronze", "silver", "gold"):
        for statement in (f"SELECT FROM {table}", f"DELETE FROM {table}"):
            with failing(NO_RIGHT):
                built.rows(statement, role="loader")
    with failing(NO_RIGHT):
        built.rows("SELECT FROM production.orders", role="loader")


def test_g6_loader_cannot_reach_what_writes(built: Warehouse) -> None:
    for call in (
        "SELECT etl.end_run(1, 'failed')",
        "SELECT gold.write_fact_sales(1, 0)",
        "SELECT bronze.append_raw_orders(1, 0)",
        "SELECT production.read_fence(1, 0)",
        "SELECT etl.build_model(1, 'gold.fact_sales')",
        "SELECT etl.evaluate_checks(1, NULL)",
        "SELECT etl.store_check_results(1, '[]')",
    ):
        with failing(NO_RIGHT):
            built.rows(call, role="loader")


def test_g6_loader_cannot_publish_what_fails_a_check(
    seeded_warehouse: Warehouse, project: Path
) -> None:
    (project / "sql/checks/never.sql").write_text(
        "-- layer: gold\n-- severity: error\n-- No day.\nSELECT date_key FROM gold.dim_date\n"
    )
    seeded_warehouse.deploy(project)
    for layer in ("extract_and_load_bronze", "build_silver"):
        seeded_warehouse.call(f"etl.{layer}()")
    loader = seeded_warehouse.connect("loader", autocommit=True)
    loader.execute("SELECT etl.acquire_run(NULL, 'mine')")
    models = "etl.models_of('{gold}')"
    run_id = "(SELECT etl.open_run())"
    loader.execute(f"SELECT etl.plan_steps({run_id}, {models}, false)")
    failure = f"SELECT error_code FROM etl.build_models({run_id}, {models})"
    assert loader.execute(failure).fetchone() == ("DW002",)
    assert seeded_warehouse.column("SELECT 1 FROM gold.dim_date") == []


def test_g6_analyst_reads_gold_alone(built: Warehouse) -> None:
    for table in built.tables("gold"):
        built.rows(f"SELECT FROM {table}", role="analyst")
        with failing(NO_RIGHT):
            built.rows(f"DELETE FROM {table}", role="analyst")
    assert built.rows("SELECT customer_id FROM gold.customer_recency", role="analyst")
    for table in (*built.tables("etl", "bronze", "silver"), "production.orders"):
        with failing(NO_RIGHT):
            built.rows(f"SELECT FROM {table}", role="analyst")
    with failing(NO_RIGHT):
        built.call("etl.run_pipeline()", role="analyst")


def test_g6_orchestrator_reads_for_its_checks_and_writes_nothing(built: Warehouse) -> None:
    for table in built.tables("etl", "bronze", "silver", "gold"):
        if table == "etl.mask_keys":  # only the owner
            with failing(NO_RIGHT):
                built.rows(f"SELECT FROM {table}", role="orchestrator")
        else:
            built.rows(f"SELECT FROM {table}", role="orchestrator")
        with failing(NO_RIGHT):
            built.rows(f"DELETE FROM {table}", role="orchestrator")


def test_g6_reader_cannot_write_production(seeded_shop: Shop) -> None:
    assert seeded_shop.rows("SELECT order_id FROM orders LIMIT 1", role="reader")
    for statement in (
        "DELETE FROM orders",
        "UPDATE orders SET status = 'shipped'",
        "INSERT INTO customers (email, full_name) VALUES ('a', 'b')",
        "CREATE TABLE mine (a integer)",
    ):
        with failing(NO_RIGHT):
            seeded_shop.rows(statement, role="reader")


def test_g6_production_cannot_be_written_through_the_mount(built: Warehouse) -> None:
    with pytest.raises(psycopg.Error, match="does not allow"):
        built.rows("DELETE FROM production.orders")


def test_g6_nothing_is_open_to_everybody(warehouse: Warehouse) -> None:
    assert not warehouse.column(
        """
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace::regnamespace::text IN ('etl', 'bronze', 'silver', 'gold', 'production')
            AND has_function_privilege('public', oid, 'EXECUTE')
        """
    )
    assert not warehouse.column(
        """
        SELECT oid::regclass FROM pg_class
        WHERE relnamespace::regnamespace::text IN ('etl', 'bronze', 'silver', 'gold', 'production')
            AND relkind IN ('r', 'v', 'f', 'm')
            AND has_table_privilege('public', oid, 'SELECT, INSERT, UPDATE, DELETE')
        """
    )


def test_g6_owner_is_no_superuser_and_owns_everything(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    ) == [(False, False, False)]
    assert set(
        warehouse.column(
            """
            SELECT pg_get_userbyid(relowner) FROM pg_class
            WHERE relnamespace::regnamespace::text IN ('etl', 'bronze', 'silver', 'gold')
            """
        )
    ) == {"warehouse_owner"}


def test_g6_password_of_the_reader_is_in_the_user_mapping_alone(
    built: Warehouse,
) -> None:
    password = str(conninfo_to_dict(built.shop.urls["reader"])["password"])
    assert (
        built.value(
            "SELECT count(*) FROM pg_user_mappings WHERE umoptions::text LIKE %s", [f"%{password}%"]
        )
        == 1
    )
    for role in ("loader", "analyst", "orchestrator"):
        assert not built.value(
            "SELECT coalesce(bool_or(umoptions IS NOT NULL), false) FROM pg_user_mappings",
            role=role,
        )
    for table, rows in built.contents("etl").items():
        assert password not in str(rows), table
