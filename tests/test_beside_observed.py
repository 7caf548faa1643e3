"""What is seen of an environment beside the main deployment, and who is told of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fdwarehouse.database.connections import connect
from fdwarehouse.database.metrics import read_metrics
from fdwarehouse.database.prefixed import prefixed_url
from tests.command import Command
from tests.harness import failing
from tests.place import Place
from tests.test_beside import Beside, beside_project, dev
from tests.test_beside_main import rename, sold
from tests.test_listening import events

__all__ = ["beside_project", "dev", "sold"]


def test_metrics_are_about_the_same_things(sold: Beside) -> None:
    sold.warehouse.call("dev_etl.build_gold()")
    sold.warehouse.call("etl.build_gold()")
    for url in (sold.warehouse.urls["owner"], sold.url):
        with connect(url) as connection:
            connection.execute("ANALYZE")
    ours, theirs = (
        {(s.name, str(s.labels)) for s in read_metrics(url) if s.labels.get("layer") != "bronze"}
        for url in (sold.url, sold.warehouse.urls["owner"])
    )
    about_sources = {(n, labels) for n, labels in theirs if "'source'" in labels}
    assert ours == theirs - about_sources
    assert ("fdwarehouse_table_rows", "{'layer': 'gold', 'table': 'gold.fact_sales'}") in ours


def test_monitor_reads_the_metrics_of_both(sold: Beside) -> None:
    for url in (
        sold.warehouse.urls["monitor"],
        prefixed_url(sold.warehouse.urls["monitor"], "dev_"),
    ):
        assert "fdwarehouse_table_rows" in {sample.name for sample in read_metrics(url)}


def test_listeners_of_the_main_deployment_hear_nothing(sold: Beside) -> None:
    listener = sold.warehouse.connect("analyst", autocommit=True)
    listener.execute("LISTEN fdwarehouse")
    sold.run()
    sold.warehouse.execute("DROP TABLE dev_gold.daily_sales CASCADE", role="owner")
    with failing("42P01"):
        sold.run()
    assert events(listener) == []
    listener.execute("LISTEN dev_fdwarehouse")
    with failing("42P01"):
        sold.run()
    assert [(e["event"], e["begun_by"]) for e in events(listener)] == [
        ("run_ended", "dev_etl.run_pipeline")
    ]
    sold.warehouse.run()
    assert {e["begun_by"] for e in events(listener)} == {"etl.run_pipeline"}
    assert sold.warehouse.value("SELECT count(*) FROM etl.problems") == 0
    assert sold.warehouse.value("SELECT count(*) FROM dev_etl.problems") > 0


def test_site_shows_the_tables_and_charts_of_the_environment(
    command: Command, beside_project: Path, tmp_path: Path
) -> None:
    file = beside_project / "sql/gold/daily_sales.sql"
    text = file.read_text()
    file.write_text(text.replace("sum(total_amount)", "-7000 * sum(total_amount)", 1))
    command.works("--env", "dev", "deploy")
    command.works("--env", "dev", "run")
    pages = {}
    for environment in ("main", "dev"):
        option = () if environment == "main" else ("--env", "dev")
        command.works(*option, "site", "--out", str(tmp_path / environment))
        pages[environment] = {
            path.relative_to(tmp_path / environment).as_posix(): path.read_text()
            for path in (tmp_path / environment).rglob("*.html")
        }
    assert not {name for name in pages["dev"] if "dev_" in name}
    tables = {name for name in pages["main"] if re.match(r"tables/(silver|gold)\.", name)}
    assert len(tables) > 10
    assert tables <= pages["dev"].keys()
    for name in tables:
        columns = [
            re.findall(r'<tr id="c-([a-z_]+)"', pages[environment][name])
            for environment in ("main", "dev")
        ]
        assert columns[0] == columns[1] != [], name
    assert "(dev)" in pages["dev"]["index.html"]
    assert "(dev)" not in pages["main"]["index.html"]
    charts = pages["dev"]["business.html"]
    assert "cannot be shown" not in charts
    assert charts != pages["main"]["business.html"]
    assert '<p class="figure">-' in charts
    assert '<p class="figure">-' not in pages["main"]["business.html"]


@pytest.mark.parametrize(
    "arguments", [("alert",), ("run", "--alert"), ("artifacts",)], ids=" ".join
)
def test_nobody_else_is_told(
    command: Command, beside_project: Path, arguments: tuple[str, ...]
) -> None:
    with (beside_project / "warehouse.yaml").open("a") as file:
        file.write('\nalerts: [{to: slack, url: "${SLACK_URL}"}]\n')
    said = command.fails(2, "--env", "dev", *arguments)
    assert "without --env is about the main deployment" in said


def test_values_of_masked_columns_are_in_no_problem(place: Place) -> None:
    place.write(
        "CREATE TABLE people (id int PRIMARY KEY, email text, age int, at timestamptz NOT NULL "
        "DEFAULT now())",
        "INSERT INTO people VALUES (1, 'a@example.com', 30), (2, 'b@example.com', 3)",
    )
    place.configure({"people": {"watermark": "at", "mask": {"email": "hash"}}})
    with (place.root / "warehouse.yaml").open("a") as file:
        file.write("\nenvironments:\n  dev: {schema_prefix: dev_}\n")
    (place.root / "sql/silver").mkdir(parents=True, exist_ok=True)
    (place.root / "sql/silver/clean_people.sql").write_text(
        "/*\ndescription: People.\ngrain: one person\nkey: id\nreject:\n"
        "  too young: age < 18\n*/\nSELECT id, email, age FROM bronze.raw_people\n"
    )
    (place.root / "sql/checks").mkdir(parents=True, exist_ok=True)
    (place.root / "sql/checks/none_is_old.sql").write_text(
        "-- layer: silver\n-- severity: warn\n-- scope: full\n-- None.\n"
        "SELECT id, email, email AS alias FROM silver.clean_people\n"
    )
    place.works("bootstrap", "contract", "deploy", "run", "--env dev deploy", "--env dev run")
    place.works("--env dev check")
    hashes = place.warehouse.column("SELECT email FROM bronze.raw_people")
    assert len(hashes) == 2
    problems = place.warehouse.rows("SELECT kind, p::text FROM dev_etl.problems AS p")
    assert {kind for kind, _ in problems} == {"check_warned", "rows_rejected"}
    rejected = next(text for kind, text in problems if kind == "rows_rejected")
    assert '""age"": 3' in rejected  # what is not masked is shown
    assert not [value for value in hashes if value in str(problems)]


def test_forgotten_row_leaves_what_was_told(sold: Beside) -> None:
    warehouse = sold.warehouse
    warehouse.execute(
        "INSERT INTO dev_etl.alert_channels (channel) VALUES ('x');"
        "INSERT INTO dev_etl.alerted_problems"
        " (channel, problem, kind, severity, subject, since, message)"
        " VALUES ('x', 'x', 'step_failed', 'error', 'x', now(), 'Key (full_name)=(Mona Lisa)')",
        role="owner",
    )
    warehouse.call("etl.forget('production.customers', '1')", role="owner")
    sold.run()
    assert warehouse.column("SELECT message FROM dev_etl.alerted_problems") == ["erased"]


def test_plan_shows_an_object_that_was_dropped_by_hand(sold: Beside) -> None:
    assert sold.deploy().is_empty
    sold.warehouse.execute("DROP ROUTINE dev_etl.abandon_run", role="owner")
    planned = sold.deploy()
    assert planned.changed == ["etl.abandon_run.sql"]
    assert sold.deploy().is_empty


def test_run_is_refused_if_postgresql_counts_no_rows(sold: Beside) -> None:
    warehouse = sold.warehouse
    warehouse.execute("ALTER ROLE warehouse_loader SET track_counts = off", role="admin")
    try:
        rename(warehouse, "Mona")
        warehouse.run()
        with failing("DW024", "track_counts is off"):
            warehouse.begin("dev_etl.run_pipeline()").result()
    finally:
        warehouse.execute("ALTER ROLE warehouse_loader RESET track_counts", role="admin")
    sold.run()
    assert sold.differences() == []


def test_pruning_keeps_the_versions_that_rules_of_the_environment_accept(
    sold: Beside, project: Path
) -> None:
    """Main's rules accept every version; dev accepts only those of Mona Lisa."""
    warehouse = sold.warehouse
    file = project / "sql/silver/clean_customers.sql"
    text = file.read_text()
    assert "reject:\n" in text
    file.write_text(text.replace("reject:\n", "reject:\n  another: full_name = 'Mona'\n", 1))
    sold.deploy(project)
    rename(warehouse, "Mona")
    warehouse.run()
    warehouse.call("etl.prune_bronze('0')", role="owner")
    sold.run()
    names = "SELECT full_name FROM {}silver.clean_customers WHERE customer_id = 1"
    assert warehouse.column(names.format("")) == ["Mona"]
    assert warehouse.column(names.format("dev_")) == ["Mona Lisa"]
