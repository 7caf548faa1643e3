"""Wrong connections and missing privileges: the cause and a hint are shown, nothing changes."""

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.command import Command
from tests.harness import Database, Warehouse
from tests.servers import Servers
from tests.test_models import sell

SECRET = "pa55word"
# What is wrong with the connection, and the reported cause.
CONNECTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "unreachable host": ({"host": "no.such.host.invalid"}, "could not translate host name"),
    "wrong port": ({"port": 1}, "Connection refused"),
    "wrong password": ({"password": SECRET}, "password authentication failed"),
    "wrong user": ({"user": "nobody"}, "password authentication failed"),
    "no such database": ({"dbname": "nowhere"}, 'database "nowhere" does not exist'),
}
RIGHTS = {
    "no SELECT on a table": (
        "REVOKE SELECT ON orders FROM warehouse_reader",
        "orders",
        "permission denied for table orders",
    ),
    "no USAGE on the schema": (
        "REVOKE USAGE ON SCHEMA public FROM warehouse_reader, public",
        "",
        "permission denied for schema public",
    ),
}


def state(warehouse: Warehouse) -> dict[str, Any]:
    """Return all that a deploy or a run could change, except the log of runs."""
    catalogue = """
        SELECT array_agg(c.oid::regclass::text ORDER BY c.oid) FROM pg_class AS c
        WHERE relnamespace::regnamespace::text !~ '^pg_|information_schema'
        UNION ALL SELECT array_agg(srvname || srvoptions::text) FROM pg_foreign_server
    """
    return {"objects": warehouse.rows(catalogue), "rows": warehouse.row_versions()}


def state_of_orders(warehouse: Warehouse) -> list[Any]:
    """Return the rows of orders, and of the tables downstream."""
    rows = warehouse.row_versions()
    return [rows[t] for t in ("bronze.raw_orders", "silver.clean_orders", "gold.fact_sales")]


@pytest.mark.parametrize("problem", CONNECTIONS)
def test_g7_deploy_and_contract_tell_why_production_cannot_be_reached(
    command: Command, bootstrapped_warehouse: Warehouse, problem: str
) -> None:
    options, cause = CONNECTIONS[problem]
    environment = bootstrapped_warehouse.environment
    url = make_conninfo(environment["PRODUCTION_URL"], **options)
    command.use(environment | {"PRODUCTION_URL": url})
    command.secrets.add(SECRET)
    before = state(bootstrapped_warehouse)
    for exit_code, name in ((1, "deploy"), (2, "contract")):
        said = command.fails(exit_code, name)
        assert cause in said
        assert "production" in said.splitlines()[0]
        assert "PRODUCTION_URL" in said.splitlines()[-1]
    assert state(bootstrapped_warehouse) == before


@pytest.mark.parametrize("problem", CONNECTIONS)
def test_g4_run_tells_why_production_cannot_be_reached(
    command: Command, warehouse: Warehouse, problem: str
) -> None:
    sell(warehouse.shop, 1)
    warehouse.run()
    sell(warehouse.shop, 2)
    options, cause = CONNECTIONS[problem]
    for name, value in options.items():
        on = "USER MAPPING FOR warehouse_owner" if name in ("user", "password") else ""
        warehouse.execute(f"ALTER {on} SERVER production OPTIONS (SET {name} '{value}')")
    command.use({"WAREHOUSE_URL": warehouse.urls["owner"]})
    command.secrets.add(SECRET)
    before = state(warehouse)
    said = command.fails(1, "run")
    assert "production.fence: " in said.splitlines()[0]
    assert cause in said
    assert "PRODUCTION_URL" in said.splitlines()[-1]
    assert state(warehouse) == before
    assert cause in warehouse.value("SELECT error FROM etl.runs ORDER BY run_id DESC LIMIT 1")
    assert SECRET not in str(warehouse.rows("SELECT * FROM etl.steps"))


