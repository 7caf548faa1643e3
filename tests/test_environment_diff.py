"""`diff A B`: the rows in which two environments differ."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies
from psycopg.conninfo import make_conninfo

from fdwarehouse.database.comparing.environments import Environment, compare_environments
from fdwarehouse.database.connections import connect
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


def test_servers_of_other_encodings_and_collations_are_compared_by_key(
    shop: Shop, bootstrapped_warehouse: Warehouse
) -> None:
    """Both sort by their own collation, which must not decide which rows meet."""
    texts = ["a", "B", "\u00e4", "z", "\u00d6l", "", "A b", "a-b", "ab", "\u00ff"]
    latin = f"{bootstrapped_warehouse.name}_latin1"
    with bootstrapped_warehouse.connect("admin", autocommit=True) as admin:
        admin.execute(
            f"CREATE DATABASE {latin} ENCODING LATIN1 LOCALE 'C' LOCALE_PROVIDER libc "
            "TEMPLATE template0".encode()
        )
    urls = {
        "dev": shop.urls["admin"],
        "prod": make_conninfo(bootstrapped_warehouse.urls["admin"], dbname=latin),
    }
    with ExitStack() as stack:
        compared = []
        for name, url in urls.items():
            warehouse = stack.enter_context(connect(url))
            warehouse.execute("CREATE SCHEMA gold")
            warehouse.execute("CREATE SCHEMA etl")
            warehouse.execute(
                "CREATE TABLE etl.range_partitions (every text, dates_column text, table_name text)"
            )
            warehouse.execute(
                "CREATE TABLE gold.t (k text, n int, v numeric, UNIQUE NULLS NOT DISTINCT (k, n))"
            )
            warehouse.cursor().executemany(
                "INSERT INTO gold.t VALUES (%s, %s, %s)",
                [(t, n or None, n) for t in [*texts, None] for n in range(400)],
            )
            compared.append(Environment(name, warehouse, ["gold.t"]))
        compared[1].warehouse.execute("UPDATE gold.t SET v = 0.50 WHERE k = '\u00e4' AND n = 7")
        compared[0].warehouse.execute("DELETE FROM gold.t WHERE k = '\u00d6l' AND n IS NULL")
        definition: Any = SimpleNamespace(
            model="gold.t", header=SimpleNamespace(kind="table", key=["k", "n"])
        )
        (found,) = compare_environments(compared[0], compared[1], [definition], rows=5)
    assert (found.before, found.after) == (11 * 400 - 1, 11 * 400)
    assert found.sample.missing == ()
    assert found.sample.unexpected == ({"k": "\u00d6l", "n": None, "v": "0"},)
    assert [(p.expected, p.actual) for p in found.sample.different] == [
        ({"k": "\u00e4", "n": "7", "v": "7"}, {"k": "\u00e4", "n": "7", "v": "0.5"})
    ]


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
