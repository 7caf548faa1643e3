"""Bronze pruned where silver rejects versions: the last accepted version counts."""

from collections.abc import Callable

import pytest

from tests.harness import Shop, Warehouse
from tests.test_models import assert_is_as_rebuilt
from tests.test_retention import HOUR, prune, repricing, versions


@pytest.fixture
def reprice(shop: Shop, warehouse: Warehouse) -> Callable[[int], None]:
    return repricing(shop, warehouse)


def test_g3_last_good_version_of_a_rejected_row_stays(
    warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    reprice(6)
    reprice(-1)
    assert prune(warehouse) == 1
    assert versions(warehouse, "products", "price") == [(6, False), (-1, False)]
    warehouse.run()
    assert_is_as_rebuilt(warehouse)
    assert warehouse.column("SELECT price FROM silver.clean_products") == [6]
    reprice(8)
    assert prune(warehouse) == 2


def test_g3_rejected_version_is_not_what_was_true_at_the_age(
    warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    for price in (6, -1, 7):
        reprice(price)
    last = "UPDATE bronze.raw_products SET _extracted_at = now() WHERE price = 7"
    warehouse.execute(f"UPDATE bronze.raw_products SET _extracted_at = now() - {HOUR}", last)
    warehouse.call("etl.rebuild()")
    assert prune(warehouse, "30 minutes") == 1
    assert versions(warehouse, "products", "price") == [(6, False), (-1, False), (7, False)]


def test_g3_last_good_version_stays_beside_a_tombstone(
    shop: Shop, warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    for price in (6, -1):
        reprice(price)
    shop.force("DELETE FROM products")
    warehouse.reconcile()
    assert prune(warehouse) == 1
    assert versions(warehouse, "products", "price") == [(6, False), (-1, False), (-1, True)]
    warehouse.run()
    names = "SELECT price, is_inferred FROM gold.dim_products WHERE product_id = 1"
    assert warehouse.rows(names) == [(6, False)]


def test_g3_version_that_silver_has_not_seen_is_judged_all_the_same(
    shop: Shop, warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    reprice(6)
    shop.execute("UPDATE products SET price = -1")
    warehouse.call("etl.extract_and_load_bronze()")
    assert prune(warehouse) == 1
    assert versions(warehouse, "products", "price") == [(6, False), (-1, False)]
    warehouse.run()
    assert_is_as_rebuilt(warehouse)
    assert warehouse.column("SELECT price FROM silver.clean_products") == [6]
