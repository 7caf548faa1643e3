"""Which problems a source has: late, held back, changed, or not reconciled."""

import re
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
    assert re.fullmatch(
        r"The data of production is older than 2 hours: \S+ shows it as of \S+ \S+ UTC\.",
        problems(built)["source_late:production"]["message"],
    )
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
        pid = idle.info.backend_pid
        first = run(warehouse)
    (held,) = problems(warehouse).values()
    assert held["problem"] == "fence_held:production"
    assert re.fullmatch(
        rf"When run {first} read the fence of production at \d{{4}}-\d\d-\d\d \d\d:\d\d UTC, a "
        r"transaction had held it back for [\d.]+ seconds?, longer than the 0 seconds of "
        rf"warn_after: process {pid}, .+, idle in transaction\.",
        held["message"],
    )
    assert held["hint"].startswith("It may have ended since")
    assert held["hint"].endswith(f"SELECT pg_terminate_backend({pid});")
    assert wait_until(lambda: run(warehouse) and not problems(warehouse))
    with psycopg.connect(shop.urls["admin"], autocommit=True) as other:
        other.execute("BEGIN; SELECT txid_current(); PREPARE TRANSACTION 'it''s mine'")
        run(warehouse)
        other.execute("ROLLBACK PREPARED 'it''s mine'")
    (held,) = problems(warehouse).values()
    assert held["hint"].endswith("ROLLBACK PREPARED 'it''s mine';")
    run(warehouse)
    assert problems(warehouse) == {}
    shop.execute("DROP VIEW fdwarehouse.fence CASCADE")
    run(warehouse)
    (weaker,) = problems(warehouse).values()
    assert "is of kind lookback, not activity" in weaker["message"]


def test_drift_is_an_error_only_where_it_breaks_a_table(shop: Shop, warehouse: Warehouse) -> None:
    shop.execute("ALTER TABLE orders ADD note text")
    run(warehouse)
    (noted,) = problems(warehouse).values()
    assert (noted["problem"], noted["severity"]) == ("drift:production.orders.note", "warn")
    assert noted["message"] == "production.orders.note: a new column, which is not read."
    assert noted["hint"].startswith("Nothing stops.")
    shop.execute("ALTER TABLE orders DROP status")
    run(warehouse)
    found = problems(warehouse)
    assert list(found) == [
        *("run_failed:pipeline", "drift:production.orders.note"),
        "drift:production.orders.status",
    ]
    assert found["drift:production.orders.status"]["severity"] == "error"


def test_each_drift_says_what_it_is_and_what_it_stops(shop: Shop, warehouse: Warehouse) -> None:
    shop.execute(
        "ALTER TABLE orders RENAME status TO state",
        "ALTER TABLE customers RENAME full_name TO name",
        "ALTER TABLE customers ADD note varchar(255)",  # either may be the former full_name
        "ALTER TABLE products ALTER price TYPE numeric(12, 4)",
        "ALTER TABLE order_items DROP CONSTRAINT order_items_pkey",
        f"ALTER DATABASE {shop.name} SET timezone = 'Asia/Tokyo'",
    )
    run(warehouse)
    assert drifts(warehouse) == {
        "orders.status": "the column is gone; it may have been renamed to state. "
        "Therefore bronze.raw_orders is not loaded.",
        "customers.full_name": "the column is gone. Therefore bronze.raw_customers is not loaded.",
        "customers.name": "a new column, which is not read.",
        "customers.note": "a new column, which is not read.",
        "products.price": "its type is numeric(12,4), no longer numeric(10,2). "
        "Therefore bronze.raw_products is not loaded.",
        "order_items": "it no longer has a primary key. "
        "Therefore bronze.raw_order_items is not loaded.",
        "TimeZone": "it is Asia/Tokyo, no longer Etc/UTC.",
    }
    shop.execute(
        "ALTER TABLE orders RENAME state TO status",
        "ALTER TABLE orders ADD note text, DROP order_date CASCADE",  # of another type
        "DROP TABLE customers CASCADE",
        "ALTER TABLE products ALTER price TYPE numeric(10, 2), ALTER updated_at DROP NOT NULL",
        "ALTER TABLE order_items ADD PRIMARY KEY (order_id, order_item_id)",
    )
    run(warehouse)
    assert drifts(warehouse) == {
        "orders.order_date": "the column is gone. Therefore bronze.raw_orders is not loaded.",
        "TimeZone": "it is Asia/Tokyo, no longer Etc/UTC.",
        "orders.note": "a new column, which is not read.",
        "customers": "the table is gone. Therefore bronze.raw_customers is not loaded.",
        "products.updated_at": "the watermark is nullable now. "
        "Therefore bronze.raw_products is not loaded.",
        "order_items.order_id": "the primary key has changed. "
        "Therefore bronze.raw_order_items is not loaded.",
        "order_items.order_item_id": "the primary key has changed. "
        "Therefore bronze.raw_order_items is not loaded.",
    }


def drifts(warehouse: Warehouse) -> dict[str, str]:
    """The messages of drift by subject, where no other problem follows from it but the run's."""
    found = problems(warehouse)
    assert {problem["kind"] for problem in found.values()} == {"run_failed", "drift"}
    messages = {}
    for name, problem in found.items():
        if problem["kind"] == "drift":
            subject = name.removeprefix("drift:production.")
            prefix = f"production.{subject}: "
            assert problem["message"].startswith(prefix)
            messages[subject] = problem["message"].removeprefix(prefix)
    return messages


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


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ("00:01:00", "1 minute"),
        ("90 seconds", "1 minute 30 seconds"),
        ("00:05:00.4", "5 minutes"),
        ("0.257 seconds", "0.26 seconds"),
        ("1 second", "1 second"),
        ("0", "0 seconds"),
        ("02:30:00", "2 hours 30 minutes"),
        ("36 hours", "1 day 12 hours"),
        ("1 year 2 months 1 day", "1 year 2 months 1 day"),
    ],
)
def test_spans_of_time_are_written_for_people(
    warehouse: Warehouse, interval: str, words: str
) -> None:
    assert warehouse.value("SELECT etl.in_words(%s)", [interval]) == words
