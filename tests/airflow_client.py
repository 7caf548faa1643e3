"""The tests' client of Airflow, which runs in its own process, see :mod:`tests.airflow_process`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from tests.harness import ROOT, Warehouse

DAGS = ROOT / "orchestration" / "dags"


class Airflow:
    """Airflow in its own process, with its own metadata database.

    Args:
        home: Its folder.
        dags: The folder of the DAGs.
    """

    def __init__(self, home: Path, dags: Path = DAGS) -> None:
        self._log = home / "airflow.log"
        environment = {name: value for name, value in os.environ.items() if "AIRFLOW" not in name}
        environment |= {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "WAREHOUSE_ASSETS": "postgres://dwh/warehouse",
        }
        answers, their_end = os.pipe()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.airflow_process", str(their_end)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[their_end],
                cwd=ROOT,
                env=environment,
            )
        os.close(their_end)
        self._answers = os.fdopen(answers, encoding="utf-8")
        self.dag = self._answer()

    @property
    def log(self) -> str:
        """What its tasks have logged so far."""
        return self._log.read_text(encoding="utf-8")

    def run(self, warehouse: Warehouse, *, dag: str = "warehouse", **conf: Any) -> dict[str, Any]:
        """Run a DAG on a warehouse and return its state, tasks, tries, sample and assets."""
        assert self._process.stdin
        request = {"connection": connection_of(warehouse), "dag": dag, "conf": conf}
        self._process.stdin.write(f"{json.dumps(request)}\n".encode())
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)
        self._answers.close()

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        assert line, self._log.read_text(encoding="utf-8")[-5000:]
        return dict(json.loads(line))


def connection_of(warehouse: Warehouse) -> dict[str, Any]:
    """Return the orchestrator's connection as Airflow reads it."""
    options = conninfo_to_dict(warehouse.urls["orchestrator"])
    return {
        "conn_type": "postgres",
        "host": options["host"],
        "port": int(str(options["port"])),
        "login": options["user"],
        "password": options["password"],
        "schema": options["dbname"],
    }
