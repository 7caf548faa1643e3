"""A production of another version: Debian's PostgreSQL 15 under a warehouse of 18."""

from collections.abc import Iterator

import psycopg
import pytest

from fdwarehouse.rendering.templates import MECHANICS
from tests.harness import ROOT, Shop, Warehouse
from tests.old_server import IS_MISSING, PASSWORD, old_server
from tests.servers import Servers

BOOTSTRAP = MECHANICS / "bootstrap.sql"

pytestmark = pytest.mark.skipif(IS_MISSING, reason="PostgreSQL 15 is not installed")


@pytest.fixture(scope="module", name="old_port")
def _old_port() -> Iterator[int]:
    with old_server() as port:
        yield port


@pytest.fixture
def old_shop(old_port: int, servers: Servers) -> Iterator[Shop]:
    def url(user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{old_port}/{database}"

    admin = url("postgres", PASSWORD, "xyz_store")
    with psycopg.connect(url("postgres", PASSWORD, "postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE xyz_store ENCODING 'UTF8' TEMPLATE template0")
    reader = servers.passwords["warehouse_reader"]
    with psycopg.connect(admin) as connection:
        for file in ("schema.sql", "seed.sql"):
            connection.execute((ROOT / "production" / file).read_bytes())
        connection.execute("SELECT set_config('fdwarehouse.side', 'production', true)")
        connection.execute("SELECT set_config('fdwarehouse.reader_password', %s, true)", [reader])
        connection.execute(BOOTSTRAP.read_bytes())
    shop = Shop({"admin": admin, "reader": url("warehouse_reader", reader, "xyz_store")})
    yield shop
    shop.close()
    with psycopg.connect(url("postgres", PASSWORD, "postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE xyz_store WITH (FORCE)")


def test_production_of_version_15_shows_rewrites_under_an_old_snapshot(old_shop: Shop) -> None:
    old_shop.execute(
        "CREATE VIEW cheap AS SELECT * FROM products WHERE price < 10",
        "GRANT SELECT ON cheap TO warehouse_reader",
    )
    look = "SELECT relations FROM fdwarehouse.storage WHERE table_name = 'cheap'"
    with old_shop.connect("reader") as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT 1")
        before = old_shop.rows(look, role="reader")
        old_shop.execute("TRUNCATE products CASCADE")
        assert old.execute("SELECT count(*) FROM cheap").fetchall() == [(0,)]
        assert old.execute("SELECT * FROM fdwarehouse.rewritten").fetchall() == [("products",)]
        assert old.execute(look.encode()).fetchall() != before


def test_production_of_version_15_is_loaded_followed_and_reconciled(
    old_shop: Shop, servers: Servers
) -> None:
    assert old_shop.value("SHOW server_version_num").startswith("15")
    name = servers.create_database("warehouse", "for_an_old_production")
    servers.bootstrap("warehouse", name)
    roles = ("owner", "loader", "admin")
    warehouse = Warehouse({r: servers.url("warehouse", r, name) for r in roles}, old_shop)
    try:
        warehouse.deploy()
        warehouse.run()
        assert warehouse.fence(1)["kind"] == "activity"

        old_shop.execute(
            "UPDATE orders SET status = 'cancelled' WHERE order_id % 9 = 0",
            "DELETE FROM order_items WHERE order_item_id % 40 = 0",
        )
        warehouse.run()
        warehouse.call("etl.reconcile()")
        counts = warehouse.step_counts(warehouse.last_run())
        assert counts["bronze.raw_customers.reconciliation"][0] == 0, "it hashes as 18 does"
        assert counts["bronze.raw_order_items.reconciliation"][3] > 0

        by_status = "SELECT {}, count(*), sum({}) FROM {} GROUP BY 1 ORDER BY 1"
        assert warehouse.rows(
            by_status.format("order_status", "total_amount", "gold.fact_sales")
        ) == old_shop.rows(
            by_status.format(
                "o.status::text",
                "i.quantity * i.unit_price",
                "order_items AS i INNER JOIN orders AS o ON i.order_id = o.order_id",
            )
        )
        warehouse.call("etl.run_checks()")

        identity = ("system_identifier", "timeline", "running_since", "is_in_recovery")
        assert [name for name in identity if warehouse.fence(1)[name] is None] == []
        old_shop.execute(
            "BEGIN",
            "CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM products WHERE product_id > 3",
            "TRUNCATE products CASCADE",
            "INSERT INTO products SELECT * FROM kept",
            "COMMIT",
        )
        warehouse.call("etl.allow_deletions('order_items')")  # which went with the products
        warehouse.run()
        assert warehouse.column(
            "SELECT product_id FROM silver.clean_products WHERE is_deleted ORDER BY 1"
        ) == [1, 2, 3]
    finally:
        warehouse.close()
        servers.drop_database("warehouse", name)
