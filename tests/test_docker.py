"""The compose file, and a warehouse between two containers of the official image.

Tests that need a Docker engine and the image postgres:18 are marked, and fail without them.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
import yaml
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.network import Network

from fdwarehouse.database.bootstrap import bootstrap_source, bootstrap_warehouse
from fdwarehouse.database.connections import Connections
from fdwarehouse.demo.seeding import seed
from tests.composed import composed
from tests.harness import ROOT, Shop, Warehouse

COMPOSE = ROOT / "docker-compose.yaml"
IMAGE = "postgres:18"


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


def default_services() -> dict[str, Any]:
    """The services that start without a profile; tests/test_monitoring.py has the others."""
    services = compose()["services"].items()
    return {name: service for name, service in services if "extends" not in service}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_compose_file_has_the_services_that_users_know() -> None:
    services = default_services()
    assert set(services) == {"production_db", "dwh", "setup", "airflow_orchestrator"}
    assert services["production_db"]["image"] == services["dwh"]["image"] == IMAGE
    assert services["airflow_orchestrator"]["ports"] == ["127.0.0.1:${AIRFLOW_PORT:-8000}:8080"]
    assert all("healthcheck" in service or name == "setup" for name, service in services.items())
    assert services["setup"]["depends_on"] == {
        "production_db": {"condition": "service_healthy"},
        "dwh": {"condition": "service_healthy"},
    }
    assert services["airflow_orchestrator"]["depends_on"] == {
        "setup": {"condition": "service_completed_successfully"}
    }


def test_databases_and_airflow_keep_their_data_in_named_volumes() -> None:
    content = compose()
    named = {
        name: [volume.split(":")[0] for volume in service.get("volumes", [])]
        for name, service in default_services().items()
    }
    assert named == {
        "production_db": ["production_data"],
        "dwh": ["dwh_data"],
        "setup": [],
        "airflow_orchestrator": ["airflow"],
    }
    assert set(content["volumes"]) == {"production_data", "dwh_data", "airflow", "prometheus"}


def test_g6_no_password_in_the_compose_file_is_fixed() -> None:
    for line in COMPOSE.read_text(encoding="utf-8").splitlines():
        if "PASSWORD" in line or "postgresql://" in line:
            assert line.lstrip().startswith("#") or "_PASSWORD:-" in line, line


def test_g6_airflow_has_the_orchestrators_password_and_no_other() -> None:
    environment = compose()["services"]["airflow_orchestrator"]["environment"]
    secrets = {name for name, value in environment.items() if "PASSWORD" in str(value)}
    assert secrets == {"AIRFLOW_CONN_WAREHOUSE"}
    assert "warehouse_orchestrator" in environment["AIRFLOW_CONN_WAREHOUSE"]


def test_compose_starts_the_services_of_each_profile() -> None:
    default = composed(COMPOSE, {})["services"]
    assert set(default) == set(default_services())
    watching = composed(COMPOSE, {}, "monitoring")["services"]
    assert set(watching) - set(default) == {"postgres_exporter", "prometheus", "grafana"}


@pytest.fixture
def containers() -> Iterator[Warehouse]:
    """A bootstrapped warehouse in one container, a seeded shop in another."""
    if not shutil.which("docker"):
        pytest.fail("these tests need Docker; `make test` leaves them out")
    if (image := run("docker", "image", "inspect", IMAGE)).returncode:
        pytest.fail(f"Docker, or its image {IMAGE}, is not there: {image.stderr.strip()}")
    testcontainers_config.ryuk_disabled = True  # the containers are removed here
    with ExitStack() as stack:
        network = stack.enter_context(Network())
        production, dwh = (
            stack.enter_context(
                PostgresContainer(IMAGE, dbname=database, password="secret", driver=None)
                .with_network(network)
                .with_network_aliases(alias)
            )
            for alias, database in (("production_db", "xyz_store"), ("dwh", "warehouse"))
        )
        admin = dwh.get_connection_url()
        roles = {
            role: admin.replace("test:", f"warehouse_{role}:", 1)
            for role in ("owner", "loader", "analyst", "orchestrator")
        }
        shop = Shop({"admin": production.get_connection_url()})
        # The address is valid on the warehouse's server, but not on this machine.
        shop.urls["reader"] = "postgresql://warehouse_reader:secret@production_db:5432/xyz_store"
        warehouse = stack.enter_context(closing(Warehouse(roles | {"admin": admin}, shop)))
        stack.enter_context(closing(shop))
        seed(shop.urls["admin"], ROOT / "production")
        passwords = {f"WAREHOUSE_{role}_PASSWORD".upper(): "secret" for role in roles}
        connections = Connections(ROOT, warehouse.environment | passwords)
        assert [*bootstrap_warehouse(connections), *bootstrap_source(connections, "production")]
        yield warehouse


@pytest.mark.docker
def test_warehouse_runs_between_two_containers(containers: Warehouse) -> None:
    warehouse, shop = containers, containers.shop

    warehouse.deploy()
    warehouse.run()

    assert warehouse.rows("SELECT count(*), sum(total_amount) FROM gold.fact_sales") == shop.rows(
        "SELECT count(*), sum(quantity * unit_price) FROM order_items"
    )
    assert warehouse.value("SELECT DISTINCT kind FROM etl.fences") == "activity"

    before = warehouse.row_versions()
    warehouse.run()
    assert warehouse.row_versions() == before
