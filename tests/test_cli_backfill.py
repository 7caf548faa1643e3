"""`fdwarehouse backfill`, as typed."""

import re

import psycopg
import pytest

from fdwarehouse.database.backfilling import Backfill
from tests.command import Command
from tests.harness import Shop, Warehouse, wait_until
from tests.test_models import sell


def test_backfill_as_typed(
    command: Command, seeded_shop: Shop, seeded_warehouse: Warehouse
) -> None:
    seeded_shop.execute("ANALYZE")
    command.use(seeded_warehouse.environment)
    said = command.works("backfill", "--jobs", "3", "--chunk-rows", "100")
    assert re.fullmatch(
        r"(?:\d+ of \d+ chunks loaded, .*\n)*"
        r"backfill succeeded in .*: 1,787 rows in \d\d chunks\n"
        r"`fdwarehouse run` extracts what has changed since, and builds silver and gold.\n",
        said,
    )
    assert "there is nothing to do" in command.works("backfill")
    loaded = command.works("status")  # before the first run, which reconciles
    assert re.search(r"✓ +1 +etl\.backfill .* 1,787 +1,787 +0\n", loaded)
    assert command.works("run").splitlines()[-1].startswith("run 2 succeeded")
    assert seeded_warehouse.column("SELECT run_id FROM etl.runs ORDER BY 1") == [1, 2]


def test_backfill_that_fails_says_how_far_it_came(
    command: Command, shop: Shop, warehouse: Warehouse
) -> None:
    for number in range(1, 9):
        sell(shop, number)
    shop.execute("ANALYZE")
    warehouse.execute(
        "ALTER TABLE bronze.raw_order_items ADD CONSTRAINT no_five CHECK (order_item_id <> 5)"
    )
    command.use(warehouse.environment)
    failed = command("backfill", "--chunk-rows", "2")
    assert failed.exit_code == 1
    said = failed.err
    assert "bronze.raw_order_items: new row" in said
    assert re.fullmatch(
        r"backfill failed in .*: \[23514\] bronze\.raw_order_items: new row .*",
        failed.out.splitlines()[-1],
    )
    assert re.search(
        r"Loaded chunks are kept \(\d+ of \d+ chunks loaded\); `fdwarehouse backfill`", said
    )
    assert re.search(
        r"\d+ of \d+ chunks are loaded: `fdwarehouse backfill` loads the rest\n",
        command.works("status"),
    )
    warehouse.execute("ALTER TABLE bronze.raw_order_items DROP CONSTRAINT no_five")
    assert "backfill succeeded" in command.works("backfill")


def test_a_session_whose_run_another_one_has_ended_does_not_hide_the_cause(shop: Shop) -> None:
    errors = []
    for code in ("DW004", "23514"):
        with pytest.raises(psycopg.Error) as caught:
            shop.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$")
        errors.append(caught.value)
    for order in (errors, errors[::-1]):
        assert Backfill(1, None, None, order, False, []).cause is errors[1]
    assert Backfill(1, None, None, errors[:1], False, []).cause is errors[0]
    assert Backfill(1, None, None, [], False, []).cause is None


def test_backfill_whose_client_is_gone_is_taken_up(
    command: Command, seeded_shop: Shop, seeded_warehouse: Warehouse
) -> None:
    seeded_shop.execute("ANALYZE")
    command.use(seeded_warehouse.environment)
    with seeded_warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_order_items IN SHARE MODE")
        gone = seeded_warehouse.begin("etl.backfill(100)")
        loaded = "SELECT sum(chunks_loaded) FROM etl.backfill_progress"
        wait_until(lambda: (seeded_warehouse.value(loaded) or 0) > 2)
        gone.wait_until_blocked()
        holder.execute("SELECT pg_terminate_backend(%s)", [gone.pid])
    with pytest.raises(psycopg.OperationalError):
        gone.result()
    said = command.works("status")
    assert re.search(r"run 1 is running: \d+ of \d+ chunks done", said)
    said = command.fails(1, "run")
    assert "run 1 is in progress" in said
    assert "CALL etl.backfill() continues it" in said
    assert "backfill succeeded" in command.works("backfill")
    assert seeded_warehouse.column("SELECT run_id FROM etl.runs") == [1]


def test_run_after_a_backfill_whose_client_is_gone_waits_a_minute(warehouse: Warehouse) -> None:
    warehouse.call("etl.backfill()")
    leases = "SELECT lease <= '1 minute' FROM etl.runs WHERE begun_by = 'etl.backfill'"
    assert warehouse.column(leases) == [True]


def test_backfill_tells_off_a_terminal_how_far_it_is(
    command: Command, seeded_shop: Shop, seeded_warehouse: Warehouse
) -> None:
    seeded_shop.execute("ANALYZE")
    command.use(seeded_warehouse.environment)
    said = command.works("backfill", "--jobs", "1", "--chunk-rows", "20")
    told = re.findall(r"^\d+ of \d+ chunks loaded, [\d,]+ rows", said, re.MULTILINE)
    assert 1 <= len(told) <= 10


def test_backfill_as_the_loader_who_may_call_only(command: Command, warehouse: Warehouse) -> None:
    command.use({"WAREHOUSE_URL": warehouse.urls["loader"]})
    assert "backfill succeeded in " in command.works("backfill")
