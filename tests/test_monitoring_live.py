"""The files of monitoring/ with the real programs: they read a warehouse, and alerts fire."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.command import Command
from tests.harness import ROOT, Warehouse, wait_until
from tests.test_isolation import FAULTS
from tests.test_monitoring import failing_warehouse
from tests.test_problems import run
from tests.watching import Prometheus, exporter, prometheus, read, serving

__all__ = ["failing_warehouse"]

Samples = set[tuple[str, str, float]]


def samples(text: str) -> Samples:
    """The samples of the warehouse in what a program exposes, which may add the label `server`."""
    return {
        (
            s.name,
            json.dumps({k: s.labels[k] for k in sorted(s.labels.keys() - {"server"})}),
            s.value,
        )
        for family in text_string_to_metric_families(text)
        for s in family.samples
        if s.name.startswith("fdwarehouse_")
    }


def stored(warehouse: Warehouse) -> Samples:
    """The samples of etl.metrics."""
    rows = warehouse.rows("SELECT name, labels, value FROM etl.metrics", role="monitor")
    return {(name, json.dumps(dict(sorted(labels.items()))), value) for name, labels, value in rows}


def test_exporter_exposes_every_metric(failing_warehouse: Warehouse, tmp_path: Path) -> None:
    with exporter(tmp_path, failing_warehouse.urls["monitor"]) as url:
        exposed = samples(read(url))
    log = (tmp_path / "prometheus-postgres-exporter.log").read_text()
    # Its own collector of bgwriter cannot read PostgreSQL 17 or later before version 0.17.
    assert [
        line for line in log.splitlines() if "level=error" in line and "bgwriter" not in line
    ] == []
    wanted = stored(failing_warehouse)
    zeros = {s for s in exposed - wanted if s[0] == "fdwarehouse_table_rejected_rows"}
    assert {value for _, _, value in zeros} <= {0}
    assert exposed - zeros == wanted


def test_node_exporter_exposes_what_the_command_writes(
    command: Command, failing_warehouse: Warehouse, tmp_path: Path
) -> None:
    command.use(failing_warehouse.environment)
    (tmp_path / "fdwarehouse.prom").write_text(command.works("metrics"))
    with serving(
        tmp_path,
        "prometheus-node-exporter",
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={tmp_path}",
    ) as url:
        text = read(f"{url}/metrics")
    assert "node_textfile_scrape_error 0" in text
    assert samples(text) == stored(failing_warehouse)


@pytest.fixture
def watched(seeded_warehouse: Warehouse, tmp_path: Path) -> Iterator[Prometheus]:
    seeded_warehouse.run()
    with (
        exporter(tmp_path, seeded_warehouse.urls["monitor"]) as url,
        prometheus(tmp_path, url) as watching,
    ):
        wait_until(lambda: watching.query('up{job="fdwarehouse"} == 1'))
        yield watching


def test_alerts_fire_when_a_run_fails_or_a_source_is_late_and_end_when_it_is_over(
    seeded_warehouse: Warehouse, watched: Prometheus
) -> None:
    def firing() -> set[str]:
        return {name for name, alert in watched.alerts().items() if alert["state"] == "firing"}

    wait_until(lambda: watched.query('fdwarehouse_runs_total{status="succeeded"} == 1'))
    assert firing() == set()

    seeded_warehouse.execute("UPDATE etl.sources SET fresh_within = '1 microsecond'")
    late = "WarehouseProblem source_late:production"
    wait_until(lambda: firing() == {late})
    (source,) = watched.query("fdwarehouse_source_fresh_within_seconds")
    assert source[0]["source"] == "production"

    seeded_warehouse.execute("UPDATE etl.sources SET fresh_within = NULL")
    FAULTS["no right"][0](seeded_warehouse)
    run(seeded_warehouse)
    failed = "WarehouseProblem run_failed:pipeline"
    errors = "SELECT 'WarehouseProblem ' || problem FROM etl.problems WHERE severity = 'error'"
    expected = set(seeded_warehouse.column(errors))
    assert failed in expected
    wait_until(lambda: firing() == expected)
    alert = watched.alerts()[failed]
    assert alert["annotations"]["summary"] == "run_failed:pipeline"
    assert "WHERE problem = 'run_failed:pipeline'" in alert["annotations"]["description"]

    seeded_warehouse.shop.execute("GRANT SELECT ON order_items TO warehouse_reader")
    seeded_warehouse.run()
    wait_until(lambda: firing() == set())


def test_every_panel_of_the_dashboard_has_data(
    failing_warehouse: Warehouse, tmp_path: Path
) -> None:
    board = json.loads((ROOT / "monitoring/grafana_dashboard.json").read_text())
    failing_warehouse.execute("UPDATE etl.check_results SET offending_rows = 3")
    with (
        exporter(tmp_path, failing_warehouse.urls["monitor"]) as url,
        prometheus(tmp_path, url) as watching,
    ):
        wait_until(lambda: watching.query("count_over_time(fdwarehouse_run_in_progress[1m]) > 2"))
        empty = [target["expr"] for target in targets(board) if not series(watching, target)]
    assert empty == []


def targets(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [target for panel in board["panels"] for target in panel["targets"]]


def series(watching: Prometheus, target: dict[str, Any]) -> list[tuple[dict[str, str], float]]:
    return watching.query(target["expr"])
