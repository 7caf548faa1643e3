"""`fdwarehouse status`: as text, and as JSON."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from fdwarehouse.terminal import console, status
from fdwarehouse.terminal.console import duration
from tests.command import Command
from tests.harness import Warehouse, wait_until
from tests.pseudo_terminal import Terminal


def as_json(command: Command) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(command.works("status", "--json"))
    return described


def test_status_of_nothing(command: Command, bootstrapped_warehouse: Warehouse) -> None:
    command.use(bootstrapped_warehouse.environment)
    assert "Nothing is deployed" in command.works("status")
    assert as_json(command) == {"deployed": False, "database": bootstrapped_warehouse.name}


def test_status_before_the_first_run(command: Command, warehouse: Warehouse) -> None:
    command.use(warehouse.environment)
    said = command.works("status")
    assert "none yet: `fdwarehouse run`" in said
    assert "production (xyz_store_oltp): never read" in said
    described = as_json(command)
    assert described["runs"] == []
    assert {check["passed"] for check in described["checks"]} == {None}


def test_status_has_stable_keys_and_iso_times(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    command.works("run")
    described = as_json(command)
    assert list(described) == [
        "deployed", "database", "problems", "runs", "tables", "sources", "checks", "rejected_rows",
    ]  # fmt: skip
    (run,) = described["runs"]
    assert list(run) == [
        "run_id", "begun_by", "label", "status", "error", "begun_by_role", "started_at",
        "finished_at", "seconds", "rows_read", "rows_written", "rows_rejected", "progress",
    ]  # fmt: skip
    assert datetime.fromisoformat(run["started_at"]).utcoffset() is not None
    tables = {table["table"]: table for table in described["tables"]}
    assert list(tables["bronze.raw_orders"]) == [
        "table", "layer", "source", "last_success_run_id", "last_success_at", "watermark",
        "reconciled_every_seconds", "last_reconciled_run_id", "last_reconciled_at", "rows",
        "kept_up", "rows_are_estimated",
    ]  # fmt: skip
    assert tables["gold.fact_sales"]["rows"] == 1162
    assert tables["gold.fact_sales"]["kept_up"].startswith("incremental by order_item_id from ")
    (source,) = described["sources"]
    assert (source["source"], source["fence_kind"]) == ("production", "activity")
    assert source["lag_seconds"] < 5
    assert source["promise"].startswith("complete: ")
    passed = {check["name"]: check["passed"] for check in described["checks"]}
    assert passed["fact_sales_joins_dimensions"]
    assert described["rejected_rows"] == []


def test_status_shows_where_a_run_is(command: Command, seeded_warehouse: Warehouse) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    seeded_warehouse.shop.force("UPDATE orders SET updated_at = now() WHERE order_id = 1")
    with seeded_warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE silver.clean_orders IN SHARE MODE")
        run = seeded_warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        said = command.works("status")
        described = as_json(command)["runs"][0]
    run.result()
    assert re.search(r"run 2 is running: \d+ steps done, silver\.clean_orders running\n", said)
    assert described["progress"]["done"] > 4
    assert as_json(command)["runs"][0]["progress"] is None


def test_status_shows_where_a_backfill_is(command: Command, seeded_warehouse: Warehouse) -> None:
    command.use(seeded_warehouse.environment)
    with seeded_warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_orders IN SHARE MODE")
        backfill = seeded_warehouse.begin("etl.backfill(200)")
        loaded = "SELECT sum(chunks_loaded) FROM etl.backfill_progress"
        wait_until(lambda: (seeded_warehouse.value(loaded) or 0) > 1)
        said = command.works("status")
    backfill.result()
    assert re.search(r"run 1 is running: \d+ of \d+ chunks done, about \d+.* left\n", said)


def test_status_counts_no_large_table_whose_statistics_are_yet_to_come(
    command: Command, seeded_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded_warehouse.execute(
        "INSERT INTO bronze.raw_orders (order_id, _run_id, _extracted_at, _is_deleted) "
        "VALUES (1, 1, now(), false)"
    )
    monkeypatch.setattr("fdwarehouse.database.status.EXACT_BYTES", 0)
    command.use(seeded_warehouse.environment)
    tables = {table["table"]: table for table in as_json(command)["tables"]}
    assert tables["bronze.raw_orders"]["rows_are_estimated"]


def test_status_shows_failures_lag_and_rejected_rows(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    shop = seeded_warehouse.shop
    shop.execute("UPDATE orders SET status = 'lost' WHERE order_id = 1")
    writer = shop.connect("admin")
    writer.execute("UPDATE customers SET full_name = 'Someone' WHERE customer_id = 1")
    command.use(seeded_warehouse.environment)
    command.works("run")
    assert "held back by process" in command.works("status")
    writer.rollback()
    shop.execute("REVOKE SELECT ON orders FROM warehouse_reader")
    assert command("run").exit_code == 1
    said = command.works("status")
    assert re.search(r"✗ +2 +etl\.run_pipeline", said)
    assert "run 2 failed: permission denied for table orders" in said
    assert re.search(r"silver\.clean_orders +1 +unknown status", said)


def test_status_of_a_source_held_back_for_ever(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    shop = seeded_warehouse.shop
    with psycopg.connect(shop.urls["admin"]) as connection:
        connection.execute("UPDATE customers SET full_name = 'Someone' WHERE customer_id = 1")
        connection.execute("PREPARE TRANSACTION 'forgotten'")
    command.use(seeded_warehouse.environment)
    try:
        command.works("run")
        assert "indefinitely behind its clock" in command.works("status")
        assert "held back by prepared transaction forgotten" in command.works("status")
        assert as_json(command)["sources"][0]["lag_seconds"] is None
    finally:
        shop.execute("ROLLBACK PREPARED 'forgotten'")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.9999, "1.0 s"),
        (59.97, "1 min 0 s"),
        (359.7, "6 min 0 s"),
        (3599.9, "1 h 0 min"),
        (200_000, "2 days"),
    ],
)
def test_time_spans_are_rounded_as_a_whole(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_terminal_folds_problems_at_words(warehouse: Warehouse) -> None:
    with Terminal("status", environment=warehouse.environment, columns=60) as terminal:
        assert terminal.end() == 0
    end = terminal.shown.index("Runs")
    problems = terminal.shown[:end]
    assert problems[0] == "Problems"
    assert max(map(len, problems)) <= 60
    said = " ".join(line.strip() for line in problems)
    assert "The warehouse is deployed, but was never filled. Since " in said
    message, hint = warehouse.rows("SELECT message, hint FROM etl.problems")[0]
    assert message in said
    assert hint in said


def test_a_message_without_a_full_stop_gets_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.out.console, "width", 160)
    problem = {
        "severity": "warn",
        "since": datetime.now(UTC).isoformat(),
        "hint": "`fdwarehouse contract` shows it.",
    }
    status._show_problems([problem | {"message": m} for m in ("a column is gone", "It is late.")])
    said = capsys.readouterr().out
    assert "a column is gone. Since " in said
    assert "It is late. Since " in said


def test_status_shows_problems_first_with_the_way_out(
    command: Command, warehouse: Warehouse
) -> None:
    command.use(warehouse.environment)
    said = command.works("status")
    assert said.startswith("Problems\nThe warehouse is deployed, but was never filled. Since ")
    assert "CALL etl.run_pipeline()" in said.splitlines()[2]
    described = json.loads(command.works("status", "--json"))
    assert [p["problem"] for p in described["problems"]] == ["never_ran:pipeline"]
    command.works("run")
    assert "Problems" not in command.works("status")
