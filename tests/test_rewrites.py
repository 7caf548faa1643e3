"""G1: TRUNCATE and other rewrites, which are not MVCC-safe, are detected."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.harness import Row, Shop, Warehouse, failing, wait_until
from tests.test_models import sell

ORDERS = "SELECT order_id, status FROM {} ORDER BY 1"
RELOAD = (
    "CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM orders",
    "TRUNCATE orders CASCADE",
    "INSERT INTO orders SELECT * FROM kept",
    "INSERT INTO orders (order_id, customer_id, updated_at) VALUES (900, 1, '2001-01-01')",
)
REWRITES = {
    "emptied and loaded again": RELOAD,
    "emptied": ("TRUNCATE orders CASCADE",),
    "a column of another type": (
        "ALTER TABLE orders ALTER status TYPE varchar(50) USING upper(status)",
    ),
    "a column with a volatile default": (
        "ALTER TABLE orders ADD COLUMN lottery double precision DEFAULT random()",
    ),
    "swapped for a copy": (
        "CREATE TABLE orders_new (LIKE orders INCLUDING ALL)",
        "INSERT INTO orders_new SELECT * FROM orders WHERE order_id > 1",
        "ALTER TABLE orders RENAME TO orders_old",
        "ALTER TABLE orders_new RENAME TO orders",
    ),
    "dropped and made again": (
        "CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM orders",
        "CREATE TABLE orders_new (LIKE orders INCLUDING ALL)",
        "DROP TABLE orders CASCADE",
        "ALTER TABLE orders_new RENAME TO orders",
        "INSERT INTO orders SELECT * FROM kept",
    ),
    "taken over from another schema": (
        "CREATE SCHEMA staging",
        "CREATE TABLE staging.orders (LIKE public.orders INCLUDING DEFAULTS)",
        "ALTER TABLE staging.orders ADD CONSTRAINT taken_over PRIMARY KEY (order_id)",
        "INSERT INTO staging.orders SELECT * FROM public.orders",
        "ALTER TABLE public.orders RENAME TO orders_old",
        "ALTER TABLE staging.orders SET SCHEMA public",
        "GRANT SELECT ON orders TO warehouse_reader",
    ),
}
ENTRANCES = {
    "pipeline": "etl.run_pipeline()",
    "layer": "etl.extract_and_load_bronze()",
    "layer, all of it": "etl.extract_and_load_bronze(p_is_full => true)",
    "one table": "bronze.load_raw_orders()",
    "reconciliation": "etl.reconcile('orders')",
}


@pytest.fixture
def sold(shop: Shop, warehouse: Warehouse) -> Warehouse:
    for number in range(1, 6):
        sell(shop, number)
    return warehouse


@contextmanager
def rewritten_under(shop: Shop, *statements: str) -> Iterator[None]:
    """Rewrite, and commit only when the reader waits for the table: then its snapshot is older."""
    with shop.connect("admin") as writer:
        for statement in statements:
            writer.execute(statement.encode())
        yield
        wait_until_reader_waits(shop)


def wait_until_reader_waits(shop: Shop) -> None:
    """Wait until a session of the reader waits for a lock of production."""
    waits = """
        SELECT count(*) > 0 FROM pg_stat_activity
        WHERE usename = 'warehouse_reader' AND wait_event_type = 'Lock'
            AND datname = current_database()
    """
    wait_until(lambda: shop.value(waits))


def live_and_gone(warehouse: Warehouse, table: str = "bronze.raw_orders") -> tuple[int, int]:
    (row,) = warehouse.rows(
        f"SELECT count(*) FILTER (WHERE NOT _is_deleted), count(*) FILTER (WHERE _is_deleted) "
        f"FROM {table}"
    )
    return row[0], row[1]


def live_orders(warehouse: Warehouse) -> list[Row]:
    """Return the current rows of production according to bronze."""
    return warehouse.rows(
        """
        SELECT order_id, status FROM (
            SELECT DISTINCT ON (order_id) * FROM bronze.raw_orders ORDER BY order_id, _run_id DESC
        ) AS latest
        WHERE NOT _is_deleted ORDER BY 1
        """
    )


@pytest.mark.parametrize("rewrite", REWRITES)
@pytest.mark.parametrize("is_loaded", [True, False], ids=["known", "first load"])
def test_g1_rewrite_between_snapshot_and_read_shows_no_state_that_never_was(
    shop: Shop, sold: Warehouse, rewrite: str, is_loaded: bool
) -> None:
    if is_loaded:
        sold.run()
    with rewritten_under(shop, *REWRITES[rewrite]):
        run = sold.begin("etl.run_pipeline()")
    run.result()
    assert live_orders(sold) == shop.rows(ORDERS.format("orders"))
    there = [row[0] for row in live_orders(sold)]
    assert (
        sold.rows(
            "SELECT order_id FROM bronze.raw_orders WHERE _is_deleted AND order_id = ANY(%s)",
            [there],
        )
        == []
    )


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_g1_every_way_to_read_notices_a_rewrite(shop: Shop, sold: Warehouse, entrance: str) -> None:
    sold.run()
    with rewritten_under(shop, *RELOAD):
        run = sold.begin(ENTRANCES[entrance])
    run.result()
    assert live_orders(sold) == shop.rows(ORDERS.format("orders"))
    assert live_and_gone(sold) == (6, 0)


@pytest.mark.parametrize("rewrite", [r for r in REWRITES if r != "dropped and made again"])
def test_g1_rewrite_between_the_reads_of_two_tables_is_noticed(
    shop: Shop, sold: Warehouse, rewrite: str
) -> None:
    sold.run()
    with shop.connect("admin") as holder:
        holder.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        run = sold.begin("etl.run_pipeline()")
        wait_until_reader_waits(shop)  # the snapshot is taken, orders is not read yet
        with shop.connect("admin") as writer:
            for statement in REWRITES[rewrite]:
                writer.execute(statement.encode())
    run.result()
    assert live_orders(sold) == shop.rows(ORDERS.format("orders"))


@pytest.mark.parametrize("rewrite", ["emptied and loaded again", "swapped for a copy"])
def test_g1_table_rewritten_between_two_runs_is_reconciled_at_once(
    shop: Shop, sold: Warehouse, rewrite: str
) -> None:
    sold.run()
    shop.execute("BEGIN", *REWRITES[rewrite], "COMMIT")
    sold.run()
    assert live_orders(sold) == shop.rows(ORDERS.format("orders")), "old time stamps too"
    assert sold.rows("SELECT * FROM etl.unreconciled") == []
    assert "bronze.raw_orders.reconciliation" in sold.step_counts(sold.last_run())
    assert "bronze.raw_customers.reconciliation" not in sold.step_counts(sold.last_run())
    sold.run()
    assert "bronze.raw_orders.reconciliation" not in sold.step_counts(sold.last_run())


def test_g1_rewrite_between_fence_and_snapshot_is_reconciled_in_the_same_run(
    shop: Shop, sold: Warehouse
) -> None:
    sold.run()
    with sold.connect("admin") as holder:
        holder.execute(
            "SELECT FROM etl.pipeline_steps WHERE model = 'bronze.raw_customers' FOR UPDATE"
        )
        run = sold.begin("etl.run_pipeline()")
        run.wait_until_blocked()  # the fence is read, the snapshot not yet taken
        shop.execute("BEGIN", *RELOAD, "COMMIT")
    run.result()
    assert live_orders(sold) == shop.rows(ORDERS.format("orders"))


def test_table_that_is_rewritten_again_and_again_is_an_error_and_changes_nothing(
    shop: Shop, sold: Warehouse
) -> None:
    sold.run()
    before = sold.dump()
    shop.execute(
        """
        CREATE OR REPLACE VIEW fdwarehouse.rewritten AS SELECT 'public.orders'::text AS relation
        """
    )
    with failing("DW018", "production: public.orders was rewritten while it was read"):
        sold.call("etl.extract_and_load_bronze()")
    assert sold.dump() == before
    assert sold.column(
        "SELECT DISTINCT error_code FROM etl.steps WHERE error_code IS NOT NULL"
    ) == ["DW018"]


@pytest.mark.parametrize("entrance", ["one chunk", "many chunks"])
def test_g1_backfill_notices_a_rewrite(shop: Shop, sold: Warehouse, entrance: str) -> None:
    sold.execute("UPDATE etl.sources SET overlap = '0'")
    shop.execute("ANALYZE")
    with rewritten_under(shop, *RELOAD):
        backfill = sold.begin(f"etl.backfill({1000 if entrance == 'one chunk' else 1})")
    backfill.result()
    assert live_and_gone(sold) == (6, 0)
    sold.run()
    assert live_orders(sold) == shop.rows(ORDERS.format("orders"))


def test_g1_files_are_those_of_now_under_an_old_snapshot(shop: Shop) -> None:
    look = "SELECT relations FROM fdwarehouse.storage WHERE table_name = 'orders'"
    with shop.connect("reader") as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SET LOCAL search_path = pg_catalog")  # as postgres_fdw does
        before = old.execute(look.encode()).fetchall()
        assert old.execute("SELECT * FROM fdwarehouse.rewritten").fetchall() == []
        shop.execute("TRUNCATE orders CASCADE")
        assert old.execute("SELECT count(*) FROM public.orders").fetchall() == [(0,)]
        after = old.execute(look.encode()).fetchall()
        assert before != after
        assert old.execute("SELECT * FROM fdwarehouse.rewritten").fetchall() == [("public.orders",)]
        catalogue = "SELECT relfilenode FROM pg_class WHERE oid = 'public.orders'::regclass"
        ((shown,),) = old.execute(catalogue.encode()).fetchall()
        assert f":{shown}" in before[0][0]
    assert f":{shop.value(catalogue)}" in after[0][0]


def test_index_made_while_a_table_is_read_is_no_rewrite(shop: Shop) -> None:
    look = "SELECT relations FROM fdwarehouse.storage WHERE table_name = 'orders'"
    with shop.connect("reader") as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = old.execute(look.encode()).fetchall()
        shop.execute("CREATE INDEX ON orders (status)", "REINDEX TABLE orders", "ANALYZE orders")
        assert old.execute("SELECT count(*) FROM orders").fetchall() == [(0,)]
        assert old.execute("SELECT * FROM fdwarehouse.rewritten").fetchall() == []
        assert old.execute(look.encode()).fetchall() == before
