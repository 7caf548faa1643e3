"""A run that was cancelled on purpose, and failures that a later pipeline makes up for."""

import os
import signal
from pathlib import Path

import pytest

from fdwarehouse.database.running import call
from tests.command import Command
from tests.harness import Warehouse, failing, wait_until
from tests.receivers import Web
from tests.test_isolation import FAULTS
from tests.test_problems import problems, run
from tests.test_repeated_runs import started


@pytest.fixture
def built(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


def severities(warehouse: Warehouse) -> dict[str, str]:
    return {name: problem["severity"] for name, problem in problems(warehouse).items()}


def cancel(warehouse: Warehouse, procedure: str) -> None:
    """Begin a run that waits for a table, and cancel it."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with warehouse.shop.connect("admin") as production, warehouse.connect("owner") as silver:
        production.execute("LOCK TABLE orders")
        silver.execute("LOCK TABLE silver.clean_orders")
        begun = warehouse.begin(procedure)
        wait_until(lambda: any(d.value(waiting, role="admin") for d in (warehouse, warehouse.shop)))
        warehouse.execute(f"SELECT pg_cancel_backend({begun.pid})", role="admin")
        with failing("57014"):
            begun.result()


def test_cancelled_pipeline_is_a_warning_of_the_run_alone_until_one_succeeds(
    built: Warehouse,
) -> None:
    cancel(built, "etl.run_pipeline()")
    assert severities(built) == {"run_failed:pipeline": "warn"}
    assert "was cancelled" in problems(built)["run_failed:pipeline"]["message"]
    run(built)
    assert problems(built) == {}


def test_cancelled_run_hides_no_failure_before_it(built: Warehouse) -> None:
    FAULTS["constraint in silver"][0](built)
    failed = run(built)
    before = severities(built)
    assert before["run_failed:pipeline"] == "error"
    cancel(built, "etl.run_pipeline()")
    assert severities(built) == before
    assert problems(built)["run_failed:pipeline"]["run_id"] == failed


def test_run_that_was_abandoned_on_purpose_is_a_warning(built: Warehouse) -> None:
    built.call("etl.start_run()")
    built.call(f"etl.abandon_run({built.last_run()})")
    assert severities(built) == {"run_lost:pipeline": "warn"}


def test_cancelled_rebuild_is_over_after_a_pipeline_and_a_failed_one_is_a_warning(
    built: Warehouse,
) -> None:
    cancel(built, "etl.rebuild()")
    assert severities(built) == {"run_failed:rebuild": "warn"}
    run(built)
    assert problems(built) == {}
    FAULTS["constraint in silver"][0](built)
    run(built)
    with failing("23514"):
        built.call("etl.rebuild()")
    assert severities(built)["run_failed:rebuild"] == "error"
    built.execute("ALTER TABLE silver.clean_order_items DROP CONSTRAINT few")
    run(built)
    assert severities(built) == {"run_failed:rebuild": "warn"}
    built.call("etl.rebuild()")
    assert problems(built) == {}


@pytest.mark.parametrize(
    ("procedure", "after"),
    [("backfill", None), ("prune_bronze", "warn"), ("reconcile", "warn"), ("forget", "error")],
)
def test_what_a_pipeline_makes_up_for_is_over_after_it_and_an_erasure_never_is(
    built: Warehouse, procedure: str, after: str | None
) -> None:
    built.execute(
        "INSERT INTO etl.runs (begun_by, status, error, finished_at) "
        f"VALUES ('etl.{procedure}', 'failed', 'broken', now())"
    )
    name = f"run_failed:{procedure}"
    assert severities(built) == {name: "error"}
    run(built)
    assert severities(built) == ({name: after} if after else {})


@pytest.mark.parametrize("arguments", [("run", "--every", "1 day"), ("run",)])
def test_a_signal_that_ends_a_run_tells_no_channel(
    alerting: tuple[Command, Warehouse, Path],
    web: Web,
    arguments: tuple[str, ...],
) -> None:
    command, warehouse, project = alerting
    with warehouse.shop.connect("admin") as blocker:
        blocker.execute("LOCK TABLE orders")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        with started(warehouse, *arguments, "--alert", project=project) as process:
            wait_until(lambda: warehouse.shop.value(waiting, role="admin"))
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
    assert web.taken() == []
    assert severities(warehouse) == {"run_failed:pipeline": "warn"}
    command.works("alert")
    (document,) = web.taken()
    assert [p["severity"] for p in document["new"]] == ["warn"]


def test_run_that_is_stopped_between_two_steps_is_abandoned_and_not_lost(built: Warehouse) -> None:
    stopped: list[bool] = []

    def stop(_: object) -> None:
        if not stopped and built.column("SELECT 1 FROM etl.runs WHERE status = 'running'"):
            stopped.append(True)
            raise KeyboardInterrupt

    outcome = call(
        built.urls["owner"],
        "DO $$ BEGIN PERFORM etl.acquire_run(NULL, 'etl.run_pipeline'); COMMIT; "
        "PERFORM pg_catalog.pg_sleep(60); END; $$",
        layers=["bronze"],
        on_progress=stop,
    )
    assert outcome.was_cancelled
    assert built.value("SELECT status FROM etl.runs ORDER BY run_id DESC LIMIT 1") == "abandoned"
    assert severities(built) == {"run_lost:pipeline": "warn"}


def test_fence_without_a_time_makes_a_source_late_since_its_run(
    alerting: tuple[Command, Warehouse, Path], web: Web
) -> None:
    command, warehouse, _ = alerting
    warehouse.execute(
        "UPDATE etl.sources SET fresh_within = '1 hour'",
        "UPDATE etl.fences SET fence = '-infinity'",
    )
    since = "SELECT late_since = started_at FROM etl.freshness INNER JOIN etl.runs USING (run_id)"
    assert warehouse.value(since, role="orchestrator") is True
    (late,) = problems(warehouse).values()
    assert late["problem"] == "source_late:production"
    assert late["message"].endswith("shows it as of an unknown time.")
    command.use({**os.environ, "WAREHOUSE_URL": warehouse.urls["owner"]})
    assert "as of an unknown time" in command("status").out
    assert command.works("alert") == "webhook was told: xyz_store: 1 new problem\n"
    name = "fdwarehouse_problem_since_timestamp_seconds"
    assert warehouse.value(f"SELECT value > 0 FROM etl.metrics WHERE name = '{name}'")
    warehouse.execute("UPDATE etl.sources SET fresh_within = NULL")
    assert problems(warehouse) == {}
