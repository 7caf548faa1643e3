"""What `fdwarehouse init` writes beside warehouse.yaml, and what it asks in a terminal."""

import os
import pty
import re
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest
import yaml
from psycopg.conninfo import make_conninfo

from fdwarehouse.terminal import asking
from tests.airflow_client import Airflow
from tests.command import Command
from tests.composed import composed, refused
from tests.harness import ROOT, Shop, Warehouse
from tests.test_monitoring import require_monitoring

Local = tuple[Command, Path]


def in_terminal(folder: Path, arguments: list[str], answers: list[tuple[str, str]]) -> str:
    """Run the command in a terminal, answer its questions in order, and return what it shows."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        program = str(Path(sys.executable).parent / "fdwarehouse")
        environment = {k: v for k, v in os.environ.items() if not k.endswith("_URL")}
        os.execve(program, [program, *arguments], environment)
    seen = ""
    waiting = list(answers)
    with suppress(OSError):  # it has ended
        while read := os.read(terminal, 4096):
            seen += read.decode(errors="replace")
            if waiting and re.search(waiting[0][0], seen.rpartition("\n")[2]):
                os.write(terminal, f"{waiting.pop(0)[1]}\n".encode())
    os.waitpid(pid, 0)
    os.close(terminal)
    assert not waiting, seen
    return seen


def test_init_asks_in_a_terminal_what_no_option_says(shop: Shop, tmp_path: Path) -> None:
    shop.execute("CREATE SCHEMA extra", "CREATE TABLE extra.t (id int PRIMARY KEY)")
    shop.execute("GRANT USAGE ON SCHEMA extra TO warehouse_reader")
    shop.execute("GRANT SELECT ON extra.t TO warehouse_reader")
    seen = in_terminal(
        tmp_path,
        ["init"],
        [
            ("not shown", shop.urls["reader"]),
            ("Schema", "extra"),
            ("Name of the project", "of_mine"),
            ("Mirror each table", "n"),
        ],
    )
    assert shop.urls["reader"] not in seen
    assert "schema public: 4 tables" in seen
    written = yaml.safe_load((tmp_path / "warehouse.yaml").read_text())
    assert written["project"] == "of_mine"
    source = written["sources"]["production"]
    assert (source["schema"], source["mirror"], [*source["tables"]]) == ("extra", False, ["t"])


def test_init_asks_again_for_a_connection_that_does_not_work(shop: Shop, tmp_path: Path) -> None:
    wrong = make_conninfo(shop.urls["reader"], password="not it")
    options = ["init", "--schema", "public", "--name", "x", "--mirror"]
    answers = [("not shown", wrong), ("not shown", "no string"), ("not shown", shop.urls["reader"])]
    seen = in_terminal(tmp_path, options, answers)
    assert "cannot connect to" in seen
    assert seen.count("Type it again, or only Enter to end.") == 2
    assert "not it" not in seen
    assert (tmp_path / "warehouse.yaml").exists()
    (tmp_path / "warehouse.yaml").unlink()
    seen = in_terminal(tmp_path, options, [("not shown", wrong), ("not shown", "")])
    assert "there is no connection to production" in seen


def test_the_question_for_a_secret_appears_when_the_terminal_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def answer(prompt: str = "", **_: object) -> str:
        asked.append(prompt)  # getpass shows it after it has discarded what was typed before
        return "secret"

    monkeypatch.setattr("getpass.getpass", answer)
    assert asking.ask_secret("Password") == "secret"
    assert asked == ["Password: "]


def test_init_asks_nothing_that_options_say(shop: Shop, tmp_path: Path) -> None:
    options = ["--url", shop.urls["reader"], "--schema", "public", "--name", "x", "--mirror"]
    assert "wrote" in in_terminal(tmp_path, ["init", *options], [])
    assert yaml.safe_load((tmp_path / "warehouse.yaml").read_text())["project"] == "x"


@pytest.fixture
def begun(command: Command, bootstrapped_warehouse: Warehouse, tmp_path: Path) -> Path:
    """A project that init has written without a terminal, deployed and empty."""
    command.use(bootstrapped_warehouse.environment)
    command.works("init", str(tmp_path), "--name", "My Shop")
    command.project(tmp_path)
    command("contract")
    command.works("deploy")
    return tmp_path


def test_without_a_terminal_the_defaults_count(begun: Path) -> None:
    source = yaml.safe_load((begun / "warehouse.yaml").read_text())["sources"]["production"]
    assert (source["schema"], source["mirror"]) == ("public", True)


def test_the_readme_names_the_next_commands(begun: Path) -> None:
    text = (begun / "README.md").read_text()
    assert text.startswith("# My Shop\n")
    commands = re.findall(r"^fdwarehouse (\w+)", text, re.MULTILINE)
    assert commands == ["contract", "deploy", "run"]
    for path in re.findall(r"^\| `([\w./-]+)` \|", text, re.MULTILINE):
        assert (begun / path).exists(), path


def test_the_compose_file_is_whole_and_has_no_password(begun: Path) -> None:
    text = (begun / "docker-compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    watching = ["postgres_exporter", "prometheus", "grafana"]
    assert [*services] == ["dwh", "setup", "airflow", *watching]
    assert services["setup"]["image"] == "my-shop"
    assert set(re.findall(r"\$\{(\w*PASSWORD)(.*?)\}", text)) == {
        (f"{name}_PASSWORD", ":?") for name in ROLES
    }
    assert "{" not in (begun / "Dockerfile").read_text()
    assert (begun / ".dockerignore").read_text().startswith(".env\n")


ROLES = ("DWH", "WAREHOUSE_OWNER", "WAREHOUSE_ORCHESTRATOR", "WAREHOUSE_MONITOR")
VARIABLES = {"PRODUCTION_URL": "postgresql://p/p"} | {f"{role}_PASSWORD": role for role in ROLES}


def test_compose_starts_monitoring_with_its_profile_and_needs_each_password(begun: Path) -> None:
    file = begun / "docker-compose.yaml"
    assert set(composed(file, VARIABLES)["services"]) == {"dwh", "setup", "airflow"}
    require_monitoring(composed(file, VARIABLES, "monitoring")["services"], begun / "monitoring")
    for missing in VARIABLES:
        given = {name: value for name, value in VARIABLES.items() if name != missing}
        assert missing in refused(file, given)


def test_files_for_monitoring_are_those_of_the_repository(begun: Path, command: Command) -> None:
    own, shared = begun / "monitoring", ROOT / "monitoring"
    assert {p.name for p in own.iterdir()} == {p.name for p in shared.iterdir()}
    assert [p for p in own.iterdir() if p.read_bytes() != (shared / p.name).read_bytes()] == []

    (own / "pgwatch.yaml").unlink()
    (own / "alert_rules.yaml").write_text("groups: []\n")
    said = command.works("new", "monitoring")
    assert "wrote monitoring/pgwatch.yaml" in said
    assert "monitoring/alert_rules.yaml exists" in said
    assert (own / "pgwatch.yaml").read_bytes() == (shared / "pgwatch.yaml").read_bytes()
    assert (own / "alert_rules.yaml").read_text() == "groups: []\n"
    for wrong, words in (("monitoring grafana", "have their names"), ("model", "name the model")):
        answer = command("new", *wrong.split())
        assert answer.exit_code == 2
        assert words in answer.err


@pytest.mark.airflow
def test_the_dag_runs_and_a_failure_fails_it_and_the_site_is_published_either_way(
    begun: Path,
    shop: Shop,
    bootstrapped_warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop.execute("INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'A')")
    site = tmp_path / "site"
    monkeypatch.setenv("FDWAREHOUSE_SITE", str(site))
    monkeypatch.setenv("FDWAREHOUSE_PROJECT", str(begun))
    monkeypatch.setenv("WAREHOUSE_URL", bootstrapped_warehouse.urls["owner"])
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    home = tmp_path / "airflow"
    home.mkdir()
    with closing(Airflow(home, begun / "orchestration/dags")) as airflow:
        assert airflow.dag["schedule"] == "@hourly"
        tasks = airflow.dag["tasks"]
        assert tasks["publish_site"]["upstream"] == ["finish_run", "start_run"]

        answer = airflow.run(bootstrapped_warehouse)
        assert (answer["state"], answer["tasks"]["publish_site"]) == ("success", "success")
        names = "SELECT full_name FROM silver.customers"
        assert bootstrapped_warehouse.column(names) == ["A"]
        assert "Run 1</a> succeeded" in (site / "index.html").read_text()
        written = "SELECT table_name FROM etl.tables WHERE kind <> 'view' ORDER BY table_name"
        assert answer["assets"] == bootstrapped_warehouse.column(written)

        shop.execute("ALTER TABLE customers DROP full_name")
        shop.execute("UPDATE customers SET email = 'd@e.f'")
        answer = airflow.run(bootstrapped_warehouse)
        assert (answer["state"], answer["tasks"]["publish_site"]) == ("failed", "success")
        assert answer["tries"]["extract_and_load_bronze"] == 1  # a permanent error
        assert "Run 2</a> failed" in (site / "index.html").read_text()
    runs = "SELECT status FROM etl.runs ORDER BY run_id"
    assert bootstrapped_warehouse.column(runs) == ["succeeded", "failed"]

    def places(schema: str, *tables: str) -> dict[str, str]:
        return {f"{schema}.{t}": f"postgres://dwh:5432/warehouse/{schema}/{t}" for t in tables}

    tables = ("customers", "order_items", "orders", "products")
    raw = [f"raw_{table}" for table in tables]
    bronze, silver, gold = (
        tasks[name] for name in ("extract_and_load_bronze", "build_silver", "build_gold")
    )
    assert (bronze["inlets"], bronze["outlets"]) == (
        places("production", *tables),
        places("bronze", *raw),
    )
    assert (silver["inlets"], silver["outlets"]) == (bronze["outlets"], places("silver", *tables))
    assert (gold["inlets"], gold["outlets"]) == (silver["outlets"], {})
