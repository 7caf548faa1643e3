"""Airflow tells the channels of warehouse.yaml, where that is wanted."""

import os
import sys
from pathlib import Path

import pytest

from tests.airflow_client import Airflow
from tests.harness import Warehouse
from tests.receivers import HOOK, configure, web_server

pytestmark = pytest.mark.airflow


def test_channels_are_told_of_a_run_that_fails_and_of_its_recovery(
    seeded_warehouse: Warehouse, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(project, HOOK)
    gone = "ALTER TABLE gold.{} RENAME TO {}"
    with web_server() as web:
        monkeypatch.setenv("FDWAREHOUSE_ALERT", "1")
        monkeypatch.setenv("FDWAREHOUSE_PROJECT", str(project))
        monkeypatch.setenv("WAREHOUSE_URL", seeded_warehouse.urls["orchestrator"])
        monkeypatch.setenv("HOOK_URL", web.url)
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        airflow = Airflow(tmp_path)
        try:
            seeded_warehouse.execute(gone.format("daily_sales", "gone"), role="admin")
            answer = airflow.run(seeded_warehouse)
            assert (answer["state"], answer["tasks"]["send_alerts"]) == ("failed", "success")
            (told,) = web.taken()
            assert "run_failed:pipeline" in [problem["problem"] for problem in told["new"]]

            seeded_warehouse.execute(gone.format("gone", "daily_sales"), role="admin")
            answer = airflow.run(seeded_warehouse)
            assert (answer["state"], answer["tasks"]["send_alerts"]) == ("success", "success")
            (told,) = web.taken()
            assert "run_failed:pipeline" in [problem["problem"] for problem in told["over"]]
        finally:
            airflow.close()
