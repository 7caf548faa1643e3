"""G7 atomic deploy: all or nothing, and never during a run."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from fdwarehouse.database.deployment import completed, write_build
from fdwarehouse.embedded.programs import binaries
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.rendering.render import render_project
from tests.harness import ROOT, Background, Row, Shop, Warehouse, failing
from tests.test_models import change, sell
from tests.test_runs import begin_run

CATALOGUES = (
    *(
        "pg_namespace",
        "pg_class",
        "pg_attribute",
        "pg_proc",
        "pg_type",
        "pg_constraint",
        "pg_index",
    ),
    *("pg_trigger", "pg_rewrite", "pg_depend", "pg_description", "pg_default_acl", "pg_attrdef"),
    *("pg_foreign_server", "pg_user_mapping", "pg_foreign_table", "pg_extension"),
)


def fingerprint(warehouse: Warehouse) -> dict[str, list[Row]]:
    """Which transaction wrote each row of the catalogue and of etl, and where it lies."""
    tables = [f"pg_catalog.{name}" for name in CATALOGUES]
    if warehouse.value("SELECT to_regnamespace('etl') IS NOT NULL"):
        tables += warehouse.tables("etl")
    query = "SELECT xmin::text, ctid::text FROM {} ORDER BY ctid"
    return {table: warehouse.rows(query.format(table), role="admin") for table in tables}


def deploy_in_background(warehouse: Warehouse, project: Path, wait: str) -> Background:
    """Deploy without waiting for the end: what `deploy.sql` holds, as one statement."""
    files = [file.sql for file in render_project(project).files]
    settings = [
        f"SELECT set_config('fdwarehouse.{name}', '{value}', true);"
        for name, value in (
            ("deploy_wait", wait),
            ("production_url", warehouse.shop.urls["reader"]),
        )
    ]
    return Background(warehouse.urls["owner"], "\n".join(["BEGIN;", *settings, *files, "COMMIT;"]))


def test_g7_second_deploy_changes_nothing(warehouse: Warehouse, project: Path) -> None:
    before = fingerprint(warehouse)
    assert warehouse.deploy(project).is_empty
    assert fingerprint(warehouse) == before


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "sql/gold/broken.sql",
            "CREATE VIEW gold.broken AS SELECT 1 FROM gold.nowhere;",
            ('sql/gold/broken.sql (gold.broken): relation "gold.nowhere"', "Fix sql/gold/broken"),
        ),
        (
            "sql/gold/broken.sql",
            "CREATE VIEW gold.broken SA SELECT 1;",
            ("sql/gold/broken.sql (gold.broken): syntax error", "_gold.broken.sql, line 1"),
        ),
        (
            "sql/gold/broken.sql",
            "\n{{ nothing }}",
            ("sql/gold/broken.sql, line 2: nothing is not known here", "Fix the template"),
        ),
        (
            "sql/gold/broken.sql",
            "\n\n{% if %}",
            ("sql/gold/broken.sql, line 3: Expected an expression", "Fix the template"),
        ),
        (
            "migrations/0001_silver.sql",
            "SELECT 1;",
            ("migrations/0001_silver.sql: migration project/0001_silver.sql was edited", "Restore"),
        ),
        (
            "migrations/0009_new.sql",
            "CREATE TABLE gold.dim_date ();",
            ('migrations/0009_new.sql: relation "dim_date" already exists', "Fix migrations/0009"),
        ),
        (
            "sql/checks/broken.sql",
            "-- layer: gold\n-- severity: error\n-- Nothing.\nSELECT nothing FROM gold.dim_date",
            (
                'sql/checks/broken.sql (etl.check_broken): column "nothing"',
                "Fix sql/checks/broken",
            ),
        ),
    ],
)
def test_g7_deploy_that_fails_changes_nothing_and_names_the_file(
    warehouse: Warehouse, project: Path, file: str, text: str, said: tuple[str, str]
) -> None:
    change(project, "silver/customer_versions.sql", "lower", "upper")  # would be deployed before
    (project / file).write_text(text)
    before = fingerprint(warehouse)
    with pytest.raises(FdwarehouseError) as caught:
        warehouse.deploy(project)
    assert fingerprint(warehouse) == before
    message, way_out = said
    assert message in caught.value.message
    assert way_out in str(caught.value.hint)


def test_g7_missing_migration_is_refused(warehouse: Warehouse, project: Path) -> None:
    (project / "migrations/0002_gold.sql").unlink()
    before = fingerprint(warehouse)
    with pytest.raises(FdwarehouseError, match="its file is missing") as caught:
        warehouse.deploy(project)
    assert "Deploy from a checkout that has it" in str(caught.value.hint)
    assert fingerprint(warehouse) == before


def test_g7_migration_that_another_replaces_may_be_gone(
    warehouse: Warehouse, project: Path
) -> None:
    new = project / "migrations/0004_new.sql"
    new.write_text(
        "-- What the files before it made is made by others now.\n-- replaces: 0003_measures.sql\n"
        "CREATE TABLE gold.made_by_new (n integer);\n"
    )
    with pytest.raises(FdwarehouseError, match=r"0003_measures\.sql: .*0004_new\.sql replaces it"):
        warehouse.deploy(project)
    (project / "migrations/0003_measures.sql").unlink()
    warehouse.deploy(project)
    assert warehouse.value("SELECT count(*) FROM gold.made_by_new") == 0
    assert warehouse.deploy(project).is_empty
    new.write_text(new.read_text().replace("-- replaces: 0003_measures.sql\n", ""))
    with pytest.raises(FdwarehouseError, match=r"0003_measures\.sql was applied, but its file is"):
        warehouse.deploy(project)


def test_g7_view_that_others_depend_on_stops_the_deploy(
    warehouse: Warehouse, project: Path
) -> None:
    warehouse.execute(
        "CREATE SCHEMA reports",
        "CREATE VIEW reports.recency AS SELECT * FROM gold.customer_recency",
        "CREATE VIEW reports.sales AS SELECT * FROM gold.fact_sales",  # a table is no obstacle
    )
    change(project, "silver/customer_versions.sql", "lower", "upper")
    before = fingerprint(warehouse)
    with pytest.raises(FdwarehouseError, match=r"view reports\.recency depends on") as caught:
        warehouse.deploy(project)
    assert "Base it on a table" in str(caught.value.hint)
    assert fingerprint(warehouse) == before
    warehouse.execute("DROP VIEW reports.recency")
    warehouse.deploy(project)


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_g7_deploy_leaves_what_it_has_not_made(
    warehouse: Warehouse, project: Path, role: str
) -> None:
    warehouse.execute(
        "CREATE VIEW gold.by_hand AS SELECT sum(revenue) AS revenue FROM gold.daily_sales",
        "CREATE FUNCTION gold.answer() RETURNS integer LANGUAGE sql RETURN 42",
        "CREATE TABLE gold.targets AS SELECT gold.answer() AS target",
        "CREATE VIEW gold.targets_met AS SELECT * FROM gold.by_hand, gold.targets",
        role=role,
    )
    (project / "migrations/0099_tax.sql").write_text(
        "CREATE FUNCTION gold.tax(numeric) RETURNS numeric LANGUAGE sql RETURN $1 * 0.2;\n"
    )
    for change_of_mind in (("lower", "upper"), ("upper", "lower")):
        change(project, "silver/customer_versions.sql", *change_of_mind)
        warehouse.deploy(project)
        query = "SELECT revenue, target, gold.tax(1) FROM gold.targets_met"
        assert warehouse.rows(query, role="admin") == [(None, 42, Decimal("0.2"))]
    (project / "sql/gold/customer_recency.sql").unlink()
    warehouse.deploy(project)
    assert warehouse.value("SELECT to_regclass('gold.customer_recency')") is None


@pytest.mark.parametrize("spans_sessions", [False, True])
def test_g7_deploy_does_not_meet_a_run_half_way(
    shop: Shop, warehouse: Warehouse, project: Path, spans_sessions: bool
) -> None:
    warehouse.run()
    sell(shop, 1)
    change(project, "silver/customer_versions.sql", "initcap", "upper")
    before = fingerprint(warehouse)["pg_catalog.pg_proc"]
    if spans_sessions:
        run_id = begin_run(warehouse)
        with pytest.raises(FdwarehouseError, match=rf"in use: run {run_id}, begun at .* by etl.st"):
            warehouse.deploy(project, wait="0 seconds")
        assert fingerprint(warehouse)["pg_catalog.pg_proc"] == before
        deploying = deploy_in_background(warehouse, project, "30 seconds")
        warehouse.call("etl.build_silver()")
        warehouse.call("etl.finish_run()")
        deploying.result()
        return
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE gold.fact_sales IN SHARE MODE")
        run = warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        with pytest.raises(
            FdwarehouseError, match=r"in use: run \d+, begun at .* by etl.run_p"
        ) as caught:
            warehouse.deploy(project, wait="0 seconds")
        assert "Deploy when it has ended" in str(caught.value.hint)
        deploying = deploy_in_background(warehouse, project, "30 seconds")
    run.result()
    deploying.result()
    assert warehouse.column("SELECT full_name FROM silver.clean_customers") == ["Ana"]
    warehouse.run()
    assert warehouse.column("SELECT full_name FROM silver.clean_customers") == ["ANA"]


def test_g7_run_does_not_meet_a_deploy_half_way(warehouse: Warehouse, project: Path) -> None:
    run_id = begin_run(warehouse, "NULL, NULL, '1 microsecond'")
    (project / "migrations/0099_slow.sql").write_text(
        "SET LOCAL lock_timeout = 0;\nSELECT FROM etl.checks FOR UPDATE;\n"
    )
    with warehouse.connect("admin") as holder:
        holder.execute("SELECT FROM etl.checks FOR UPDATE")
        deploying = deploy_in_background(warehouse, project, "0 seconds")
        deploying.wait_until_blocked()
        for procedure in (
            *("etl.run_pipeline()", f"etl.build_silver({run_id})", "etl.start_run(NULL)"),
            *("gold.build_dim_date()", "etl.run_checks()", "etl.rebuild()"),
        ):
            with failing("DW006", "Try again when it has ended"):
                warehouse.call(procedure)
        with pytest.raises(FdwarehouseError, match="another deploy is running"):
            warehouse.deploy(project, wait="0 seconds")
    deploying.result()
    assert warehouse.deploy(project).is_empty
    warehouse.run()


@pytest.mark.parametrize("has_selects", [False, True])
def test_g7_deploys_at_the_same_time_wait_for_each_other(
    bootstrapped_warehouse: Warehouse, by_hand: Path, has_selects: bool
) -> None:
    warehouse = bootstrapped_warehouse
    root = ROOT if has_selects else by_hand
    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(warehouse.deploy, root, wait="60 seconds") for _ in range(3)]
    # a deploy locks the warehouse before it compiles: the others find nothing to do
    assert sorted(len(plan.result().new) > 0 for plan in done) == [not has_selects] * 2 + [True]
    assert warehouse.deploy(root).is_empty
    warehouse.run()


@pytest.mark.parametrize("has_selects", [False, True])
def test_g7_psql_deploys_too(
    bootstrapped_warehouse: Warehouse, by_hand: Path, tmp_path: Path, has_selects: bool
) -> None:
    warehouse = bootstrapped_warehouse
    root = ROOT if has_selects else by_hand
    urls = {"production": warehouse.shop.urls["reader"]}
    with warehouse.connect("owner") as owner:
        rendered = completed(render_project(root), owner, urls, wait="10 seconds")
        owner.rollback()
    write_build(rendered, tmp_path / "build")

    def psql(production_url: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *(binaries({}) / "psql", "--no-psqlrc", warehouse.urls["owner"]),
                *("-f", tmp_path / "build" / "deploy.sql"),
            ],
            env=os.environ | {"PRODUCTION_URL": production_url},
            capture_output=True,
            text=True,
            check=False,
        )

    before = fingerprint(warehouse)
    failed = psql(make_conninfo(urls["production"], port="1"))
    assert failed.returncode == 3
    assert "cannot be read: could not connect" in failed.stderr
    assert "Is it running, and is PRODUCTION_URL right as seen from" in failed.stderr
    assert fingerprint(warehouse) == before
    done = psql(urls["production"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert warehouse.deploy(root).is_empty
    warehouse.run()
