"""G1: a clock set back, or another server, is detected, and all tables are reconciled at once."""

import pytest
from psycopg.types.json import Jsonb

from tests.command import Command
from tests.faked_server import FakedServer
from tests.harness import Shop, Warehouse, failing, fence_alone
from tests.test_models import sell

TABLES = ("customers", "order_items", "orders", "products")
STEPS = ("11 seconds", "60 seconds", "1 hour")
NAMES = "SELECT full_name FROM silver.clean_customers WHERE NOT is_deleted ORDER BY customer_id"
IDENTITIES = {
    "another cluster": ('{"system_identifier": 1}', "another server or database"),
    "promoted standby": ('{"timeline": 7}', "a standby was promoted"),
    "standby": ('{"is_in_recovery": true}', "a standby now"),
    "restarted": ('{"running_since": "2001-01-01"}', "was restarted"),
}


@pytest.fixture
def server(shop: Shop, warehouse: Warehouse) -> FakedServer:
    server = FakedServer(shop)
    for number in range(1, 4):
        sell(shop, number)
    shop.force("UPDATE customers SET updated_at = updated_at - interval '1 day'")
    warehouse.run()
    return server


def reconciled(warehouse: Warehouse) -> list[str]:
    """Name the tables that the last run has reconciled."""
    return sorted(
        model.removeprefix("bronze.raw_").removesuffix(".reconciliation")
        for model in warehouse.step_counts(warehouse.last_run())
        if model.endswith(".reconciliation")
    )


def doubted(warehouse: Warehouse) -> list[str]:
    tables = warehouse.column("SELECT model FROM etl.unreconciled ORDER BY 1")
    return [table.removeprefix("bronze.raw_") for table in tables]


def let_time_pass(warehouse: Warehouse, time: str) -> None:
    """Move all times in the warehouse back by an interval."""
    past = f"- interval '{time}'"
    warehouse.execute(
        f"""
        UPDATE etl.fences SET observed_at = observed_at {past}, fence = fence {past},
            asked_at = asked_at {past}, answered_at = answered_at {past}
        """,
        f"UPDATE etl.watermarks SET fence = fence {past}, advanced_at = advanced_at {past}",
    )


@pytest.mark.parametrize("step", STEPS)
def test_g1_clock_that_is_put_back_loses_nothing(
    warehouse: Warehouse, server: FakedServer, step: str
) -> None:
    server.step(f"-{step}")
    server.write("customers SET full_name = 'Changed' WHERE customer_id = 2")
    warehouse.run()
    assert warehouse.column(NAMES) == ["Ana", "Changed", "Ana"]
    assert (reconciled(warehouse), doubted(warehouse)) == (list(TABLES), [])

    server.write("customers SET full_name = 'Again' WHERE customer_id = 3")
    warehouse.run()
    assert warehouse.column(NAMES) == ["Ana", "Changed", "Again"], (
        "the watermark goes on from there"
    )
    assert reconciled(warehouse) == []


@pytest.mark.parametrize("step", STEPS)
def test_g1_step_back_that_the_time_since_hides_loses_nothing(
    warehouse: Warehouse, server: FakedServer, step: str
) -> None:
    let_time_pass(warehouse, "5 hours")
    server.step(f"-{step}")
    server.write("customers SET full_name = 'Changed' WHERE customer_id = 2", ago="5 hours")
    before = warehouse.fence(warehouse.last_run())
    warehouse.run()
    assert before["observed_at"] < warehouse.fence(warehouse.last_run())["observed_at"]
    assert warehouse.column(NAMES) == ["Ana", "Changed", "Ana"]
    assert (reconciled(warehouse), doubted(warehouse)) == (list(TABLES), [])


