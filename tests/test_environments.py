"""Environments by name: `--env dev` works with the connections of that environment alone."""

import pytest

from fdwarehouse.database.connections import Connections
from fdwarehouse.errors import FdwarehouseError
from tests.command import Command
from tests.harness import Warehouse


def test_env_takes_the_connections_of_that_environment(
    command: Command, bootstrapped_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = bootstrapped_warehouse.environment
    nowhere = dict.fromkeys(here, "postgresql://nobody:x@127.0.0.1:1/nowhere")
    command.use(nowhere | {f"DEV_{name}": url for name, url in here.items()})
    command.works("--env", "dev", "deploy")
    assert bootstrapped_warehouse.value("SELECT count(*) FROM etl.pipeline_steps") > 0
    command.works("--env", "DEV", "run")
    assert bootstrapped_warehouse.value("SELECT status FROM etl.runs") == "succeeded"
    assert "127.0.0.1, database nowhere" in command.fails(2, "run")
    monkeypatch.setenv("FDWAREHOUSE_ENV", "dev")
    assert command.works("deploy") == "Nothing to change.\n"


def test_env_falls_back_to_no_other_connection(command: Command, warehouse: Warehouse) -> None:
    command.use(warehouse.environment)
    said = command.fails(2, "--env", "prod", "run")
    assert said.startswith("Error: PROD_WAREHOUSE_URL is not set\n")
    command.use(warehouse.environment | {"PROD_WAREHOUSE_URL": warehouse.urls["owner"]})
    assert "PROD_PRODUCTION_URL is not set" in command.fails(2, "--env", "prod", "contract")
    command.use({})
    assert "PROD_WAREHOUSE_URL is not set" in command.fails(2, "--env", "prod", "status")


def test_malformed_connection_of_an_environment_is_named(command: Command) -> None:
    command.use({"CI_WAREHOUSE_URL": "host=x y"})
    assert "CI_WAREHOUSE_URL is not a PostgreSQL" in command.fails(2, "--env", "ci", "status")


def test_bootstrap_names_the_variable_of_the_environment(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    urls = bootstrapped_warehouse.urls
    command.use({"CI_WAREHOUSE_URL": urls["loader"], "CI_WAREHOUSE_ADMIN_URL": urls["admin"]})
    said = command.fails(2, "--env", "ci", "bootstrap", "--side", "warehouse")
    assert said.startswith("Error: CI_WAREHOUSE_URL logs in as warehouse_loader")


def test_environment_has_passwords_of_its_own() -> None:
    given = {
        "WAREHOUSE_URL": "x",
        "WAREHOUSE_LOADER_PASSWORD": "a",
        "CI_WAREHOUSE_LOADER_PASSWORD": "b",
    }
    connections = Connections(environment=given)
    assert connections.of("ci").password("warehouse_loader") == "b"
    assert connections.of("dev").password("warehouse_loader") is None


@pytest.mark.parametrize("name", ["", "my-dev", "1st", "dev; DROP"])
def test_name_that_cannot_begin_a_variable_is_refused(name: str) -> None:
    with pytest.raises(FdwarehouseError, match="no name of an environment"):
        Connections(deployment=name)
