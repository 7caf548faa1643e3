"""render and deploy, as typed."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.command import Command
from tests.harness import ROOT, Shop, Warehouse, wait_until
from tests.written_by_hand.test_deploy import deploy_in_background

NEW_OBJECTS = "SELECT count(*) FROM pg_namespace WHERE nspname IN ('etl', 'bronze', 'production')"


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_render_of_tables_by_hand_needs_no_database(command: Command, by_hand: Path) -> None:
    command.project(by_hand)
    assert "files are in build/" in command.works("render")
    assert (by_hand / "build" / "deploy.sql").read_text().count("\\ir ") > 50
    assert (by_hand / "build" / "bootstrap.sql").exists()


def test_render_asks_the_warehouse_for_types_and_changes_nothing(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    assert "files are in build/" in command.works("render")
    (table,) = (project / "build").glob("*_gold.daily_sales.sql")
    assert "revenue numeric" in table.read_text()
    assert bootstrapped_warehouse.value(NEW_OBJECTS) == 0


def test_render_removes_what_it_wrote_before_and_nothing_else(
    command: Command, by_hand: Path
) -> None:
    project = by_hand
    command.project(project)
    command.works("render")
    (project / "build" / "mine.txt").write_text("mine")
    before = set((project / "build").iterdir())
    (project / "sql" / "checks" / "freshness.sql").unlink()
    command.works("render")
    gone = before - set((project / "build").iterdir())
    assert [path.name.split("_", 1)[1] for path in gone if "fresh" in path.name] == [
        "etl.check_freshness.sql"
    ]
    assert (project / "build" / "mine.txt").exists()


def test_a_folder_that_cannot_be_written_is_named(command: Command, by_hand: Path) -> None:
    project = by_hand
    (project / "build").write_text("a file")
    command.project(project)
    assert command("render") == (2, "", f"Error: {project / 'build'}: File exists\n")


def test_deploy_shows_its_plan_and_the_second_has_nothing_to_do(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    plan = command.works("deploy", "--plan")
    assert "project_0004_tables_are_selects.sql" in plan
    assert "etl: " in plan
    assert plan.endswith("This is only the plan; nothing was changed.\n")
    assert bootstrapped_warehouse.value(NEW_OBJECTS) == 0
    done = command.works("deploy")
    assert done == plan.replace("This is only the plan; nothing was changed.", "Deployed.")
    assert command.works("deploy") == "Nothing to change.\n"
    assert command.works("deploy", "--plan") == "Nothing to change.\n"


def test_deploy_names_what_is_changed_new_and_gone(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    command.works("deploy")
    change(project / "sql" / "silver" / "clean_products.sql", "btrim(name)", "upper(btrim(name))")
    (project / "sql" / "checks" / "freshness.sql").rename(project / "sql" / "checks" / "fresh.sql")
    told = command.works("deploy").splitlines()
    assert told[0] == "New"
    assert told[1].strip() == "+ etl: check_fresh"
    assert told[2] == "Changed"
    assert told[3].strip() == "~ silver: clean_products_versions"
    assert told[4] == "Removed"
    assert told[5].strip() == "- etl: check_freshness"
    assert told[6:] == [
        "Tables",
        "  silver.clean_products  incremental by product_id from bronze.raw_products",
        "Deployed.",
    ]


def test_deploy_of_a_setting_alone_says_so(
    command: Command, warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(warehouse.environment)
    change(project / "warehouse.yaml", "lookback: 1 hour", "lookback: 2 hours")
    told = command.works("deploy")
    assert told == "Changed\n  ~ settings and grants\nDeployed.\n"


def test_deploy_that_fails_names_the_file_and_changes_nothing(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    change(project / "sql" / "silver" / "clean_products.sql", "btrim(name)", "btrimm(name)")
    said = command.fails(1, "deploy")
    assert "sql/silver/clean_products.sql, line 15: function btrimm" in said
    assert "Nothing was deployed." in said
    assert bootstrapped_warehouse.value(NEW_OBJECTS) == 0


def test_deploy_of_a_view_by_hand_that_fails_names_what_it_compiled(
    command: Command, bootstrapped_warehouse: Warehouse, by_hand: Path
) -> None:
    command.project(by_hand)
    command.use(bootstrapped_warehouse.environment)
    change(by_hand / "sql" / "silver" / "product_versions.sql", "btrim(name)", "btrimm(name)")
    said = command.fails(1, "deploy")
    assert "sql/silver/product_versions.sql (silver.product_versions): function btrimm" in said
    assert "Nothing was deployed." in said
    (compiled,) = (by_hand / "build").glob("*_silver.product_versions.sql")
    assert f"build/{compiled.name}, line " in said
    assert bootstrapped_warehouse.value(NEW_OBJECTS) == 0


@pytest.mark.parametrize("arguments", ["deploy", "deploy --plan", "render"])
@pytest.mark.parametrize(
    "text",
    ["SELECT 1;\nSELECT 1 FROM gold.nowhere;\n", "\n-- Ärger\nCREATE TABEL gold.x ();\n"],
)
def test_file_that_fails_while_selects_are_compiled_is_in_build(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path, text: str, arguments: str
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    (project / "migrations" / "0009_new.sql").write_text(text)
    said = command.fails(1, *arguments.split())
    named = re.search(r"Compiled: build/([^,]+\.sql)(?:, line \d+)?\.", said)
    assert named
    assert text in (project / "build" / named[1]).read_text()
    assert bootstrapped_warehouse.value(NEW_OBJECTS) == 0


@pytest.mark.parametrize(
    ("in_production", "reason"),
    [
        ("ALTER TABLE orders RENAME COLUMN status TO state", 'column "status" does not exist'),
        ("DROP TABLE orders CASCADE", 'relation "public.orders" does not exist'),
        ("REVOKE SELECT ON orders FROM warehouse_reader", "permission denied for table orders"),
        (
            """
            REVOKE SELECT ON orders FROM warehouse_reader;
            GRANT SELECT (order_id) ON orders TO warehouse_reader;
            """,
            "permission denied for table orders",
        ),
    ],
)
def test_deploy_mounts_nothing_that_cannot_be_read(
    command: Command, bootstrapped_warehouse: Warehouse, in_production: str, reason: str
) -> None:
    bootstrapped_warehouse.shop.execute(in_production)
    command.use(bootstrapped_warehouse.environment)
    said = command.fails(1, "deploy")
    assert f"production.orders cannot be read: {reason}" in said
    assert "`fdwarehouse contract`" in said
    assert bootstrapped_warehouse.value(NEW_OBJECTS) == 0


def test_deploy_names_every_table_that_cannot_be_read(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    bootstrapped_warehouse.shop.execute(
        "REVOKE SELECT ON orders FROM warehouse_reader", "DROP TABLE order_items CASCADE"
    )
    command.use(bootstrapped_warehouse.environment)
    said = command.fails(1, "deploy")
    assert "production.orders cannot be read: permission denied for table orders" in said
    assert 'production.order_items cannot be read: relation "public.order_items" does not' in said
    assert bootstrapped_warehouse.value(NEW_OBJECTS) == 0


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://warehouse_reader:pa55word@127.0.0.1:1/x", "cannot be read: could not conn"),
        (
            "postgresql://warehouse_reader:pa55word@127.0.0.1:1/x?client_encoding=latin1",
            'invalid option "client_encoding"',
        ),
    ],
)
def test_g6_deploy_tells_that_production_is_down_without_its_password(
    command: Command, bootstrapped_warehouse: Warehouse, url: str, reason: str
) -> None:
    command.secrets.add("pa55word")
    command.use(bootstrapped_warehouse.environment | {"PRODUCTION_URL": url})
    assert reason in command.fails(1, "deploy")
    assert bootstrapped_warehouse.value(NEW_OBJECTS) == 0


def test_deploy_refuses_an_edited_migration_and_says_so_in_its_plan(
    command: Command, warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(warehouse.environment)
    mine = project / "migrations" / "0005_mine.sql"
    mine.write_text("CREATE TABLE gold.mine (email text);\n")
    command.works("deploy")
    change(mine, "email text", "email text NOT NULL")
    (project / "migrations" / "0004_tables_are_selects.sql").unlink()
    plan = command("deploy", "--plan")
    assert plan.exit_code == 1
    edited = "Migrations edited after they were applied: refused\n  ! project_0005_mine.sql"
    missing = "Applied migrations without a file: refused\n  ! project_0004_tables_are_selects"
    assert edited in plan.out
    assert missing in plan.out
    assert "Removed" not in plan.out
    assert "this deploy would be refused" in plan.err
    assert command.fails(1, "deploy").startswith(
        "Error: migration project/0004_tables_are_selects.sql was applied"
    )

    shutil.copy(ROOT / "migrations" / "0004_tables_are_selects.sql", project / "migrations")
    said = command.fails(1, "deploy")
    assert "migrations/0005_mine.sql" in said
    assert "put the change into a new migration" in said


def test_deploy_waits_for_a_run_as_long_as_it_is_told(
    command: Command, warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(warehouse.environment)
    warehouse.call("etl.start_run(NULL)")
    change(project / "sql" / "silver" / "clean_products.sql", "btrim(name)", "upper(btrim(name))")
    assert "the warehouse is in use: run 1" in command.fails(1, "deploy", "--wait", "0")
    with ThreadPoolExecutor(1) as pool:
        finishing = pool.submit(_finish_when_a_deploy_waits, warehouse)
        assert command.works("deploy", "--wait", "30").endswith("Deployed.\n")
        finishing.result()


def _finish_when_a_deploy_waits(warehouse: Warehouse) -> None:
    waits = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'
    """
    wait_until(lambda: warehouse.value(waits, role="admin"))
    warehouse.call("etl.finish_run(1)")


def test_deploy_mounts_another_production(
    command: Command, warehouse: Warehouse, seeded_shop: Shop
) -> None:
    command.use(warehouse.environment | {"PRODUCTION_URL": seeded_shop.urls["reader"]})
    told = command.works("deploy")
    assert told.splitlines() == ["Connections", "  ~ to source production", "Deployed."]
    assert warehouse.value("SELECT count(*) FROM production.orders") == 400


@pytest.mark.parametrize("doing", ["status", "run", "backfill"])
def test_who_comes_during_a_deploy_is_told_and_does_not_wait(
    command: Command, warehouse: Warehouse, project: Path, doing: str
) -> None:
    (project / "migrations/0099_slow.sql").write_text(
        "SET LOCAL lock_timeout = 0;\nSELECT FROM etl.checks FOR UPDATE;\n"
    )
    command.use(warehouse.environment)
    with warehouse.connect("admin") as holder:
        holder.execute("SELECT FROM etl.checks FOR UPDATE")
        deploying = deploy_in_background(warehouse, project, "0 seconds")
        deploying.wait_until_blocked()
        assert "Try again when" in command.fails(1, doing)
    deploying.result()
