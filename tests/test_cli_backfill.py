"""`fdwarehouse backfill`, as typed."""

import re

from tests.command import Command
from tests.harness import Shop, Warehouse
from tests.test_models import sell


def test_backfill_as_typed(
    command: Command, seeded_shop: Shop, seeded_warehouse: Warehouse
) -> None:
    seeded_shop.execute("ANALYZE")
    command.use(seeded_warehouse.environment)
    said = command.works("backfill", "--jobs", "3", "--chunk-rows", "100")
    assert re.fullmatch(
        r"backfill succeeded in .*: 1,787 rows in \d\d chunks\n"
        r"`fdwarehouse run` takes up what has changed since it began, and builds the rest.\n",
        said,
    )
    assert "nothing to load" in command.works("backfill")
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
    said = command.fails(1, "backfill", "--chunk-rows", "2")
    assert "bronze.raw_order_items: new row" in said
    assert re.search(
        r"What was loaded stays \(\d+ of \d+ chunks loaded\): `fdwarehouse backfill`", said
    )
    warehouse.execute("ALTER TABLE bronze.raw_order_items DROP CONSTRAINT no_five")
    assert "backfill succeeded" in command.works("backfill")


def test_backfill_as_the_loader_who_may_call_only(command: Command, warehouse: Warehouse) -> None:
    command.use({"WAREHOUSE_URL": warehouse.urls["loader"]})
    assert command.works("backfill").startswith("backfill succeeded in ")
