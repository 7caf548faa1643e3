"""`diff A B`: the rows in which two environments differ."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given, strategies

from fdwarehouse.project.row_differences import merge
from tests.command import Command
from tests.harness import Shop, Warehouse
from tests.servers import Servers
from tests.test_data_plan import cells_of


@pytest.fixture
def other(servers: Servers, seeded_shop: Shop) -> Iterator[Warehouse]:
    """Another warehouse of the same shop, whose surrogate keys have other numbers."""
    with closing(servers.warehouse("deployed", seeded_shop)) as warehouse:
        warehouse.execute(
            "ALTER TABLE gold.dim_customers ALTER COLUMN customer_key RESTART WITH 5000",
            role="owner",
        )
        yield warehouse
    servers.drop_database("warehouse", warehouse.name)


@pytest.fixture
def environments(
    command: Command, seeded_warehouse: Warehouse, other: Warehouse
) -> dict[str, Warehouse]:
    found = {"dev": seeded_warehouse, "prod": other}
    for warehouse in found.values():
        warehouse.run()
    command.use({f"{n.upper()}_WAREHOUSE_URL": w.urls["owner"] for n, w in found.items()})
    return found


def test_environments_with_the_same_rows_are_equal_whatever_their_surrogate_keys(
    command: Command, environments: dict[str, Warehouse]
) -> None:
    keys = "SELECT max(customer_key) FROM gold.fact_sales"
    assert environments["dev"].value(keys) < environments["prod"].value(keys)
    told = command.works("diff", "dev", "prod")
    assert told.splitlines()[-1].endswith("tables are equal.")
    sales = environments["dev"].value("SELECT count(*) FROM gold.fact_sales")
    assert cells_of(told, "gold.fact_sales") == [["gold.fact_sales", *[f"{sales:,}"] * 2, *"000"]]
    assert cells_of(told, "silver.clean_orders")
    assert not cells_of(told, "bronze.raw_orders")


def test_rows_that_differ_are_counted_and_shown_by_cell(
    command: Command, environments: dict[str, Warehouse]
) -> None:
    rows = "SELECT date_key, orders, revenue FROM gold.daily_sales ORDER BY date_key::text"
    first, second, third, fourth = environments["dev"].rows(rows)[:4]
    environments["dev"].execute(
        f"DELETE FROM gold.daily_sales WHERE date_key = {fourth[0]}", role="owner"
    )
    environments["prod"].execute(
        f"UPDATE gold.daily_sales SET revenue = 7 WHERE date_key IN ({first[0]}, {second[0]})",
        f"UPDATE gold.daily_sales SET orders = 99 WHERE date_key = {second[0]}",
        f"DELETE FROM gold.daily_sales WHERE date_key = {third[0]}",
        "ALTER TABLE gold.cohort_months ADD COLUMN more integer",
        role="owner",
    )
    said = command("diff", "dev", "prod")
    assert said.exit_code == 1
    assert "2 tables of " in said.err
    assert "differ: gold.daily_sales, gold.cohort_months" in said.err
    days = environments["dev"].value("SELECT count(*) FROM gold.daily_sales")
    assert cells_of(said.out, "gold.daily_sales") == [
        ["gold.daily_sales", *[f"{days}"] * 2, "1", "2", "1", "orders (1), revenue (2)"]
    ]
    assert [c[1] for c in cells_of(said.out, "only dev")] == [str(third[0])]
    assert [c[1] for c in cells_of(said.out, "only prod")] == [str(fourth[0])]
    assert cells_of(said.out, "different")[1][:4] == [
        "different",
        str(second[0]),
        f"{second[1]} | 99",
        f"{second[2].normalize():f} | 7",
    ]
    assert "only prod has the columns more" in said.out
    assert command.works("diff", "dev", "prod", "-s", "silver").endswith("tables are equal.\n")
    assert command.works("diff", "dev", "dev").endswith("tables are equal.\n")


def test_environment_without_connection_is_named(
    command: Command, environments: dict[str, Warehouse]
) -> None:
    assert "CI_WAREHOUSE_URL is not set" in command.fails(2, "diff", "dev", "ci")


KEYS = strategies.one_of(strategies.none(), strategies.text(max_size=2))
STATES = strategies.dictionaries(KEYS, strategies.sampled_from(["1", "2", None]), max_size=8)


@given(STATES, STATES)
def test_merge_finds_what_differs(
    old: dict[str | None, str | None], new: dict[str | None, str | None]
) -> None:
    states = tuple(
        [
            ((key,), (key, state[key]))
            for key in sorted(state, key=lambda key: (key is not None, (key or "").encode()))
        ]
        for state in (old, new)
    )
    found = merge("t", ["k", "v"], ["k"], (states[0], states[1]), rows=100)
    assert {row["k"] for row in found.sample.missing} == {*old} - {*new}
    assert {row["k"] for row in found.sample.unexpected} == {*new} - {*old}
    changed = {key for key in {*old} & {*new} if old[key] != new[key]}
    assert {pair.actual["k"] for pair in found.sample.different} == changed
    counts = (found.before, found.after, found.removed, found.inserted, found.updated)
    assert counts == (
        *(len(old), len(new), len({*old} - {*new}), len({*new} - {*old}), len(changed)),
    )
