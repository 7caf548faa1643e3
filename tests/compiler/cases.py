"""Hand-written changes, for rules that random changes rarely test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from tests.compiler.keeping import Keeper
from tests.compiler.world import KEYS, World

JANUARY, FEBRUARY, MARCH = (datetime(2024, month, 1) for month in (1, 2, 3))  # noqa: DTZ001


@dataclass(frozen=True)
class Case:
    """Rows before and after: table -> rows with their keys; None for one that goes.

    Attributes:
        name: what happens.
        shape: the table that must follow.
    """

    name: str
    shape: str
    before: dict[str, list[dict[str, Any]]]
    after: dict[str, list[dict[str, Any]]]


def _order(order_id: int, customer_id: int, day: datetime, **others: Any) -> dict[str, Any]:
    row = {"status": "paid", "currency": None, "is_deleted": False}
    return {"order_id": order_id, "customer_id": customer_id, "order_date": day, **row, **others}


def _customer(customer_id: int, country: str) -> dict[str, Any]:
    row = {"name": "A", "referrer_id": None, "is_deleted": False}
    return {"customer_id": customer_id, "country": country, **row}


def _item(order_item_id: int, order_id: int, **others: Any) -> dict[str, Any]:
    row = {"product_id": 1, "quantity": 1, "unit_price": 1, "is_deleted": False}
    return {"order_item_id": order_item_id, "order_id": order_id, **row, **others}


def _version(valid_from: datetime, valid_to: datetime, segment: str = "vip") -> dict[str, Any]:
    row = {"customer_key": 1, "customer_id": 1, "segment": segment}
    return {**row, "valid_from": valid_from, "valid_to": valid_to}


def _reading(**values: Any) -> dict[str, Any]:
    names = ("grade", "attributes", "body", "during", "numbers", "taken_at", "is_valid")
    row = {"reading_id": 1, "sensor": "a", "span": "1 mon", "amount": "1.0"}
    return {**row, **dict.fromkeys(names), **values}


_PRODUCT = {"product_id": 1, "name": "P", "category": "a", "price": 1, "is_deleted": False}

CASES = [
    Case(
        "two orders swap their being in a version: +1 and -1 of one group",
        "status_of_known",
        {
            "silver.clean_orders": [_order(1, 1, JANUARY), _order(2, 1, FEBRUARY)],
            "gold.dim_customers": [_version(JANUARY, FEBRUARY)],
        },
        {"gold.dim_customers": [_version(FEBRUARY, MARCH)]},
    ),
    Case(
        "two orders of one customer swap their being in a version",
        "known_orders",
        {
            "silver.clean_customers": [_customer(1, "DE")],
            "silver.clean_orders": [_order(1, 1, JANUARY), _order(2, 1, FEBRUARY)],
            "gold.dim_customers": [_version(JANUARY, FEBRUARY)],
        },
        {"gold.dim_customers": [_version(FEBRUARY, MARCH)]},
    ),
    Case(
        "an order moves to another customer while the first moves to another country",
        "revenue_by_country",
        {
            "silver.clean_customers": [_customer(1, "DE"), _customer(2, "US")],
            "silver.clean_orders": [_order(1, 1, JANUARY)],
            "silver.clean_order_items": [_item(1, 1)],
        },
        {
            "silver.clean_customers": [_customer(1, "FR")],
            "silver.clean_orders": [_order(1, 2, JANUARY)],
        },
    ),
    Case(
        "a value within NOT IN becomes null: nothing is known of any row",
        "never_in_bulk",
        {
            "silver.clean_products": [_PRODUCT],
            "silver.clean_order_items": [_item(1, 1, product_id=None)],
        },
        {"silver.clean_order_items": [_item(1, 1, product_id=None, quantity=3)]},
    ),
    Case(
        "a version that joins the row of nothing gets another name",
        "joined_by_a_missing_row",
        {
            "silver.clean_orders": [_order(1, 1, JANUARY)],
            "gold.dim_customers": [_version(JANUARY, FEBRUARY)],
        },
        {"gold.dim_customers": [_version(JANUARY, FEBRUARY, "other")]},
    ),
    Case(
        "an item moves from an order whose customer changes its country",
        "german_items",
        {
            "silver.clean_customers": [_customer(1, "DE")],
            "silver.clean_orders": [_order(1, 1, JANUARY), _order(2, 9, JANUARY)],
            "silver.clean_order_items": [_item(1, 1, quantity=2)],
        },
        {
            "silver.clean_customers": [_customer(1, "FR")],
            "silver.clean_orders": [_order(1, 3, JANUARY)],
            "silver.clean_order_items": [_item(1, 2, quantity=2)],
        },
    ),
    Case(
        "a month becomes the 30 days that it equals",
        "interval_groups",
        {"gold.readings": [_reading()]},
        {"gold.readings": [_reading(span="30 days")]},
    ),
    Case(
        "a number gets another digit behind the point",
        "amounts",
        {"gold.readings": [_reading()]},
        {"gold.readings": [_reading(amount="1.00")]},
    ),
    Case(
        "a second item has as many pieces as the first",
        "lateral_limit_ties",
        {
            "silver.clean_orders": [_order(1, 1, JANUARY)],
            "silver.clean_order_items": [_item(1, 1, quantity=2), _item(2, 1)],
        },
        {"silver.clean_order_items": [_item(2, 1, quantity=2)]},
    ),
]


def wrong_after(keeper: Keeper, case: Case) -> list[tuple[str, str]]:
    """Run a case; return how the table differs from its SELECT."""
    keeper.reset()
    world = World(keeper.connection, Random(0))
    kept = keeper.kept[case.shape]
    for run_id, rows in ((1, case.before), (2, case.after)):
        changes = {}
        for table, listed in rows.items():
            for row in listed:
                key = tuple(row[k] for k in KEYS[table])
                changes[table, key] = {k: v for k, v in row.items() if k not in KEYS[table]}
        world.write(run_id, changes)
        keeper.refresh(kept, run_id, kept.mark)
    return keeper.difference(kept)
