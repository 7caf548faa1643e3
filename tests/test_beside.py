"""An environment beside the main deployment has its own silver and gold, and no bronze."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdwarehouse.database.comparing.environments import Environment, begin, compare_environments
from fdwarehouse.database.connections import connect
from fdwarehouse.database.deployment import deploy
from fdwarehouse.database.deployment_plan import Plan
from fdwarehouse.database.prefixed import prefixed_url
from fdwarehouse.demo.seeding import make_changes
from fdwarehouse.rendering.render import render_project
from tests.command import Command
from tests.harness import ROOT, Warehouse, failing
from tests.shop_database import PRODUCTION
from tests.test_models import sell
from tests.test_rebuild import WRITES, Day, days, write

MAIN = ("etl", "bronze", "silver", "gold", "production")
_OBJECTS = {
    "pg_namespace": "oid",
    "pg_proc": "pronamespace",
    "pg_type": "typnamespace",
    "pg_constraint": "connamespace",
}


class Beside:
    """The environment dev of a project, beside a warehouse."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.url = prefixed_url(warehouse.urls["owner"], "dev_")

    def deploy(self, root: Path = ROOT) -> Plan:
        return deploy(render_project(root, prefix="dev_"), self.url, {})

    def run(self) -> None:
        self.warehouse.call("dev_etl.run_pipeline()")

    def full_steps(self) -> set[bool]:
        """Whether steps of the last run were full refreshes."""
        return {
            *self.warehouse.column(
                "SELECT since_run_id = 0 FROM dev_etl.steps "
                "WHERE run_id = (SELECT max(run_id) FROM dev_etl.runs)"
            )
        }

    def differences(self) -> list[str]:
        """Name the tables in which the environment differs from the main deployment."""
        with ExitStack() as stack:
            both = []
            for url in (self.warehouse.urls["owner"], self.url):
                connection = stack.enter_context(connect(url))
                begin(connection)
                tables = connection.execute(
                    "SELECT model FROM etl.pipeline_steps WHERE layer IN ('silver', 'gold')"
                ).fetchall()
                both.append(Environment(url, connection, [name for (name,) in tables]))
            assert len(both[0].tables) == len(both[1].tables) > 10
            definitions = render_project(ROOT).definitions
            return [
                t.name for t in compare_environments(both[0], both[1], definitions, rows=1) if t
            ]


def state_of_main(warehouse: Warehouse) -> list[Any]:
    """Everything that belongs to the main deployment, with the versions of rows and of objects."""
    catalogue = [
        warehouse.rows(
            f"SELECT * FROM (SELECT t.oid, t.xmin::text, md5(t::text) FROM {table} AS t WHERE "
            f"{schema} IN (SELECT oid FROM pg_namespace WHERE nspname = ANY(%s))) AS x ORDER BY 1",
            [list(MAIN)],
        )
        for table, schema in _OBJECTS.items()
    ]
    relations = warehouse.rows(
        "SELECT oid, xmin::text, relname, relacl::text, relfilenode, reloptions::text "
        "FROM pg_class WHERE relnamespace IN "
        "(SELECT oid FROM pg_namespace WHERE nspname = ANY(%s)) ORDER BY 1",
        [list(MAIN)],
    )
    return [catalogue, relations, warehouse.dump(*MAIN[:4]), warehouse.row_versions(*MAIN[:4])]


@pytest.fixture
def dev(warehouse: Warehouse) -> Beside:
    beside = Beside(warehouse)
    beside.deploy()
    return beside


@pytest.fixture
def beside_project(command: Command, project: Path, seeded_warehouse: Warehouse) -> Path:
    """The command in the shop, whose environment dev is not deployed yet."""
    command.use(seeded_warehouse.environment)
    command.project(project)
    with (project / "warehouse.yaml").open("a") as file:
        file.write("\nenvironments:\n  dev: {schema_prefix: dev_}\n")
    seeded_warehouse.run()
    return project


def test_nothing_of_the_main_deployment_changes(seeded_warehouse: Warehouse) -> None:
    seeded_warehouse.run()
    before = state_of_main(seeded_warehouse)
    dev = Beside(seeded_warehouse)
    dev.deploy()
    dev.run()
    seeded_warehouse.call("dev_etl.rebuild()")
    dev.deploy()
    assert dev.differences() == []
    assert state_of_main(seeded_warehouse) == before
    make_changes(seeded_warehouse.shop.urls["admin"], PRODUCTION, changes=30)
    seeded_warehouse.run()
    before = state_of_main(seeded_warehouse)
    dev.run()
    seeded_warehouse.execute("DROP SCHEMA dev_gold, dev_silver, dev_etl CASCADE", role="owner")
    assert state_of_main(seeded_warehouse) == before
    assert not seeded_warehouse.rows("SELECT FROM pg_namespace WHERE nspname ~ '^dev_'")


