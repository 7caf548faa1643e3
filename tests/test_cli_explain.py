"""`fdwarehouse explain`: the arms of a table, what they cost, and the indexes that they want."""

import json

import psycopg
import pytest

from fdwarehouse.database.explanation import Arm, Cost, Explanation, WantedIndex
from fdwarehouse.terminal.explanation import show_explanation
from tests.command import Command
from tests.compiler.keeping import Keeper
from tests.harness import Warehouse
from tests.servers import Servers

SCAN = Cost(rows=5000, cost=90.0, scanned=("orders",))
THERE = WantedIndex("silver.orders", ("customer_id",), is_there=True)
MISSING = WantedIndex("silver.orders", ("customer_id",), is_there=False)
CHANGES = Arm("Changes of customers.", "SELECT 1", SCAN)
ALL_ROWS = Arm("For a full refresh: all rows.", "SELECT 1", SCAN, is_of_full_refresh=True)
COUNTED = Arm("Changes of customers.", "SELECT 1", Cost(5000, 90.0, actual_rows=12, pages=34))


@pytest.mark.parametrize(
    ("arms", "indexes", "warned"),
    [
        ([CHANGES], [MISSING], True),
        ([CHANGES], [THERE, MISSING], True),
        ([CHANGES], [THERE], False),
        ([CHANGES], [], False),
        ([ALL_ROWS], [MISSING], False),
        ([ALL_ROWS, CHANGES], [MISSING], True),
    ],
)
def test_scan_is_an_alarm_only_where_an_index_is_missing(
    capsys: pytest.CaptureFixture[str],
    arms: list[Arm],
    indexes: list[WantedIndex],
    warned: bool,
) -> None:
    show_explanation(Explanation("gold.x", "x.sql", "how", arms, indexes), with_sql=False)
    said = " ".join(capsys.readouterr().out.split())
    assert ("Changes of customers. It reads all of orders: an index" in said) == warned
    assert "all rows. It reads" not in said


@pytest.mark.parametrize(("arm", "shown"), [(CHANGES, False), (COUNTED, True)])
def test_columns_of_analyze_are_shown_only_when_they_are_filled(
    capsys: pytest.CaptureFixture[str], arm: Arm, shown: bool
) -> None:
    show_explanation(Explanation("gold.x", "x.sql", "how", [arm]), with_sql=False)
    said = capsys.readouterr().out
    assert ("actual rows" in said, "pages" in said) == (shown, shown)
    assert ("34" in said) == shown


def test_explain_after_a_first_run(command: Command, seeded_warehouse: Warehouse) -> None:
    command.use(seeded_warehouse.environment)
    command.works("run")
    for name in ("gold.fact_sales", "gold.customer_lifetime_value", "gold.daily_sales"):
        said = command.works("explain", name)
        assert "deploy creates it" not in said
        assert "an index may be missing" not in said
        assert "actual rows" not in said
        assert "pages" not in said
    analyzed = command.works("explain", "gold.fact_sales", "--analyze")
    assert "actual rows" in analyzed
    assert "pages" in analyzed


def test_every_arm_of_a_counted_table_names_what_it_reads(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    command.works("run")
    told = json.loads(command.works("explain", "gold.daily_sales", "--json"))
    arms = {arm["comment"]: arm["is_of_full_refresh"] for arm in told["arms"]}
    assert arms == {
        "Changed rows of gold.fact_sales: new images (1) and old images (-1).": False,
        "For a full refresh: all rows.": True,
    }


def test_counted_rows_of_a_join_name_its_finest_table(servers: Servers) -> None:
    name = servers.create_database("warehouse", "bare")
    url = servers.url("warehouse", "admin", name)
    names = ("revenue_by_country", "asof_count", "referrals")
    with psycopg.connect(url, autocommit=True) as connection:
        kept = Keeper(connection, names).kept
    said = {n: k.plan.counting.changed.comment for n, k in kept.items() if k.plan.counting}
    signs = ": new images (1) and old images (-1)."
    assert said == {
        "revenue_by_country": f"Changed rows of silver.clean_order_items{signs}",
        "asof_count": f"Changed rows of silver.clean_orders{signs}",
        "referrals": f"Changed rows of silver.clean_customers{signs}",
    }
    servers.drop_database("warehouse", name)
