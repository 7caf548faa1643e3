"""Production behind a pooler: it works, or the error says what the pooler needs."""

import pytest

from tests.command import Command
from tests.harness import Warehouse
from tests.pooler import PROGRAM, pooled
from tests.servers import Servers

pytestmark = pytest.mark.skipif(not PROGRAM, reason="pgbouncer is not installed")
DROPS_OPTIONS = "extra_float_digits,options"


@pytest.mark.parametrize(
    ("mode", "alias"), [("session", None), ("transaction", None), ("transaction", "store")]
)
def test_a_pooler_that_drops_options_serves_a_bootstrapped_production(
    servers: Servers, seeded_warehouse: Warehouse, mode: str, alias: str | None
) -> None:
    shop = seeded_warehouse.shop
    servers.bootstrap("production", shop.name)
    with pooled(shop.urls["reader"], mode, ignored=DROPS_OPTIONS, database=alias) as url:
        shop.urls["reader"] = url
        seeded_warehouse.deploy()
        assert seeded_warehouse.fence(seeded_warehouse.run())["kind"] == "activity"
        shop.execute("UPDATE orders SET status = 'cancelled' WHERE order_id % 9 = 0")
        seeded_warehouse.run()
        shop.execute("DELETE FROM order_items WHERE order_item_id % 40 = 0")
        seeded_warehouse.reconcile()
        assert seeded_warehouse.rows(
            "SELECT DISTINCT ON (order_id) order_id, status::text, updated_at "
            "FROM bronze.raw_orders ORDER BY order_id, _run_id DESC"
        ) == shop.rows("SELECT order_id, status::text, updated_at FROM orders ORDER BY order_id")
        live = "SELECT order_item_id FROM silver.clean_order_items WHERE NOT is_deleted ORDER BY 1"
        assert seeded_warehouse.rows(live) == shop.rows(
            "SELECT order_item_id FROM order_items ORDER BY 1"
        )


def test_a_pooler_that_refuses_options_is_named(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    shop = bootstrapped_warehouse.shop
    with pooled(shop.urls["reader"], "session", ignored="extra_float_digits") as url:
        shop.urls["reader"] = url
        command.use(bootstrapped_warehouse.environment)
        for arguments in (("contract",), ("deploy",)):
            said = command(*arguments)
            assert said.exit_code > 0
            assert "unsupported startup parameter" in said.err
            assert "ignore_startup_parameters" in said.err
            assert "`fdwarehouse bootstrap --side production`" in said.err


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler_before_a_production_that_was_not_bootstrapped_is_refused(
    command: Command, bootstrapped_warehouse: Warehouse, mode: str
) -> None:
    shop = bootstrapped_warehouse.shop
    shop.execute(f"ALTER ROLE warehouse_reader IN DATABASE {shop.name} RESET ALL")
    with pooled(shop.urls["reader"], mode, ignored=DROPS_OPTIONS) as url:
        shop.urls["reader"] = url
        command.use(bootstrapped_warehouse.environment)
        said = command.fails(1, "deploy")
    assert "default_transaction_read_only is off, row_security is on" in said
    assert "`fdwarehouse bootstrap --side production`" in said


def test_limits_that_a_pooler_leaves_in_force_are_said_before_the_first_run(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    shop = bootstrapped_warehouse.shop
    settings = "default_transaction_read_only = on", "row_security = off", "statement_timeout = 900"
    role = f"ALTER ROLE warehouse_reader IN DATABASE {shop.name}"
    shop.execute(f"{role} RESET ALL", *(f"{role} SET {setting}" for setting in settings))
    with pooled(shop.urls["reader"], "session", ignored=DROPS_OPTIONS) as url:
        shop.urls["reader"] = url
        command.use(bootstrapped_warehouse.environment)
        said = command("deploy")
    assert said.exit_code == 0
    assert (
        "Warning: source production limits the duration of sessions: statement_timeout is 900"
        in said.err
    )


def test_values_are_read_the_same_in_whatever_process_the_pooler_gives(
    servers: Servers, warehouse: Warehouse
) -> None:
    shop = warehouse.shop
    for style in (
        "IntervalStyle = sql_standard",
        "extra_float_digits = -3",
        "bytea_output = escape",
    ):
        shop.execute(f"ALTER DATABASE {shop.name} SET {style}")
    servers.bootstrap("production", shop.name)
    shop.execute(
        "CREATE VIEW odd AS SELECT '-1 day -02:00:00'::interval AS i, 1.0 / 3::float8 AS f",
        "GRANT SELECT ON odd TO warehouse_reader",
    )
    with pooled(shop.urls["reader"], "transaction", ignored=DROPS_OPTIONS) as url:
        shop.urls["reader"] = url
        warehouse.deploy()
        warehouse.execute(
            "CREATE FOREIGN TABLE production.odd (i interval, f float8) SERVER production "
            "OPTIONS (schema_name 'public', table_name 'odd')"
        )
        read = "SELECT i::text, f = 1.0 / 3::float8 FROM production.odd"
        sessions = [warehouse.connect("owner") for _ in range(3)]  # each holds a server process
        found = [session.execute(read.encode()).fetchall() for session in sessions]
        for session in reversed(sessions):
            session.commit()
        found += [session.execute(read.encode()).fetchall() for session in sessions]
    assert found == [[("-1 days -02:00:00", True)]] * 6


def test_a_run_through_a_pooler_shows_its_steps(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    url = seeded_warehouse.urls["owner"]
    with pooled(url, "session", ignored="extra_float_digits") as through:
        command.use(seeded_warehouse.environment | {"WAREHOUSE_URL": through})
        assert "gold.fact_sales" in command.works("run")
