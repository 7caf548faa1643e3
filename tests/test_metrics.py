"""etl.metrics: the state of the warehouse in numbers, for those who may see no row."""

import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from fdwarehouse.database.metrics import Sample, exposition
from tests.command import Command
from tests.harness import Warehouse, failing
from tests.test_isolation import FAULTS
from tests.test_problems import run
from tests.watching import program

NO_RIGHT = "42501"
Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def built(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


def parsed(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Read the text as Prometheus does."""
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type in ("gauge", "counter")
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def value(text: str, name: str, **labels: str) -> float:
    """The value of the one sample that has this name and these labels."""
    (found,) = (v for n, la, v in parsed(text) if n == name and labels.items() <= la.items())
    return found


def of_monitor(command: Command, warehouse: Warehouse) -> str:
    """What `fdwarehouse metrics` prints for the role that watches."""
    command.use({"WAREHOUSE_URL": warehouse.urls["monitor"]})
    return command.works("metrics")


def test_metrics_are_what_the_log_says(command: Command, built: Warehouse) -> None:
    text = of_monitor(command, built)
    assert value(text, "fdwarehouse_runs_total", kind="pipeline", status="succeeded") == 1
    assert value(text, "fdwarehouse_run_in_progress") == 0
    ended = float(built.value("SELECT extract(EPOCH FROM finished_at) FROM etl.runs"))
    name = "fdwarehouse_last_success_timestamp_seconds"
    assert value(text, name, kind="pipeline") == pytest.approx(ended)
    as_of = float(built.value("SELECT extract(EPOCH FROM as_of) FROM etl.freshness"))
    name = "fdwarehouse_source_data_timestamp_seconds"
    assert value(text, name, source="production") == pytest.approx(as_of)
    rows = built.value("SELECT count(*) FROM gold.fact_sales")
    assert value(text, "fdwarehouse_table_rows", table="gold.fact_sales") == rows
    changes = {"step": "gold.fact_sales", "change": "inserted"}
    assert value(text, "fdwarehouse_step_changes_rows", **changes) == rows
    heap = built.value("SELECT pg_relation_size('gold.fact_sales')")
    assert value(text, "fdwarehouse_table_size_bytes", table="gold.fact_sales") > heap
    assert value(text, "fdwarehouse_problems", kind="run_failed", severity="error") == 0

    FAULTS["no right"][0](built)
    built.call("etl.start_run()")
    assert value(of_monitor(command, built), "fdwarehouse_run_in_progress") == 1
    built.call("etl.finish_run()")
    run(built)
    text = of_monitor(command, built)
    assert value(text, "fdwarehouse_runs_total", kind="pipeline", status="failed") == 1
    assert value(text, "fdwarehouse_last_run_succeeded", kind="pipeline") == 0
    assert value(text, "fdwarehouse_problems", kind="run_failed", severity="error") == 1
    problem = {"problem": "step_failed:bronze.raw_order_items", "severity": "error"}
    began = value(text, "fdwarehouse_problem_since_timestamp_seconds", **problem)
    since = "SELECT extract(EPOCH FROM since) FROM etl.problems WHERE problem = %s"
    assert began == pytest.approx(float(built.value(since, [problem["problem"]])))


def test_every_sample_is_unique_and_every_name_is_described(built: Warehouse) -> None:
    rows = built.rows("SELECT name, labels, help, type FROM etl.metrics", role="monitor")
    assert len({(name, str(labels)) for name, labels, _, _ in rows}) == len(rows) > 100
    for name, _, described, kind in rows:
        assert described.endswith(".")
        assert (kind == "counter") == name.endswith("_total")


def test_size_of_a_partitioned_table_is_that_of_its_partitions(built: Warehouse) -> None:
    built.execute(
        "CREATE TABLE gold.parted (n int) PARTITION BY RANGE (n)",
        "CREATE TABLE gold.parted_1 PARTITION OF gold.parted FOR VALUES FROM (0) TO (100)",
        "INSERT INTO gold.parted SELECT generate_series(1, 99)",
        "ANALYZE gold.parted",
        "UPDATE etl.pipeline_steps SET model = 'gold.parted', table_name = 'gold.parted' "
        "WHERE model = 'gold.cohort_retention'",
    )
    rows = "SELECT value FROM etl.metrics WHERE labels ->> 'table' = 'gold.parted' ORDER BY 1"
    assert built.column(rows) == [99, 8192]


def test_g6_monitor_reads_numbers_and_problems_without_rows(built: Warehouse) -> None:
    assert built.rows("SELECT * FROM etl.metrics", role="monitor")
    built.rows("SELECT problem, message, hint, since FROM etl.problems", role="monitor")
    for forbidden in ("SELECT sample_rows FROM etl.problems", "SELECT * FROM etl.problems"):
        with failing(NO_RIGHT):
            built.rows(forbidden, role="monitor")
    for table in (*built.tables("etl", "bronze", "silver", "gold"), "production.orders"):
        with failing(NO_RIGHT):
            built.rows(f"SELECT FROM {table}", role="monitor")
    with failing(NO_RIGHT):
        built.call("etl.run_pipeline()", role="monitor")


def test_metrics_are_read_while_a_table_is_locked(built: Warehouse) -> None:
    with built.connect("owner") as owner, built.connect("monitor") as monitor:
        owner.execute("LOCK TABLE gold.fact_sales, silver.clean_orders IN ACCESS EXCLUSIVE MODE")
        monitor.execute("SET lock_timeout = '1s'")
        assert len(monitor.execute("SELECT name FROM etl.metrics").fetchall()) > 100


def test_metrics_of_nothing_say_what_to_do(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    command.use(bootstrapped_warehouse.environment)
    assert "`fdwarehouse deploy` creates the warehouse" in command.fails(2, "metrics")


def test_any_label_and_value_survives_the_text() -> None:
    odd = {"a": 'back\\slash "quoted"\nnew line', "b": "ä 🪁", "c": ""}
    samples = [
        Sample("one", odd, 1.5, "Help with \\ and\nnew line.", "gauge"),
        Sample("one", {}, float("inf"), "Help with \\ and\nnew line.", "gauge"),
        Sample("two_total", {}, 1e300, "Two.", "counter"),
    ]
    text = exposition(samples)
    assert list(parsed(text)) == [(s.name, s.labels, s.value) for s in samples]
    (first, _) = text_string_to_metric_families(text)
    assert first.documentation == samples[0].help


def test_promtool_accepts_the_metrics(command: Command, built: Warehouse) -> None:
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=of_monitor(command, built),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_metrics_of_the_orchestrator_are_those_of_the_monitor(built: Warehouse) -> None:
    query = "SELECT name, labels::text FROM etl.metrics ORDER BY 1, 2"
    assert built.rows(query, role="orchestrator") == built.rows(query, role="monitor")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        built.rows(query, role="loader")
