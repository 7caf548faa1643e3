"""`fdwarehouse airflow`: Airflow with its UI on this machine."""

import http.client
import json
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from fdwarehouse.database.connections import Connections
from fdwarehouse.demo.airflow_standalone import airflow_connection, airflow_environment, run_airflow
from fdwarehouse.errors import FdwarehouseError
from tests.harness import ROOT, Warehouse, wait_until
from tests.servers import Servers

pytestmark = pytest.mark.airflow


@pytest.fixture
def connections(servers: Servers, warehouse: Warehouse) -> Connections:
    password = {"WAREHOUSE_ORCHESTRATOR_PASSWORD": servers.passwords["warehouse_orchestrator"]}
    return Connections(ROOT, warehouse.environment | password)


@pytest.fixture
def anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the state out of the project."""
    monkeypatch.setattr(Connections, "state_dir", tmp_path)


@pytest.mark.usefixtures("anywhere")
def test_g6_airflow_gets_the_orchestrators_connection_and_no_other(
    connections: Connections, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in warehouse.environment.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(f"PROD_{name}", value)
    environment = airflow_environment(connections, 8123)
    assert json.loads(environment["AIRFLOW_CONN_WAREHOUSE"])["login"] == "warehouse_orchestrator"
    assert not [name for name in environment if name.endswith(tuple(warehouse.environment))]
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__PORT"] == "8123"


@pytest.mark.usefixtures("anywhere")
def test_tasks_find_the_project_and_the_warehouse_only_where_a_task_needs_it(
    connections: Connections, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in warehouse.environment.items():
        monkeypatch.setenv(name, value)
    assert airflow_environment(connections)["FDWAREHOUSE_PROJECT"] == str(ROOT)
    for name in ("FDWAREHOUSE_SITE", "FDWAREHOUSE_ALERT"):
        with monkeypatch.context() as wanted:
            wanted.setenv(name, "1")
            given = airflow_environment(connections).keys() & warehouse.environment.keys()
        assert given == {"WAREHOUSE_URL"}


def test_options_of_the_warehouses_url_reach_airflow(
    connections: Connections, warehouse: Warehouse
) -> None:
    url = make_conninfo(warehouse.urls["owner"], sslmode="prefer")
    environment = {**connections._environment, "WAREHOUSE_URL": url}
    connection = json.loads(airflow_connection(Connections(ROOT, environment)))
    assert (connection["conn_type"], connection["schema"]) == ("postgres", warehouse.name)
    assert connection["extra"] == {"sslmode": "prefer"}


def test_airflow_without_a_warehouse_says_what_to_run(
    servers: Servers, bootstrapped_warehouse: Warehouse
) -> None:
    password = {"WAREHOUSE_ORCHESTRATOR_PASSWORD": servers.passwords["warehouse_orchestrator"]}
    connections = Connections(ROOT, bootstrapped_warehouse.environment | password)
    with pytest.raises(FdwarehouseError, match="nothing is deployed") as error:
        airflow_connection(connections)
    assert "fdwarehouse demo" in str(error.value.hint)


def test_airflow_without_the_orchestrators_password_says_where_to_put_it(
    warehouse: Warehouse,
) -> None:
    with pytest.raises(FdwarehouseError, match="password of warehouse_orchestrator") as error:
        airflow_connection(Connections(ROOT, warehouse.environment))
    assert "WAREHOUSE_ORCHESTRATOR_PASSWORD" in str(error.value.hint)


@pytest.mark.usefixtures("anywhere")
def test_port_that_is_taken_is_named(connections: Connections) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(FdwarehouseError, match=f"port {port}") as error:
            run_airflow(connections, port=port)
    assert "--port" in str(error.value.hint)


def test_airflow_that_is_not_installed_is_said_to_be_missing(
    connections: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(FdwarehouseError, match="Airflow is not installed") as error:
        run_airflow(connections)
    assert "make setup" in str(error.value.hint)


def test_project_without_dags_is_told_so(connections: Connections, project: Path) -> None:
    with pytest.raises(FdwarehouseError, match="no DAGs"):
        airflow_environment(Connections(project, connections._environment))


RUN = """
import sys
from pathlib import Path

from fdwarehouse.demo import airflow_standalone
from fdwarehouse.database.connections import Connections

made = airflow_standalone.airflow_environment


def with_programs_first(connections, port):
    environment = made(connections, port)
    return environment | {"PATH": sys.argv[4] + ":" + environment["PATH"]}


airflow_standalone.airflow_environment = with_programs_first
Connections.state_dir = Path(sys.argv[1])
sys.stdout.reconfigure(line_buffering=True)
airflow_standalone.run_airflow(Connections(Path(sys.argv[2])), port=int(sys.argv[3]))
"""
SLOW_API = """#!/bin/sh
if [ "$1" = api-server ]; then sleep {seconds}; fi
exec {airflow} "$@"
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seconds", [0, 60])  # that the API starts later than the scheduler
def test_airflow_serves_its_ui_runs_the_dag_and_ends_on_ctrl_c(
    servers: Servers, seeded_warehouse: Warehouse, tmp_path: Path, seconds: int
) -> None:
    warehouse = seeded_warehouse
    program = tmp_path / "bin" / "airflow"
    program.parent.mkdir()
    real = Path(sys.executable).parent / "airflow"
    program.write_text(SLOW_API.format(seconds=seconds, airflow=real))
    program.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [sys.executable, "-c", RUN, str(tmp_path), str(ROOT), str(port)]
    arguments.append(str(program.parent))
    password = {"WAREHOUSE_ORCHESTRATOR_PASSWORD": servers.passwords["warehouse_orchestrator"]}
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, env=warehouse.environment | password
    ) as airflow:
        assert airflow.stdout
        try:
            assert "Starting Airflow" in airflow.stdout.readline()
            assert f"http://127.0.0.1:{port}/dags/warehouse" in airflow.stdout.readline()
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as ui:
                ui.request("GET", "/dags/warehouse")
                assert ui.getresponse().status == 200
            # It is not triggered: it is not paused, and this hour is due.
            runs = "SELECT status FROM etl.runs"
            wait_until(lambda: "succeeded" in warehouse.column(runs), 180)
            assert warehouse.value("SELECT count(*) FROM gold.fact_sales") > 0
            with closing(sqlite3.connect(tmp_path / "airflow" / "airflow.db")) as airflows_own:
                tries = "SELECT task_id, state, try_number FROM task_instance WHERE try_number > 1"
                assert airflows_own.execute(tries).fetchall() == []
        finally:
            airflow.send_signal(signal.SIGINT)
            assert airflow.wait(60) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