@pytest.mark.parametrize("between", ["a run", "no run"])
def test_g1_step_forward_and_back_loses_nothing(
    warehouse: Warehouse, server: FakedServer, between: str
) -> None:
    server.step("1 hour")
    server.write("customers SET full_name = 'Ahead' WHERE customer_id = 1")
    if between == "a run":
        warehouse.run()
        assert reconciled(warehouse) == [], "nothing is lost by that"
    server.step("-1 hour")
    server.write("customers SET full_name = 'Changed' WHERE customer_id = 2")
    warehouse.run()
    assert warehouse.column(NAMES) == ["Ahead", "Changed", "Ana"]
    server.write("customers SET full_name = 'Again' WHERE customer_id = 1")
    warehouse.run()
    assert warehouse.column(NAMES) == ["Again", "Changed", "Ana"]
    assert doubted(warehouse) == []


def test_clock_that_is_late_by_less_than_the_overlap_is_no_reason(
    warehouse: Warehouse, server: FakedServer
) -> None:
    let_time_pass(warehouse, "5 hours")
    server.step("-8 seconds")
    server.write("customers SET full_name = 'Changed' WHERE customer_id = 2", ago="5 hours")
    warehouse.run()
    assert warehouse.column(NAMES) == ["Ana", "Changed", "Ana"], "the overlap covers it"
    assert reconciled(warehouse) == []


@pytest.mark.parametrize("change", IDENTITIES)
def test_g1_what_another_server_lost_or_kept_is_reconciled(
    shop: Shop, warehouse: Warehouse, server: FakedServer, change: str
) -> None:
    identity, reason = IDENTITIES[change]
    server.be(identity)
    shop.force(
        "UPDATE customers SET full_name = 'Lost' WHERE customer_id = 2",
        "DELETE FROM order_items WHERE order_id = 1",
    )
    shop.execute("REVOKE SELECT ON orders FROM warehouse_reader")
    with failing("42501"):
        warehouse.call("etl.run_pipeline()")
    assert doubted(warehouse) == ["orders"], "the table that failed keeps its mark"
    assert reason in warehouse.value("SELECT min(reason) FROM etl.unreconciled")
    shop.execute("GRANT SELECT ON orders TO warehouse_reader")
    warehouse.run()
    assert warehouse.column(NAMES) == ["Ana", "Lost", "Ana"]
    assert warehouse.column("SELECT order_id FROM silver.clean_order_items WHERE is_deleted") == [1]
    assert doubted(warehouse) == []
    warehouse.run()
    assert reconciled(warehouse) == []


def test_g1_tables_are_reconciled_one_by_one_and_status_says_which_are_left(
    command: Command, warehouse: Warehouse, server: FakedServer
) -> None:
    command.use(warehouse.environment)
    assert "complete: transactions that began before the fence" in command.works("status")
    server.step("-1 hour")
    server.write("customers SET full_name = 'Changed' WHERE customer_id = 2")
    server.write("products SET name = 'Changed' WHERE product_id = 2")
    warehouse.call("bronze.load_raw_customers()")
    assert reconciled(warehouse) == ["customers"]
    assert doubted(warehouse) == ["order_items", "orders", "products"]
    promises = warehouse.rows(
        "SELECT table_name, is_promised, reason ~ 'went back' FROM etl.promises ORDER BY 1"
    )
    assert promises == [
        ("bronze.raw_customers", True, None),
        ("bronze.raw_order_items", False, True),
        ("bronze.raw_orders", False, True),
        ("bronze.raw_products", False, True),
    ]
    said = command.works("status")
    assert "bronze.raw_products may lack changes" in said
    assert "bronze.raw_customers may lack" not in said
    assert "complete: transactions that began before the fence" not in said

    warehouse.call("etl.build_silver()")
    warehouse.call("etl.rebuild('silver')")
    assert doubted(warehouse) == ["order_items", "orders", "products"]
    warehouse.call("bronze.load_raw_products(p_is_full => true)")
    assert doubted(warehouse) == ["order_items", "orders"], "a full read serves as well"
    warehouse.call("etl.reconcile('orders')")
    assert doubted(warehouse) == ["order_items"]
    warehouse.run()
    assert doubted(warehouse) == []
    assert (
        warehouse.value("SELECT name FROM silver.clean_products WHERE product_id = 2") == "Changed"
    )
    assert "complete: transactions that began before the fence" in command.works("status")