def test_command_works_beside(command: Command, beside_project: Path) -> None:
    assert "`fdwarehouse --env NAME deploy` creates it" in command.fails(2, "--env", "dev", "run")
    assert "Deployed." in command.works("--env", "dev", "deploy")
    assert "nothing is deployed" not in command.works("--env", "DEV", "status")
    assert command.works("--env", "dev", "deploy") == "Nothing to change.\n"
    assert "Nothing to change" in command.works("--env", "dev", "deploy", "--plan")
    assert command.works("deploy") == "Nothing to change.\n"
    told = command.works("--env", "dev", "run")
    assert "silver.clean_orders" in told
    assert "dev_" not in told
    assert command.works("diff", "default", "dev").endswith("tables are equal.\n")
    assert "checks passed" in command.works("--env", "dev", "check")
    assert "No row differed" in command.works("--env", "dev", "rebuild")
    assert "No row differed" in command.works("--env", "dev", "rebuild", "-s", "gold.daily_sales")
    assert "counted" in command.works("--env", "dev", "explain", "gold.daily_sales")
    assert "unit tests passed" in command.works("--env", "dev", "test")
    status = command.works("--env", "dev", "status")
    assert "gold.fact_sales" in status
    assert "bronze.raw_orders" not in status


def test_another_definition_shows_in_diff(command: Command, beside_project: Path) -> None:
    command.works("--env", "dev", "deploy")
    command.works("--env", "dev", "run")
    file = beside_project / "sql/gold/daily_sales.sql"
    text = file.read_text()
    file.write_text(text.replace("sum(total_amount)", "2 * sum(total_amount)", 1))
    assert file.read_text() != text
    assert "~ gold: daily_sales" in command.works("--env", "dev", "deploy", "--plan")
    command.works("--env", "dev", "deploy")
    command.works("--env", "dev", "run")
    assert "1 table of 16 differ: gold.daily_sales" in command.fails(1, "diff", "default", "dev")


@pytest.mark.parametrize(
    "arguments",
    [
        ("forget", "production.customers", "1", "--yes"),
        ("prune", "--older-than", "1 day"),
        ("reconcile",),
        ("backfill",),
        ("run", "--allow-deletions", "orders"),
        ("contract",),
        ("bootstrap",),
        ("seed",),
        ("doctor",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_commands_about_sources_and_bronze_are_refused(
    command: Command, beside_project: Path, arguments: tuple[str, ...]
) -> None:
    command.works("--env", "dev", "deploy")
    said = command.fails(2, "--env", "dev", *arguments)
    assert "has no bronze of its own" in said
    assert "without --env" in said


@pytest.mark.parametrize(
    "call",
    [
        "forget('production.customers', '1')",
        "prune_bronze('0')",
        "reconcile()",
        "backfill()",
        "allow_deletions('orders')",
        "start_run()",
    ],
)
def test_procedures_about_bronze_are_refused(dev: Beside, call: str) -> None:
    with failing("DW024"):
        dev.warehouse.call(f"dev_etl.{call}", role="owner")
    assert dev.warehouse.value("SELECT count(*) FROM dev_etl.runs") == 0


def test_roles_have_the_privileges_that_they_have_in_the_main_deployment(dev: Beside) -> None:
    sell(dev.warehouse.shop, 1)
    dev.warehouse.run()
    dev.run()  # as the loader
    sales = "SELECT count(*) FROM dev_gold.fact_sales"
    assert dev.warehouse.value(sales, role="analyst") == 1
    for role, query in (("analyst", "dev_silver.clean_orders"), ("loader", "dev_gold.fact_sales")):
        with failing("42501"):
            dev.warehouse.value(f"SELECT count(*) FROM {query}", role=role)


def test_alternating_runs_over_random_changes_agree(dev: Beside) -> None:
    warehouse, shop = dev.warehouse, dev.warehouse.shop
    for table in WRITES:
        warehouse.lift_rules(table)

    @settings(max_examples=6)
    @given(st.lists(st.tuples(days, st.sampled_from(["", "main", "dev"])), max_size=4))
    def agree(story: list[tuple[Day, str]]) -> None:
        for (changes, build), then in story:
            for change in changes:
                write(shop, *change)
            for call in (
                build,
                {"main": "etl.run_pipeline()", "dev": "dev_etl.run_pipeline()"}.get(then),
            ):
                if call:
                    warehouse.call(call, role="owner")
        warehouse.call("etl.reconcile()")
        dev.run()
        assert dev.differences() == []
        before = warehouse.row_versions("dev_silver", "dev_gold")
        warehouse.call("dev_etl.rebuild()")
        assert warehouse.row_versions("dev_silver", "dev_gold") == before

    agree()