@pytest.mark.parametrize("problem", RIGHTS)
def test_g6_deploy_and_run_name_the_table_and_who_grants_the_right(
    command: Command, warehouse: Warehouse, bootstrapped_warehouse: Warehouse, problem: str
) -> None:
    statement, table, cause = RIGHTS[problem]
    sell(warehouse.shop, 1)
    warehouse.run()
    sell(warehouse.shop, 2)
    warehouse.shop.execute(statement)
    before = state_of_orders(warehouse), state(bootstrapped_warehouse)
    command.use(bootstrapped_warehouse.environment)
    for exit_code, name in ((1, "deploy"), (2, "contract")):
        said = command.fails(exit_code, name)
        *problems, hint = said.splitlines()
        is_one_of_several = problems[0].endswith("problems:")
        assert f".{table}" in problems[1 if is_one_of_several else 0]
        assert cause in said
        assert "bootstrap --side production" in (problems[2] if is_one_of_several else hint)
    command.use(warehouse.environment)
    said = command.fails(1, "run")
    assert f"bronze.raw_{table}" in said.splitlines()[0]
    assert cause in said
    assert "bootstrap --side production" in said.splitlines()[-1]
    # tables that cannot be read, and those downstream, are unchanged
    assert (state_of_orders(warehouse), state(bootstrapped_warehouse)) == before


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        ("REVOKE CREATE ON DATABASE {} FROM warehouse_owner", "permission denied for database"),
        (
            "REVOKE USAGE ON FOREIGN DATA WRAPPER postgres_fdw FROM warehouse_owner",
            "permission denied for foreign-data wrapper",
        ),
        ("DROP EXTENSION postgres_fdw", 'foreign-data wrapper "postgres_fdw" does not exist'),
    ],
)
def test_g6_owner_without_rights_is_told_of_bootstrap(
    command: Command, bootstrapped_warehouse: Warehouse, statement: str, cause: str
) -> None:
    name = bootstrapped_warehouse.name
    bootstrapped_warehouse.execute(statement.format(name), role="admin")
    before = state(bootstrapped_warehouse)
    command.use(bootstrapped_warehouse.environment)
    for exit_code, asked in ((1, "deploy"), (2, "contract")):
        said = command.fails(exit_code, asked)
        assert cause in said
        assert "`fdwarehouse bootstrap" in said.splitlines()[-1]
    assert state(bootstrapped_warehouse) == before
    command.works("bootstrap", "--side", "warehouse")
    command.works("deploy")


@pytest.mark.parametrize("asked", ["run", "check", "reconcile", "rebuild"])
def test_warehouse_that_is_not_there_yet_is_told(
    command: Command, bootstrapped_warehouse: Warehouse, asked: str
) -> None:
    command.use(bootstrapped_warehouse.environment)
    said = command.fails(2, asked)
    assert "nothing is deployed" in said
    assert "`fdwarehouse deploy`" in said


def test_fence_without_sight_of_others_falls_back_to_a_margin_and_says_so(
    command: Command, warehouse: Warehouse
) -> None:
    sell(warehouse.shop, 1)
    warehouse.shop.execute("DROP VIEW fdwarehouse.fence")
    with psycopg.connect(warehouse.shop.urls["admin"]):  # a role whose session is hidden
        command.use(warehouse.environment)
        command.works("run")
    assert warehouse.fence(1)["kind"] == "lookback"
    said = command.works("status")
    assert "fence of kind lookback" in said
    assert "`fdwarehouse bootstrap --side production` creates it" in said.replace("\n", " ")


def test_role_that_bootstrap_makes_is_missing(
    command: Command, bootstrapped_warehouse: Warehouse, servers: Servers
) -> None:
    command.secrets.add(SECRET)
    url = make_conninfo(bootstrapped_warehouse.urls["owner"], user="nobody", password=SECRET)
    command.use(bootstrapped_warehouse.environment | {"WAREHOUSE_URL": url})
    for asked in ("deploy", "contract", "run", "status"):
        said = command.fails(2, asked)
        assert "`fdwarehouse bootstrap` creates the roles" in said
    name = servers.create_database("warehouse", "bare")
    bare = Database({role: servers.url("warehouse", role, name) for role in ("owner", "admin")})
    command.use(bootstrapped_warehouse.environment | {"WAREHOUSE_URL": bare.urls["owner"]})
    assert "`fdwarehouse bootstrap" in command.fails(1, "deploy")
    bare.close()
