"""A backfill shared by several sessions, each with its own chunks."""

import pytest

from tests.harness import Background, Shop, Warehouse, failing
from tests.test_backfill import BRONZE, PRODUCTION, analyze
from tests.test_models import sell


def test_sessions_share_the_chunks(shop: Shop, warehouse: Warehouse) -> None:
    for number in range(1, 9):
        sell(shop, number)
    analyze(shop)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_customers IN SHARE MODE")
        first = warehouse.begin("etl.backfill(2)")
        first.wait_until_blocked()
        second = warehouse.begin("etl.backfill(2)")
        second.wait_until_blocked()
        for procedure in ("etl.run_pipeline()", "etl.build_silver()", "etl.build_silver(1)"):
            with failing("DW001", "run 1 is in progress"):
                warehouse.call(procedure)
    first.result()
    second.result()
    assert warehouse.rows(BRONZE) == shop.rows(PRODUCTION)
    assert warehouse.rows("SELECT run_id, status FROM etl.runs") == [(1, "succeeded")]
    warehouse.run()
    assert warehouse.value("SELECT count(*) FROM gold.fact_sales") == 8


def test_session_that_fails_leaves_the_rest_to_the_others(shop: Shop, warehouse: Warehouse) -> None:
    for number in range(1, 9):
        sell(shop, number)
    analyze(shop)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_customers IN SHARE MODE")
        sessions = [warehouse.begin("etl.backfill(2)") for _ in range(2)]
        for session in sessions:
            session.wait_until_blocked()
        warehouse.execute(f"SELECT pg_cancel_backend({sessions[0].pid})", role="admin")
        with failing("57014"):
            sessions[0].result()
        assert warehouse.value("SELECT status FROM etl.runs") == "running"
    sessions[1].result()
    assert warehouse.value("SELECT status FROM etl.runs") == "succeeded"
    assert warehouse.rows(BRONZE) == shop.rows(PRODUCTION)


def test_g4_completing_a_table_renews_the_lease(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.call("etl.backfill()")
    warehouse.execute(
        "DELETE FROM etl.watermarks WHERE model LIKE 'bronze.raw_orders%'",
        "UPDATE etl.runs SET status = 'running', finished_at = NULL, lease_until = '-infinity'",
        "SELECT etl.advance_backfill(1, 1)",
    )
    assert warehouse.value("SELECT lease_until > clock_timestamp() FROM etl.runs")


def test_a_session_that_comes_last_finds_nothing_left(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.call("etl.backfill()")
    assert warehouse.value("SELECT status FROM etl.runs") == "succeeded"
    # The steps of a session that has joined the run before another one ends it.
    assert warehouse.value("SELECT etl.has_fence(1)") is True
    assert warehouse.value("SELECT etl.advance_backfill(1, 1) IS NULL") is True
    warehouse.execute("SELECT etl.finish_backfill(1)")
    assert warehouse.value("SELECT status FROM etl.runs") == "succeeded"


@pytest.mark.parametrize(
    "ends",
    ["etl.finish_backfill(1)", "etl.advance_backfill(1, 100)"],
)
def test_session_that_looks_while_another_ends_the_run_has_no_error(
    warehouse: Warehouse, ends: str
) -> None:
    warehouse.execute(
        "INSERT INTO etl.runs (begun_by, lease, lease_until, sign_of_life) "
        "VALUES ('etl.backfill', '1 minute', now() + interval '1 minute', 1)"
    )
    with warehouse.connect("owner") as other:
        other.execute("LOCK TABLE etl.runs IN ACCESS EXCLUSIVE MODE")
        looking = f"DO $$ BEGIN ASSERT coalesce(({ends})::text, '') = ''; END; $$"
        session = Background(warehouse.urls["owner"], looking)
        session.wait_until_blocked()
        other.execute("UPDATE etl.runs SET status = 'succeeded', finished_at = now()")
    session.result()
