"""Airflow on this machine, with its UI, for demos and development: ``airflow standalone``.

All files of Airflow (its SQLite database, logs, generated secrets) are in the state folder of the
project. The UI listens only on 127.0.0.1 and needs no password: every user of this machine may use
it.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fdwarehouse.database.connections import Connections, connect, variable
from fdwarehouse.database.running import require_deployed
from fdwarehouse.errors import FdwarehouseError

HOST = "127.0.0.1"
PORT = 8080
ORCHESTRATOR = "warehouse_orchestrator"

_START_SECONDS = 300
_STOP_SECONDS = 30
_ENDS = (signal.SIGINT, signal.SIGTERM)
_NEED_WAREHOUSE = ("FDWAREHOUSE_SITE", "FDWAREHOUSE_ALERT")
_PARTS = ("metadatabase", "scheduler", "dag_processor")


def run_airflow(
    connections: Connections, *, port: int = PORT, say: Callable[[str], None] = print
) -> None:
    """Run Airflow with the project's DAGs until Ctrl-C or SIGTERM, and show the URL of its UI.

    Args:
        connections: of the project; the embedded servers are started if they are used.
        port: TCP port of the UI on 127.0.0.1.
        say: called with each line for the user.

    Raises:
        FdwarehouseError: Airflow is not installed, the project has no DAGs, there is no warehouse
            to run yet, the port is in use, or Airflow does not start, or ends unexpectedly.
    """
    program = _find_airflow()
    home = connections.state_dir / "airflow"
    environment = airflow_environment(connections, port)
    _require_free(port)
    home.mkdir(parents=True, exist_ok=True)
    log = home / "airflow.log"
    say(f"Starting Airflow, which takes half a minute. Its log is {log}")
    with (
        log.open("wb") as output,
        _until_interrupted(),
        _stopped_at_the_end(
            subprocess.Popen(
                [program, "standalone"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches only this process, which ends the others
            ),
            say,
        ) as process,
    ):
        _wait_until_ready(process, port, log)
        say(
            f"Airflow is at http://{HOST}:{port}/dags/warehouse (no password). The DAG runs hourly,"
        )
        say("and when you press Trigger. Ctrl-C stops Airflow; the servers keep running.")
        process.wait()
        raise FdwarehouseError("Airflow has ended unexpectedly", hint=f"See {log}", exit_code=1)


def airflow_environment(connections: Connections, port: int = PORT) -> dict[str, str]:
    """Return the environment in which Airflow finds the project's DAGs and its warehouse.

    Args:
        connections: of the project.
        port: TCP port of the UI on 127.0.0.1.

    Raises:
        FdwarehouseError: the project has no DAGs, or there is no warehouse to run yet.
    """
    dags = connections.root / "orchestration" / "dags"
    if not dags.is_dir():
        raise FdwarehouseError(
            f"the project has no DAGs: {dags} is missing",
            hint="Airflow runs what is in orchestration/dags of the project.",
        )
    secrets = tuple(  # of every environment: DEV_WAREHOUSE_URL too
        variable(name, admin=admin)
        for name in ("warehouse", *connections.config.sources)
        for admin in (False, True)
        # The tasks that publish the site and tell of problems need the warehouse's.
        if admin or name != "warehouse" or not any(map(os.environ.get, _NEED_WAREHOUSE))
    )
    inherited = {n: value for n, value in os.environ.items() if not n.endswith(secrets)}
    programs = str(Path(sys.executable).parent)
    url = f"http://{HOST}:{port}"
    return inherited | {
        "FDWAREHOUSE_PROJECT": str(connections.root.resolve()),
        "AIRFLOW_HOME": str(connections.state_dir / "airflow"),
        "AIRFLOW_CONN_WAREHOUSE": airflow_connection(connections),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",  # for SQLite, and the memory of a laptop
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        # The scheduler starts together with the API, which tasks need to begin and to end: the
        # first tasks wait for it, if necessary for minutes.
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "60",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "5",
        "NO_PROXY": ",".join(filter(None, (HOST, inherited.get("NO_PROXY")))),
        "PATH": os.pathsep.join((programs, inherited.get("PATH", os.defpath))),
    }


def airflow_connection(connections: Connections) -> str:
    """Return Airflow's connection `warehouse` as JSON, after checking that it works.

    Args:
        connections: of the project; AIRFLOW_CONN_WAREHOUSE, if set, is used unchanged.

    Raises:
        FdwarehouseError: the orchestrator cannot connect, or nothing is deployed.
    """
    if given := os.environ.get("AIRFLOW_CONN_WAREHOUSE"):
        return given
    owner = connections.warehouse()
    password = connections.password(ORCHESTRATOR)
    if password is None:
        raise FdwarehouseError(
            f"the password of {ORCHESTRATOR} is not known",
            hint=f"Set {ORCHESTRATOR.upper()}_PASSWORD, here and for `fdwarehouse bootstrap`.",
        )
    url = make_conninfo(owner, user=ORCHESTRATOR, password=password)
    try:
        with connect(url) as warehouse:
            require_deployed(warehouse)
    except FdwarehouseError as error:
        error.hint = "`fdwarehouse demo` sets up everything. In steps: seed, bootstrap, deploy."
        raise
    options = {name: value for name, value in conninfo_to_dict(url).items() if value is not None}
    known = {"host": "host", "port": "port", "login": "user", "password": "password"}
    connection = {field: options.pop(name, None) for field, name in known.items()}
    connection |= {"conn_type": "postgres", "schema": options.pop("dbname", None)}
    return json.dumps(connection | {"extra": options})


def _find_airflow() -> Path:
    program = Path(sys.executable).parent / "airflow"
    if not program.exists():
        raise FdwarehouseError(
            f"Airflow is not installed in {sys.prefix}",
            hint="In this repository `make setup` installs it; elsewhere: "
            "pip install 'fdwarehouse[airflow]'.",
        )
    return program


def _require_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise FdwarehouseError(
                f"port {port} cannot be used: {error.strerror}",
                hint="Choose another one with --port.",
            ) from error


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise FdwarehouseError(
                "Airflow does not start: " + "; ".join(lines[-3:]),
                hint=f"See {log}",
                exit_code=1,
            )
        time.sleep(0.5)


def _is_ready(port: int) -> bool:
    """Ask Airflow whether its components are healthy, bypassing proxies of the environment."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/api/v2/monitor/health")
        health: Mapping[str, Mapping[str, str]] = json.load(connection.getresponse())
        return all(health[part]["status"] == "healthy" for part in _PARTS)
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False
    finally:
        connection.close()


@contextmanager
def _until_interrupted() -> Iterator[None]:
    """Leave the block on SIGINT and SIGTERM, also in the background, where SIGINT is ignored."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, interrupt) for number in _ENDS}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _stopped_at_the_end(
    process: subprocess.Popen[bytes], say: Callable[[str], None]
) -> Iterator[subprocess.Popen[bytes]]:
    """Stop Airflow and the processes that it has started."""
    try:
        yield process
    finally:
        say("Stopping Airflow")
        process.send_signal(signal.SIGINT)  # on SIGTERM it would leave its children running
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):  # or a second Ctrl-C
            process.wait(_STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
