"""The files of monitoring/: what they name exists, and Prometheus accepts them."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.composed import composed
from tests.harness import ROOT, Warehouse
from tests.test_isolation import FAULTS
from tests.test_problems import run
from tests.watching import FOLDER, program

NAME = re.compile(r"\bfdwarehouse_\w+")


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def exporter() -> dict[str, Any]:
    return dict(yaml.safe_load(text_of("postgres_exporter.yaml")))


@pytest.fixture
def failing_warehouse(seeded_warehouse: Warehouse) -> Warehouse:
    """A warehouse that has every metric."""
    seeded_warehouse.run()
    FAULTS["no right"][0](seeded_warehouse)
    run(seeded_warehouse)
    seeded_warehouse.execute(
        "UPDATE etl.sources SET fresh_within = '1 day'",
        "INSERT INTO etl.alert_channels VALUES ('slack', now())",
        "INSERT INTO silver.rejected_rows VALUES ('silver.clean_orders', '{}', '{why}', '{}', 1)",
    )
    return seeded_warehouse


def test_exporter_has_every_metric_with_its_labels_and_values(
    failing_warehouse: Warehouse,
) -> None:
    stored = failing_warehouse.rows(
        "SELECT name, labels::text, value FROM etl.metrics", role="monitor"
    )
    exported = set()
    for namespace, content in exporter().items():
        columns = {c: m for metric in content["metrics"] for c, m in metric.items()}
        labels = [c for c, m in columns.items() if m["usage"] == "LABEL"]
        rows = failing_warehouse.rows(
            f"SELECT to_jsonb(q) FROM ({content['query']}) AS q", role="monitor"
        )
        for (row,) in rows:
            assert row.keys() == columns.keys()
            for column in row.keys() - set(labels):
                if row[column] is not None:
                    kept = json.dumps({label: row[label] for label in sorted(labels)})
                    exported.add((f"{namespace}_{column}", kept, float(row[column])))
    wanted = {(n, json.dumps(dict(sorted(json.loads(la).items()))), v) for n, la, v in stored}
    zeros = {row for row in exported - wanted if row[0] == "fdwarehouse_table_rejected_rows"}
    assert exported - zeros == wanted


def test_dashboard_and_rules_name_metrics_that_exist(failing_warehouse: Warehouse) -> None:
    names = set(failing_warehouse.column("SELECT name FROM etl.metrics"))
    board = json.loads(text_of("grafana_dashboard.json"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 10
    rules = yaml.safe_load(text_of("alert_rules.yaml"))["groups"][0]["rules"]
    queries += [rule["expr"] for rule in rules]
    for query in queries:
        assert NAME.findall(query), query
        assert set(NAME.findall(query)) <= names, query


def test_places_of_the_dashboard_do_not_overlap() -> None:
    taken = set()
    for panel in json.loads(text_of("grafana_dashboard.json"))["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for cell in ((x, y) for x in range(place["w"]) for y in range(place["h"])):
            at = (place["x"] + cell[0], place["y"] + cell[1])
            assert at not in taken, panel["title"]
            taken.add(at)


def test_model_of_grafana_has_all_that_the_dashboard_says() -> None:
    register_default_plugins()
    board = json.loads(text_of("grafana_dashboard.json"))
    known = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))
    assert [*_unknown(board, known)] == []


def _unknown(written: Any, known: Any, place: str = "") -> Iterator[str]:
    """Yield where something is written that the model has not kept, such as a misspelled entry."""
    if isinstance(written, dict) and isinstance(known, dict):
        for name, value in written.items():
            yield from _unknown(value, known.get(name), f"{place}/{name}")
    elif isinstance(written, list) and isinstance(known, list) and len(written) == len(known):
        for number, (one, other) in enumerate(zip(written, known, strict=True)):
            yield from _unknown(one, other, f"{place}/{number}")
    elif written != known:
        yield f"{place}: {written} is {known}"


def test_query_of_pgwatch_returns_every_sample_once(failing_warehouse: Warehouse) -> None:
    metric = yaml.safe_load(text_of("pgwatch.yaml"))["metrics"]["fdwarehouse"]
    rows = failing_warehouse.rows(metric["sqls"][18], role="monitor")
    assert len({row[1:-1] for row in rows}) == len(rows)
    labels = "SELECT DISTINCT jsonb_object_keys(labels) FROM etl.metrics"
    tags = set(re.findall(r"tag_(\w+)", metric["sqls"][18])) - {"name"}
    assert set(failing_warehouse.column(labels)) == tags


@pytest.mark.parametrize("what", ["rules", "config"])
def test_promtool_accepts_rules_and_configuration(what: str) -> None:
    file = {"rules": "alert_rules.yaml", "config": "prometheus.yaml"}[what]
    _promtool("check", what, file)


def test_alerts_fire_and_end_as_their_tests_say() -> None:
    _promtool("test", "rules", "alert_rules_test.yaml")


def _promtool(*arguments: str) -> None:
    done = subprocess.run(
        [program("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_mounts_files_that_exist_and_starts_them_only_with_the_profile() -> None:
    require_monitoring(composed(ROOT / "docker-compose.yaml", {}, "monitoring")["services"], FOLDER)


def require_monitoring(services: dict[str, Any], folder: Path) -> None:
    """Check the services of the profile `monitoring`, as Docker Compose reads them.

    Args:
        services: by name.
        folder: with the files that they use.
    """
    watching = {name: s for name, s in services.items() if s.get("profiles") == ["monitoring"]}
    assert set(watching) == {"postgres_exporter", "prometheus", "grafana"}
    mounted = {
        Path(volume["source"]): volume["target"]
        for service in watching.values()
        for volume in service["volumes"]
        if volume["type"] == "bind"
    }
    assert set(mounted) == {
        folder / name
        for name in (
            *("alert_rules.yaml", "prometheus.yaml", "postgres_exporter.yaml"),
            *("grafana_dashboard.json", "grafana_dashboards.yaml", "grafana_datasource.yaml"),
        )
    }
    assert all(path.is_file() for path in mounted)
    ports = [port for service in watching.values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    exporter = watching["postgres_exporter"]
    assert (
        f"--extend.query-path={mounted[folder / 'postgres_exporter.yaml']}" in exporter["command"]
    )
    source = exporter["environment"]["DATA_SOURCE_NAME"]
    assert source.startswith("postgresql://warehouse_monitor:")
    assert services["setup"]["environment"]["WAREHOUSE_MONITOR_PASSWORD"] in source
    (dashboards,) = yaml.safe_load((folder / "grafana_dashboards.yaml").read_text())["providers"]
    board = mounted[folder / "grafana_dashboard.json"]
    assert board.startswith(f"{dashboards['options']['path']}/")
    (data,) = yaml.safe_load((folder / "grafana_datasource.yaml").read_text())["datasources"]
    assert data["url"] == "http://prometheus:9090"
    panels = json.loads((folder / "grafana_dashboard.json").read_text())["panels"]
    assert {panel["datasource"]["uid"] for panel in panels} == {data["uid"]}
