"""bootstrap, render, deploy and seed, as typed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.command import Command
from tests.harness import ROOT, Shop, Warehouse, wait_until
from tests.servers import Servers

NEW_OBJECTS = "SELECT count(*) FROM pg_namespace WHERE nspname IN ('etl', 'bronze', 'production')"


@pytest.fixture
def fresh(servers: Servers) -> Iterator[Warehouse]:
    """An empty warehouse database and an empty production database, without any grant."""
    names = {s: servers.create_database(s, "nothing") for s in ("production", "warehouse")}
    roles = {"production": ("admin", "reader"), "warehouse": ("owner", "loader", "admin")}
    urls = {s: {r: servers.url(s, r, names[s]) for r in roles[s]} for s in names}
    with (
        closing(Shop(urls["production"])) as shop,
        closing(Warehouse(urls["warehouse"], shop)) as warehouse,
    ):
        yield warehouse
    for server, name in names.items():
        servers.drop_database(server, name)


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


# bootstrap


def test_bootstrap_and_all_that_follows_from_nothing(
    command: Command, fresh: Warehouse, project: Path, servers: Servers
) -> None:
    command.project(project)
    command.use(
        fresh.environment | {"WAREHOUSE_LOADER_PASSWORD": servers.passwords["warehouse_loader"]}
    )
    (project / "production").symlink_to(ROOT / "production")
    (project / "contracts" / "production.yaml").unlink()
    first = command.works("bootstrap")
    assert "the password of warehouse_analyst was left as it is" in first
    assert "warehouse_loader was left" not in first
    assert command.works("bootstrap") == first
    assert "orders         400" in command.works("seed")
    assert "contracts/production.yaml was written" in command.works("contract")
    assert command.works("deploy").endswith("Deployed.\n")
    fresh.run()
    assert fresh.value("SELECT count(*) FROM gold.fact_sales") == fresh.shop.value(
        "SELECT count(*) FROM order_items"
    )


def test_g6_a_log_of_the_server_shows_no_password(
    command: Command, fresh: Warehouse, servers: Servers
) -> None:
    fresh.rows(f"ALTER DATABASE {fresh.name} SET log_statement = 'all'", role="admin")
    command.use(fresh.environment)
    command.works("bootstrap", "--side", "warehouse")
    log = (servers.state_dir / "warehouse.log").read_text()
    assert "fdwarehouse.owner_password" in log
    assert servers.passwords["warehouse_owner"] not in log
    assert fresh.value("SELECT current_user") == "warehouse_owner"


def test_bootstrap_of_one_side_leaves_the_other_alone(command: Command, fresh: Warehouse) -> None:
    command.use(fresh.environment)
    assert "warehouse_reader may read schema public" in command.works(
        "bootstrap", "--side", "production"
    )
    extensions = "SELECT count(*) FROM pg_extension WHERE extname = 'postgres_fdw'"
    assert fresh.value(extensions, role="admin") == 0
    command.works("bootstrap", "--side", "warehouse")
    assert fresh.value(extensions, role="admin") == 1


def test_bootstrap_wants_the_roles_that_it_makes(command: Command, fresh: Warehouse) -> None:
    someone = make_conninfo(fresh.urls["owner"], user="someone")
    command.use(fresh.environment | {"WAREHOUSE_URL": someone})
    said = command.fails(2, "bootstrap")
    assert "WAREHOUSE_URL logs in as someone, and bootstrap makes the role warehouse_owner" in said


def test_bootstrap_grants_where_the_reader_looks(command: Command, fresh: Warehouse) -> None:
    elsewhere = make_conninfo(fresh.shop.urls["reader"], dbname="elsewhere")
    command.use(fresh.environment | {"PRODUCTION_URL": elsewhere})
    said = command.fails(2, "bootstrap", "--side", "production")
    assert "PRODUCTION_URL names database elsewhere, PRODUCTION_ADMIN_URL names" in said


def test_bootstrap_by_an_ordinary_role_says_who_is_needed(
    command: Command, warehouse: Warehouse
) -> None:
    command.use(warehouse.environment | {"WAREHOUSE_ADMIN_URL": warehouse.urls["loader"]})
    said = command.fails(2, "bootstrap", "--side", "warehouse")
    assert "warehouse_loader may not bootstrap" in said
    assert "administrator" in said


# render, deploy


def test_render_needs_no_database(command: Command, project: Path) -> None:
    command.project(project)
    assert "files are in build/" in command.works("render")
    assert (project / "build" / "deploy.sql").read_text().count("\\ir ") > 50
    assert (project / "build" / "bootstrap.sql").exists()


def test_render_removes_what_it_wrote_before_and_nothing_else(
    command: Command, project: Path
) -> None:
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


def test_a_folder_that_cannot_be_written_is_named(command: Command, project: Path) -> None:
    (project / "build").write_text("a file")
    command.project(project)
    assert command("render") == (2, "", f"Error: {project / 'build'}: File exists\n")


def test_deploy_shows_its_plan_and_the_second_has_nothing_to_do(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    plan = command.works("deploy", "--plan")
    assert "project_0001_silver.sql" in plan
    assert "etl: " in plan
    assert plan.endswith("Nothing was changed: this is the plan.\n")
    assert bootstrapped_warehouse.value(NEW_OBJECTS) == 0
    done = command.works("deploy")
    assert done == plan.replace("Nothing was changed: this is the plan.", "Deployed.")
    assert command.works("deploy") == "Nothing to change.\n"
    assert command.works("deploy", "--plan") == "Nothing to change.\n"


def test_deploy_names_what_is_changed_new_and_gone(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    command.works("deploy")
    change(project / "sql" / "silver" / "product_versions.sql", "btrim(name)", "upper(btrim(name))")
    (project / "sql" / "checks" / "freshness.sql").rename(project / "sql" / "checks" / "fresh.sql")
    told = command.works("deploy").splitlines()
    assert told[0] == "New"
    assert told[1].strip() == "+ etl: check_fresh"
    assert told[2] == "Changed"
    assert told[3].strip() == "~ silver: product_versions"
    assert told[4] == "Gone"
    assert told[5].strip() == "- etl: check_freshness"
    assert told[6] == "Deployed."


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
    change(project / "sql" / "silver" / "product_versions.sql", "btrim(name)", "btrimm(name)")
    said = command.fails(1, "deploy")
    assert "sql/silver/product_versions.sql (silver.product_versions): function btrimm" in said
    assert "Nothing was deployed." in said
    (compiled,) = (project / "build").glob("*_silver.product_versions.sql")
    assert f"build/{compiled.name}, line " in said
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
    change(project / "migrations" / "0001_silver.sql", "email text,", "email text NOT NULL,")
    plan = command.works("deploy", "--plan")
    assert "Migrations edited after they were applied: refused\n  ! project_0001_silver.sql" in plan
    said = command.fails(1, "deploy")
    assert "migrations/0001_silver.sql" in said
    assert "put the change into a new migration" in said


def test_deploy_waits_for_a_run_as_long_as_it_is_told(
    command: Command, warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(warehouse.environment)
    warehouse.call("etl.start_run(NULL)")
    change(project / "sql" / "silver" / "product_versions.sql", "btrim(name)", "upper(btrim(name))")
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


# seed


def test_seed_makes_a_shop_and_then_a_day(command: Command, fresh: Warehouse, shop: Shop) -> None:
    command.use(fresh.environment)
    first = command.works("seed", "--random-seed", "7")
    assert "customers      150" in first
    assert "Add to it with --changes N" in command.fails(2, "seed")
    assert command.works("seed", "--random-seed", "7", "--reset") == first
    assert "new orders" in command.works("seed", "--changes", "20")
    assert command("seed", "--changes", "20", "--scale", "2").exit_code == 2
    with psycopg.connect(fresh.shop.urls["admin"]) as connection:
        assert connection.execute("SELECT count(*) > 400 FROM orders").fetchone() == (True,)
