"""The cost of a run depends on the changes, not on the size: rows and pages are counted.

The same few changes are made in a shop, in one that is ten times as wide (customers, products and
orders), and in one that is ten times as old (only orders). Each has a session that has run before.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import NamedTuple

import pytest

from fdwarehouse.demo import seeding
from tests.harness import Shop
from tests.meter import Cost, Meter
from tests.servers import Servers
from tests.shop_database import AS_OF, PRODUCTION

SHOPS = {
    "small": "",
    "wide": "-c fdwarehouse.customers=1500 -c fdwarehouse.products=750 -c fdwarehouse.orders=4000",
    "old": "-c fdwarehouse.orders=4000",
}

ORDERS = 3
"""So many orders are new, with one item each, and so many orders of one item are cancelled."""

DAYS = 3
"""Over so many days pages are averaged: how large the groups are that an order is in is chance."""

CHANGES = (
    f"""
    WITH new_orders AS (
        INSERT INTO orders (customer_id)
        SELECT 1 + n * max(customer_id) / {ORDERS + 1}
        FROM customers CROSS JOIN generate_series(1, {ORDERS}) AS n GROUP BY n
        RETURNING order_id
    ),
    goods AS (SELECT max(product_id) AS last_id FROM products)
    INSERT INTO order_items (order_id, product_id, quantity, unit_price)
    SELECT order_id, 1 + row_number() OVER () * last_id / {ORDERS + 1}, 1, 10
    FROM new_orders CROSS JOIN goods
    """,
    f"""
    UPDATE orders SET status = 'cancelled' WHERE order_id IN (
        SELECT o.order_id FROM orders AS o INNER JOIN order_items AS i ON o.order_id = i.order_id
        WHERE o.status = 'delivered'
        GROUP BY o.order_id HAVING count(*) = 1 ORDER BY o.order_id DESC LIMIT {ORDERS}
    )
    """,
)

MEMBERS = (
    # a column of which all versions have the latest value, and two that have versions
    "UPDATE customers SET email = 'new' || email WHERE customer_id <= 3",
    "UPDATE customers SET full_name = 'New ' || full_name WHERE customer_id IN (4, 5)",
    "UPDATE products SET price = price + 1 WHERE product_id <= 3",
)
"""Members of both dimensions change."""


class Costs(NamedTuple):
    """The cost of runs of one shop: with changes, then with changes of members, then without."""

    changed: Cost
    members: Cost
    unchanged: Cost


@pytest.fixture(scope="module")
def costs(servers: Servers) -> Iterator[dict[str, Costs]]:
    with ExitStack() as opened:
        yield {name: _measure(servers, opened, counts) for name, counts in SHOPS.items()}


def _measure(servers: Servers, opened: ExitStack, counts: str) -> Costs:
    name = servers.create_database("production", "bare")
    admin = servers.url("production", "admin", name)
    seeding.seed(f"{admin} options='{counts}'", PRODUCTION, as_of=AS_OF)
    servers.bootstrap("production", name)
    urls = {role: servers.url("production", role, name) for role in ("admin", "reader")}
    shop = opened.enter_context(closing(Shop(urls)))
    warehouse = opened.enter_context(closing(servers.warehouse("deployed", shop)))
    meter = Meter(servers, shop, warehouse)
    shop.execute(*CHANGES)
    meter.run()  # the first day of a year has made its calendar, and every statement has its plan
    warehouse.execute("ANALYZE etl.steps")  # as autovacuum does, sooner or later
    days = []
    for _ in range(DAYS):
        shop.execute(*CHANGES)
        days.append(meter.run())
    touched = {step: sum(day.touched[step] for day in days) // DAYS for step in days[0].touched}
    shop.execute(*MEMBERS)
    return Costs(days[0]._replace(touched=touched), meter.run(), meter.run())


def too_many(large: int, small: int) -> bool:
    """Check for growth beyond the cost of a deeper index."""
    return large > 1.5 * small + 50


@pytest.mark.parametrize("shop", SHOPS)
def test_rows_written_are_those_that_changed(costs: dict[str, Costs], shop: str) -> None:
    written = costs[shop].changed.written
    lower = {t: n for t, n in written.items() if n and not t.startswith("gold.")}
    assert lower == {
        "bronze.raw_orders": 2 * ORDERS,
        "bronze.raw_order_items": ORDERS,
        "silver.clean_orders": 2 * ORDERS,
        "silver.clean_orders_changes": 2 * ORDERS,  # both images of an order that was cancelled
        "silver.clean_order_items": ORDERS,
    }
    assert written["gold.fact_sales"] == 2 * ORDERS
    # a log gets both images of a row that was updated, and forgets as many of the run before
    assert written["gold.fact_sales_changes"] == 2 * 3 * ORDERS
    logs = {t: t.removesuffix("_changes") for t in written if t.endswith("_changes")}
    assert {log for log, table in logs.items() if written[log] > 2 * 2 * written[table]} == set()
    # what a metric's row is made of may differ in several rows
    assert {t: n for t, n in written.items() if t not in logs and n > 6 * ORDERS} == {}


@pytest.mark.parametrize("shop", SHOPS)
def test_members_of_dimensions_are_written_that_changed(costs: dict[str, Costs], shop: str) -> None:
    written = costs[shop].members.written
    assert 3 <= written["gold.dim_customers"] <= 3 * 3 + 2 * 3  # an email is in all its versions
    assert written["gold.dim_products"] == 2 * 3  # a version ends and one begins
    assert written["gold.fact_sales"] == 0


@pytest.mark.parametrize("shop", SHOPS)
def test_nothing_is_written_when_nothing_changed(costs: dict[str, Costs], shop: str) -> None:
    assert not any(costs[shop].unchanged.written.values())


@pytest.mark.parametrize("shop", SHOPS)
def test_production_sends_what_changed(costs: dict[str, Costs], shop: str) -> None:
    sent = costs[shop].changed.sent
    # the day before is within the overlap, and is sent again; one row shows that there are any
    assert 2 * ORDERS + 1 <= sent.pop("orders") <= 4 * ORDERS + 1
    assert ORDERS + 1 <= sent.pop("order_items") <= 2 * ORDERS + 1
    assert not any(sent.values())


@pytest.mark.parametrize("shop", ["wide", "old"])
def test_production_finds_it_by_its_indexes(costs: dict[str, Costs], shop: str) -> None:
    read = costs[shop].changed.read  # customers and products have no index on updated_at
    assert max(read["orders"], read["order_items"]) <= 20


@pytest.mark.parametrize("shop", ["wide", "old"])
@pytest.mark.parametrize("day", ["changed", "members", "unchanged"])
def test_a_step_touches_no_more_pages_in_a_larger_shop(
    costs: dict[str, Costs], shop: str, day: str
) -> None:
    small: dict[str, int] = getattr(costs["small"], day).touched
    large: dict[str, int] = getattr(costs[shop], day).touched
    assert small.keys() == large.keys()
    growing = {step for step, pages in large.items() if too_many(pages, small[step])}
    assert {step: (small[step], large[step]) for step in growing} == {}
