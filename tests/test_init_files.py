"""What `fdwarehouse init` writes beside warehouse.yaml, and what it asks in a terminal."""

import os
import pty
import re
import select
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest
import yaml

from tests.airflow_client import Airflow
from tests.command import Command
from tests.harness import Shop, Warehouse, wait_until

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

    def reads_on() -> bool:
        nonlocal seen
        with suppress(OSError):
            if select.select([terminal], [], [], 0)[0] and (read := os.read(terminal, 4096)):
                seen += read.decode()
                if waiting and re.search(waiting[0][0], seen.rpartition("\n")[2] or seen):
                    os.write(terminal, f"{waiting.pop(0)[1]}\n".encode())
                return False
        return os.waitpid(pid, os.WNOHANG)[0] == pid

    wait_until(reads_on)
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
    assert [*services] == ["dwh", "setup", "airflow"]
    assert services["setup"]["image"] == "my-shop"
    assert set(re.findall(r"\$\{(\w*PASSWORD)(.*?)\}", text)) == {
        (f"{name}_PASSWORD", ":?") for name in ("DWH", "WAREHOUSE_OWNER", "WAREHOUSE_ORCHESTRATOR")
    }
    assert "{" not in (begun / "Dockerfile").read_text()
    assert (begun / ".dockerignore").read_text().startswith(".env\n")


@pytest.mark.airflow
def test_the_dag_runs_and_a_failure_fails_it(
    begun: Path, shop: Shop, bootstrapped_warehouse: Warehouse, tmp_path: Path
) -> None:
    shop.execute("INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'A')")
    home = tmp_path / "airflow"
    home.mkdir()
    with closing(Airflow(home, begun / "orchestration/dags")) as airflow:
        assert airflow.dag["schedule"] == "@hourly"
        assert airflow.run(bootstrapped_warehouse)["state"] == "success"
        names = "SELECT full_name FROM silver.customers"
        assert bootstrapped_warehouse.column(names) == ["A"]
        shop.execute("ALTER TABLE customers DROP full_name")
        shop.execute("UPDATE customers SET email = 'd@e.f'")
        assert airflow.run(bootstrapped_warehouse)["state"] == "failed"
    runs = "SELECT status FROM etl.runs ORDER BY run_id"
    assert bootstrapped_warehouse.column(runs) == ["succeeded", "failed"]
