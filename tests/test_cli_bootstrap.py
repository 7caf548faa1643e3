"""From empty databases: `fdwarehouse bootstrap`, `seed` and the following commands."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.command import Command
from tests.harness import ROOT, Shop, Warehouse
from tests.servers import Servers


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
    assert "the password of warehouse_analyst was not changed" in first
    assert "the password of warehouse_loader" not in first
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
    assert "statement: COPY pg_temp.settings FROM STDIN" in log
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
    assert (
        "WAREHOUSE_URL logs in as someone, but bootstrap creates the role warehouse_owner" in said
    )


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
