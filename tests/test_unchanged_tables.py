"""G3: a run does not compute a table when nothing has changed that it reads, and only then."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.harness import Warehouse

CALLS = """
    SELECT m.model, coalesce(pg_stat_get_function_calls(m.writer::regproc), 0)
    FROM etl.pipeline_steps AS m WHERE m.layer <> 'source'
"""
NEW_NAME = "UPDATE customers SET full_name = 'New ' || full_name WHERE customer_id = 1"
DOWNSTREAM_OF_CUSTOMERS = {"silver.clean_customers", "gold.dim_customers", "gold.fact_sales"}


def computed(warehouse: Warehouse, call: str = "etl.run_pipeline()") -> set[str]:
    """CALL a procedure, and name the tables whose writers ran."""
    before: dict[str, int] = dict(warehouse.rows(CALLS))
    with warehouse.connect("admin", autocommit=True) as session:
        session.execute("SET track_functions = 'all'")
        session.execute(f"CALL {call}")
        session.execute("SELECT pg_stat_force_next_flush()")
    return {model for model, calls in warehouse.rows(CALLS) if calls > before.get(model, 0)}


@pytest.fixture
def quiet(seeded_warehouse: Warehouse) -> Warehouse:
    """A warehouse that is up to date, and reads no time twice."""
    seeded_warehouse.execute("UPDATE etl.sources SET overlap = '0 seconds'")
    seeded_warehouse.run()
    seeded_warehouse.run()
    return seeded_warehouse


def test_run_without_change_computes_nothing_and_concludes_each_step(quiet: Warehouse) -> None:
    before = quiet.row_versions("bronze", "silver", "gold")
    assert computed(quiet) == set()
    assert quiet.row_versions("bronze", "silver", "gold") == before
    run_id = quiet.last_run()
    steps = quiet.rows(
        "SELECT model, status, rows_read, rows_inserted FROM etl.steps "
        f"WHERE run_id = {run_id} AND layer <> 'source'"
    )
    assert len(steps) == quiet.value(
        "SELECT count(*) FROM etl.pipeline_steps "
        "WHERE layer <> 'source' AND interval_between IS NULL"
    )
    assert {step[1:] for step in steps} == {("succeeded", 0, 0)}
    assert quiet.column(
        "SELECT DISTINCT run_id FROM etl.watermarks WHERE model NOT LIKE '%tion'"
    ) == [run_id]


def test_change_computes_what_is_downstream_of_it(quiet: Warehouse) -> None:
    quiet.shop.execute(NEW_NAME)
    found = computed(quiet)
    assert {"bronze.raw_customers", *DOWNSTREAM_OF_CUSTOMERS} <= found
    assert not {"bronze.raw_orders", "silver.clean_orders", "gold.dim_products"} & found
    assert quiet.value(
        "SELECT full_name LIKE 'New %' FROM silver.clean_customers WHERE customer_id = 1"
    )
    assert computed(quiet) == set()


def test_silent_change_computes_what_is_downstream_of_it(quiet: Warehouse) -> None:
    quiet.shop.force("UPDATE customers SET full_name = 'Silent' WHERE customer_id = 1")
    assert computed(quiet) == set()
    assert {*DOWNSTREAM_OF_CUSTOMERS} <= computed(quiet, "etl.reconcile('customers')")
    assert (
        quiet.value("SELECT full_name FROM silver.clean_customers WHERE customer_id = 1")
        == "Silent"
    )
    assert computed(quiet) == set()


def test_layers_that_are_built_apart_are_not_behind(quiet: Warehouse) -> None:
    quiet.shop.execute(NEW_NAME)
    quiet.call("etl.extract_and_load_bronze()")
    quiet.call("etl.extract_and_load_bronze()")  # nothing is new for bronze, but for silver
    assert "silver.clean_customers" in computed(quiet, "etl.build_silver()")
    assert {"gold.dim_customers", "gold.fact_sales"} <= computed(quiet, "etl.build_gold()")
    assert computed(quiet, "etl.build_gold()") == set()


def test_full_refresh_computes_everything(quiet: Warehouse) -> None:
    steps = "SELECT model FROM etl.pipeline_steps WHERE layer IN ('silver', 'gold')"
    assert set(quiet.column(steps)) <= computed(quiet, "etl.run_pipeline(true)")


def test_warehouse_that_does_not_know_what_changed_computes_everything(quiet: Warehouse) -> None:
    quiet.execute("UPDATE etl.watermarks SET changed_run_id = NULL")  # of an earlier release
    steps = "SELECT model FROM etl.pipeline_steps WHERE layer IN ('silver', 'gold')"
    assert set(quiet.column(steps)) <= computed(quiet)
    assert computed(quiet) == set()


def test_table_that_cannot_be_looked_at_keeps_no_other_from_being_read(quiet: Warehouse) -> None:
    quiet.shop.execute(NEW_NAME, "REVOKE SELECT ON orders FROM warehouse_reader", role="admin")
    with pytest.raises(Exception, match="orders"):
        quiet.call("etl.run_pipeline()")
    assert quiet.value(
        "SELECT full_name LIKE 'New %' FROM silver.clean_customers WHERE customer_id = 1"
    )


def test_sql_that_is_written_by_hand_is_always_computed(beside: Warehouse) -> None:
    beside.execute("UPDATE etl.sources SET overlap = '0 seconds'")
    beside.run()
    beside.run()
    steps = "SELECT model FROM etl.pipeline_steps WHERE layer IN ('silver', 'gold')"
    assert computed(beside) == set(beside.column(steps))


def test_select_that_reads_a_table_which_no_step_builds_is_always_computed(
    quiet: Warehouse, project: Path
) -> None:
    (project / "migrations" / "0100_goals.sql").write_text(
        "CREATE TABLE gold.goals (status text PRIMARY KEY, goal integer NOT NULL);\n"
        "COMMENT ON TABLE gold.goals IS 'Grain: one status.';\n"
        "INSERT INTO gold.goals VALUES ('pending', 1);\n"
    )
    (project / "sql" / "gold" / "status_goals.sql").write_text(
        "/*\ndescription: Goals and orders.\ngrain: one status\nkey: status\n*/\n"
        "SELECT g.status, g.goal, count(o.order_id) AS orders\n"
        "FROM gold.goals AS g LEFT JOIN silver.clean_orders AS o ON g.status = o.status\n"
        "GROUP BY g.status, g.goal\n"
    )
    quiet.deploy(project)
    quiet.run()
    quiet.execute("UPDATE gold.goals SET goal = 2")
    assert "gold.status_goals" in computed(quiet)
    assert quiet.value("SELECT goal FROM gold.status_goals") == 2


def test_select_that_tells_the_time_is_always_computed(quiet: Warehouse, project: Path) -> None:
    (project / "sql" / "gold" / "ages.sql").write_text(
        "/*\ndescription: Ages.\ngrain: one status\nkey: status\n*/\n"
        "SELECT status, current_date - max(order_date)::date AS age\n"
        "FROM silver.clean_orders GROUP BY status\n"
    )
    quiet.deploy(project)
    quiet.run()
    quiet.run()  # a new table of gold refreshes those after it
    assert computed(quiet) == {"gold.ages"}


def test_table_that_a_migration_drops_is_filled_again(quiet: Warehouse, project: Path) -> None:
    tables = ("gold.product_performance", "bronze.raw_products")
    before = [quiet.value(f"SELECT count(*) FROM {table}") for table in tables]
    (project / "migrations" / "0100_drop.sql").write_text(
        "DROP TABLE gold.product_performance CASCADE;\nDROP TABLE bronze.raw_products CASCADE;\n"
    )
    quiet.deploy(project)
    quiet.run()
    assert [quiet.value(f"SELECT count(*) FROM {table}") for table in tables] == before
    quiet.reconcile()
    assert [quiet.value(f"SELECT count(*) FROM {table}") for table in tables] == before


def test_everything_downstream_of_a_failed_table_is_skipped(quiet: Warehouse) -> None:
    quiet.shop.execute("REVOKE SELECT ON order_items FROM warehouse_reader", role="admin")
    with pytest.raises(psycopg.Error, match="order_items"):
        quiet.call("etl.run_pipeline()")
    skipped = quiet.column(
        f"SELECT model FROM etl.steps WHERE run_id = {quiet.last_run()} AND status = 'skipped'"
    )
    assert {"gold.fact_sales", "gold.daily_sales", "gold.cohort_retention"} <= {*skipped}
