"""Airflow publishes the site, where a folder is configured for it."""

import os
import sys
from pathlib import Path

import pytest

from tests.airflow_client import Airflow
from tests.harness import ROOT, Warehouse

pytestmark = pytest.mark.airflow


def test_the_site_is_published_whether_a_run_succeeds_or_fails(
    seeded_warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    monkeypatch.setenv("FDWAREHOUSE_SITE", str(site))
    monkeypatch.setenv("FDWAREHOUSE_PROJECT", str(ROOT))
    monkeypatch.setenv("WAREHOUSE_URL", seeded_warehouse.urls["owner"])
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    airflow = Airflow(tmp_path)
    try:
        assert airflow.dag["tasks"]["publish_site"]["upstream"] == ["finish_run", "start_run"]
        answer = airflow.run(seeded_warehouse)
        assert (answer["state"], answer["tasks"]["publish_site"]) == ("success", "success")
        assert "Run 1</a> succeeded" in (site / "index.html").read_text()

        seeded_warehouse.execute("ALTER TABLE gold.daily_sales RENAME TO gone", role="admin")
        answer = airflow.run(seeded_warehouse)
        assert (answer["state"], answer["tasks"]["publish_site"]) == ("failed", "success")
        assert "Run 2</a> failed" in (site / "index.html").read_text()
    finally:
        airflow.close()
