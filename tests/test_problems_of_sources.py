"""Which problems a source has: late, held back, changed, or not reconciled."""

from pathlib import Path

import psycopg
import pytest

from tests.harness import Shop, Warehouse, wait_until
from tests.test_isolation import FAULTS
from tests.test_problems import problems, run


@pytest.fixture
def built(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


def late(warehouse: Warehouse, fresh_within: str) -> list[str]:
    """The problems, once this is promised."""
    warehouse.execute(f"UPDATE etl.sources SET fresh_within = '{fresh_within}'")
    return list(problems(warehouse))


def test_source_is_late_by_the_data_of_the_table_that_is_furthest_behind(built: Warehouse) -> None:
    assert late(built, "1 hour") == []
    built.execute("UPDATE etl.fences SET fence = fence - interval '3 hours'")
    assert late(built, "4 hours") == []
    assert late(built, "2 hours") == ["source_late:production"]
    assert "shows it as of" in problems(built)["source_late:production"]["message"]
    run(built)
    assert late(built, "2 hours") == []

    # A run that fails, or succeeds for other tables, does not make it younger.
    FAULTS["constraint in silver"][0](built)
    run(built)
    built.execute("UPDATE etl.fences SET fence = fence - interval '3 hours' WHERE run_id = 2")
    assert "source_late:production" in late(built, "2 hours")
    built.call("etl.run_selection('{gold.fact_sales}')")
    assert "source_late:production" in problems(built)
    row = "SELECT oldest_table, run_id FROM etl.freshness"
    assert built.rows(row, role="orchestrator") == [("silver.clean_order_items", 2)]


def test_the_clock_of_production_does_not_make_a_source_late(built: Warehouse) -> None:
    built.execute(
        "UPDATE etl.fences SET fence = fence - interval '3 hours', "
        "observed_at = observed_at - interval '3 hours'"
    )
    assert late(built, "1 hour") == []


def test_promise_of_warehouse_yaml_is_kept_in_etl_sources(
    warehouse: Warehouse, project: Path
) -> None:
    stored = "SELECT fresh_within::text FROM etl.sources"
    assert warehouse.column(stored) == [None]
    path = project / "warehouse.yaml"
    path.write_text(
        path.read_text().replace("    fence:", "    fresh_within: 90 minutes\n    fence:")
    )
    warehouse.deploy(project)
    assert warehouse.column(stored) == ["01:30:00"]


def test_fence_that_is_held_or_weaker_than_wanted_is_a_problem(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.execute("UPDATE etl.sources SET warn_after = '0'")
    with psycopg.connect(shop.urls["admin"]) as idle:
        idle.execute("SELECT 1")
        run(warehouse)
    (held,) = problems(warehouse).values()
    assert held["problem"] == "fence_held:production"
    assert "idle in transaction" in held["message"]
    assert wait_until(lambda: run(warehouse) and not problems(warehouse))
    shop.execute("DROP VIEW fdwarehouse.fence CASCADE")
    run(warehouse)
    (weaker,) = problems(warehouse).values()
    assert "is of kind lookback, not activity" in weaker["message"]


def test_drift_is_an_error_only_where_it_breaks_a_table(shop: Shop, warehouse: Warehouse) -> None:
    shop.execute("ALTER TABLE orders ADD note text")
    run(warehouse)
    (noted,) = problems(warehouse).values()
    assert (noted["problem"], noted["severity"]) == ("drift:production.orders.note", "warn")
    shop.execute("ALTER TABLE orders DROP status")
    run(warehouse)
    found = problems(warehouse)
    assert list(found) == [
        *("run_failed:pipeline", "drift:production.orders.note"),
        *("drift:production.orders.status", "unreconciled:production"),
    ]
    broken = found["drift:production.orders.status"]
    assert broken["severity"] == "error"
    assert broken["message"] == (
        "production.orders.status: the column is gone; bronze.raw_orders is not loaded."
    )


def test_table_that_may_lack_changes_is_a_problem_unless_a_run_is_reconciling_it(
    built: Warehouse,
) -> None:
    built.execute(
        "INSERT INTO etl.unreconciled VALUES ('bronze.raw_orders', 1, 'it was rewritten'), "
        "('bronze.raw_customers', 1, 'it was rewritten')"
    )
    (noted,) = problems(built).values()
    assert noted["problem"] == "unreconciled:production"
    assert noted["message"] == (
        "2 tables, such as bronze.raw_customers, may lack changes: it was rewritten."
    )
    built.call("etl.start_run()")
    built.execute("UPDATE etl.unreconciled SET run_id = (SELECT max(run_id) FROM etl.runs)")
    assert problems(built) == {}
    built.call("etl.finish_run()")
    run(built)
    assert problems(built) == {}