def test_g1_transaction_prepared_after_the_step_is_not_lost(
    shop: Shop, warehouse: Warehouse, server: FakedServer
) -> None:
    server.step("-1 hour")
    with shop.connect("admin", autocommit=True) as forgetful:
        forgetful.execute("SET session_replication_role = replica")
        forgetful.execute("BEGIN")
        forgetful.execute(
            """
            UPDATE customers
            SET full_name = 'Prepared', updated_at = localtimestamp - interval '1 hour'
            WHERE customer_id = 1
            """
        )
        forgetful.execute("PREPARE TRANSACTION 'forgotten'")
    warehouse.run()
    assert reconciled(warehouse) == list(TABLES)
    warehouse.run()
    assert reconciled(warehouse) == []
    shop.execute("COMMIT PREPARED 'forgotten'")
    warehouse.run()
    assert warehouse.column(NAMES) == ["Prepared", "Ana", "Ana"]


@pytest.mark.parametrize("what", ["clock", "server"])
def test_g1_change_of_server_between_fence_and_snapshot_is_told_and_reconciled_next(
    warehouse: Warehouse, server: FakedServer, what: str
) -> None:
    with fence_alone(warehouse) as run_id:
        if what == "clock":
            server.step("-1 hour")
            server.write("customers SET full_name = 'Changed' WHERE customer_id = 2")
        else:
            server.be('{"timeline": 3}')
            server.shop.force("UPDATE customers SET full_name = 'Changed' WHERE customer_id = 2")
        warehouse.call(f"etl.extract_and_load_bronze({run_id})")
    assert doubted(warehouse) == list(TABLES)
    warehouse.run()
    assert warehouse.column(NAMES) == ["Ana", "Changed", "Ana"]
    assert doubted(warehouse) == []


def test_fence_by_transaction_id_has_no_clock(warehouse: Warehouse, server: FakedServer) -> None:
    """A step of the clock does not affect ids; another server does."""
    judged = """
        SELECT etl.discontinuity(
            jsonb_populate_record(NULL::etl.fences, %s), NULL,
            jsonb_populate_record(NULL::etl.fences, %s), '10 seconds'
        )
    """
    fence = warehouse.fence(warehouse.last_run()) | {"kind": "xid"}
    back = fence | {"observed_at": "2001-01-01"}
    assert warehouse.rows(judged, [Jsonb(fence), Jsonb(back)]) == [(None,)]
    (reason,) = warehouse.rows(judged, [Jsonb(fence), Jsonb(back | {"timeline": 9})])[0]
    assert "timeline 9, no longer 1" in reason
    assert (
        "went back"
        in warehouse.rows(judged, [Jsonb(fence), Jsonb(back | {"kind": "lookback"})])[0][0]
    )


def test_production_without_the_views_is_read_and_status_says_what_is_not_noticed(
    command: Command, shop: Shop, warehouse: Warehouse, server: FakedServer
) -> None:
    shop.execute("DROP SCHEMA fdwarehouse CASCADE")
    server.shop.force("UPDATE customers SET full_name = 'Changed', updated_at = localtimestamp")
    warehouse.run()
    assert warehouse.column(NAMES) == ["Changed"] * 3
    assert warehouse.fence(warehouse.last_run())["kind"] == "lookback"
    command.use(warehouse.environment)
    said = " ".join(command.works("status").split())
    assert "clock set back, another server and rewritten tables are not detected" in said
    assert "`fdwarehouse bootstrap --side production`" in said


def test_warehouse_of_the_version_before_goes_on(
    shop: Shop, warehouse: Warehouse, server: FakedServer
) -> None:
    warehouse.execute(
        """
        UPDATE etl.fences SET asked_at = NULL, answered_at = NULL, system_identifier = NULL,
            timeline = NULL, running_since = NULL, is_in_recovery = NULL
        """,
        "DELETE FROM etl.storage",
    )
    server.write("customers SET full_name = 'Changed' WHERE customer_id = 2")
    warehouse.run()
    assert warehouse.column(NAMES) == ["Ana", "Changed", "Ana"]
    assert (reconciled(warehouse), doubted(warehouse)) == ([], [])
    server.step("-1 minute")
    warehouse.run()
    assert reconciled(warehouse) == list(TABLES)
