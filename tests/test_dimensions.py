"""Gold's dimensions: history as production stamped it, inferred and unknown members."""

import pytest

from tests.harness import Row, Shop, Warehouse
from tests.test_models import assert_is_as_rebuilt

FIRST, LAST = "-infinity", "infinity"


def insert_customer(shop: Shop, name: str = "Ana", stamp: str = "2020-01-01") -> None:
    values = f"1, 'ana@example.com', '{name}', '2020-01-01', '{stamp}'"
    shop.force(f"INSERT INTO customers VALUES ({values})")


def rename_customer(shop: Shop, name: str, stamp: str) -> None:
    shop.force(f"UPDATE customers SET full_name = '{name}', updated_at = '{stamp}'")


def sell(shop: Shop, *order_dates: str) -> None:
    """Add orders of customer 1, of one item each; order and item have the number of the date."""
    for number, date in enumerate(order_dates, 1):
        stamps = f"'{date}', now()"
        shop.force(
            f"INSERT INTO orders VALUES ({number}, 1, '{date}', 'delivered', {stamps})",
            f"INSERT INTO order_items VALUES ({number}, {number}, 1, 2, 5, {stamps})",
        )


def history(warehouse: Warehouse) -> list[Row]:
    """Name, from and to of each version of a customer, in their order."""
    return warehouse.rows(
        """
        SELECT full_name, valid_from::text, valid_to::text FROM gold.dim_customers
        WHERE customer_key <> -1 ORDER BY customer_id, valid_from
        """
    )


def sold_to(warehouse: Warehouse) -> list[Row]:
    """Item and name of the customer's version that it was sold to."""
    return warehouse.rows(
        """
        SELECT f.order_item_id, d.full_name
        FROM gold.fact_sales AS f INNER JOIN gold.dim_customers AS d USING (customer_key)
        ORDER BY f.order_item_id
        """
    )


def seen_at(warehouse: Warehouse, run_id: int) -> str:
    """When a run extracted customers, on production's clock."""
    query = (
        "SELECT DISTINCT (_extracted_at AT TIME ZONE 'UTC')::text FROM bronze.raw_customers "
        "WHERE _run_id = %s"
    )
    return str(warehouse.value(query, [run_id]))


def test_first_version_is_valid_from_the_beginning(shop: Shop, warehouse: Warehouse) -> None:
    insert_customer(shop)
    run_id = warehouse.run()
    assert warehouse.rows(
        """
        SELECT customer_id, full_name, email, created_at::text, updated_at::text, valid_from::text,
            valid_to::text, is_current, is_inferred, _inserted_run_id, _run_id
        FROM gold.dim_customers WHERE customer_key > 0
        """
    ) == [
        (
            *(1, "Ana", "ana@example.com", "2020-01-01 00:00:00", "2020-01-01 00:00:00"),
            *(FIRST, LAST, True, False, run_id, run_id),
        )
    ]


def test_change_makes_a_version_valid_from_its_stamp(shop: Shop, warehouse: Warehouse) -> None:
    insert_customer(shop)
    first_run = warehouse.run()
    rename_customer(shop, "Ann", "2021-01-01")
    second_run = warehouse.reconcile()
    rename_customer(shop, "Ana", "2022-01-01")  # unchanged, but a version
    third_run = warehouse.reconcile()
    assert history(warehouse) == [
        ("Ana", FIRST, "2021-01-01 00:00:00"),
        ("Ann", "2021-01-01 00:00:00", "2022-01-01 00:00:00"),
        ("Ana", "2022-01-01 00:00:00", LAST),
    ]
    assert warehouse.rows(
        """
        SELECT is_current, _inserted_run_id, _run_id FROM gold.dim_customers
        WHERE customer_id = 1 ORDER BY valid_from
        """
    ) == [
        (False, first_run, second_run),
        (False, second_run, third_run),
        (True, third_run, third_run),
    ]


def test_change_of_price_makes_a_version_of_the_product(shop: Shop, warehouse: Warehouse) -> None:
    shop.force("INSERT INTO products VALUES (1, 'Kite', 'Toys', 5, '2020-01-01', '2020-01-01')")
    warehouse.run()
    shop.force("UPDATE products SET price = 6, updated_at = '2021-01-01'")
    warehouse.reconcile()
    query = """
        SELECT name, category, price::text, valid_from::text, valid_to::text, is_current
        FROM gold.dim_products WHERE product_key > 0 ORDER BY valid_from
    """
    assert warehouse.rows(query) == [
        ("Kite", "toys", "5.00", FIRST, "2021-01-01 00:00:00", False),
        ("Kite", "toys", "6.00", "2021-01-01 00:00:00", LAST, True),
    ]


def test_unchanged_attributes_make_no_version(shop: Shop, warehouse: Warehouse) -> None:
    insert_customer(shop)
    warehouse.run()
    rename_customer(shop, "  ana ", "2021-01-01")  # the same once cleaned
    warehouse.reconcile()
    assert history(warehouse) == [("Ana", FIRST, LAST)]
    query = "SELECT updated_at::text FROM gold.dim_customers WHERE customer_key > 0"
    assert warehouse.column(query) == ["2021-01-01 00:00:00"]


def test_several_versions_between_two_builds_are_all_kept(shop: Shop, warehouse: Warehouse) -> None:
    insert_customer(shop)
    for year, name in (("2021", "Ann"), ("2022", "Anna"), ("2023", "Anne")):
        warehouse.call("etl.extract_and_load_bronze(p_is_full => true)")
        rename_customer(shop, name, f"{year}-01-01")
    warehouse.reconcile()
    assert history(warehouse) == [
        ("Ana", FIRST, "2021-01-01 00:00:00"),
        ("Ann", "2021-01-01 00:00:00", "2022-01-01 00:00:00"),
        ("Anna", "2022-01-01 00:00:00", "2023-01-01 00:00:00"),
        ("Anne", "2023-01-01 00:00:00", LAST),
    ]


def test_silent_change_is_valid_from_when_it_was_seen(shop: Shop, warehouse: Warehouse) -> None:
    insert_customer(shop)
    warehouse.run()
    rename_customer(shop, "Ann", "2020-01-01")
    seen = seen_at(warehouse, warehouse.reconcile())
    assert history(warehouse) == [("Ana", FIRST, seen), ("Ann", seen, LAST)]


def test_deletion_closes_and_return_opens_again(shop: Shop, warehouse: Warehouse) -> None:
    insert_customer(shop)
    sell(shop, "2019-01-01", "2019-01-01", "2031-01-01")
    warehouse.run()
    shop.force("DELETE FROM customers")
    gone = seen_at(warehouse, warehouse.reconcile())
    shop.execute("UPDATE orders SET order_date = clock_timestamp() WHERE order_id = 2")
    warehouse.run()
    assert history(warehouse) == [("Ana", FIRST, gone)]
    assert (
        warehouse.rows("SELECT FROM gold.dim_customers WHERE is_current AND customer_id = 1") == []
    )
    assert sold_to(warehouse) == [(1, "Ana"), (2, "Unknown"), (3, "Unknown")]
    back = shop.value("SELECT clock_timestamp()::timestamp::text")
    insert_customer(shop, "Ana", back)
    warehouse.run()
    assert history(warehouse) == [("Ana", FIRST, gone), ("Ana", back, LAST)]
    assert sold_to(warehouse) == [(1, "Ana"), (2, "Unknown"), (3, "Ana")]


def test_version_that_was_closed_too_early_takes_back_its_facts(
    shop: Shop, warehouse: Warehouse
) -> None:
    insert_customer(shop)
    warehouse.run()
    back = shop.value("SELECT clock_timestamp()::timestamp::text")
    shop.force("DELETE FROM customers")
    warehouse.reconcile()
    sell(shop, "now")
    warehouse.run()
    assert sold_to(warehouse) == [(1, "Unknown")]
    insert_customer(shop, "Ana", back)  # committed after the deletion was seen, begun before
    warehouse.reconcile()
    assert sold_to(warehouse) == [(1, "Ana")]
    assert_is_as_rebuilt(warehouse)


@pytest.mark.parametrize("stamp", ["infinity", "2099-01-01"])
def test_stamp_that_is_later_than_its_row_was_seen_does_not_distort_history(
    shop: Shop, warehouse: Warehouse, stamp: str
) -> None:
    insert_customer(shop)
    warehouse.run()
    rename_customer(shop, "Ann", stamp)
    ann = seen_at(warehouse, warehouse.run())
    shop.execute("UPDATE customers SET full_name = 'Bo'")
    bo = seen_at(warehouse, warehouse.reconcile())
    assert history(warehouse) == [("Ana", FIRST, ann), ("Ann", ann, bo), ("Bo", bo, LAST)]


def test_customer_of_production_with_the_id_of_no_customer(
    shop: Shop, warehouse: Warehouse
) -> None:
    insert_customer(shop)
    shop.force("UPDATE customers SET customer_id = -1")
    warehouse.run()
    assert warehouse.rows("SELECT customer_id, full_name FROM gold.dim_customers ORDER BY 1") == [
        (-1, "Ana"),
        (None, "Unknown"),
    ]


def test_facts_take_the_version_valid_at_their_time(shop: Shop, warehouse: Warehouse) -> None:
    insert_customer(shop)
    warehouse.run()
    rename_customer(shop, "Ann", "2021-01-01")
    sell(shop, "1999-12-31", "2020-12-31 23:59:59.999999", "2021-01-01", "2024-01-01")
    warehouse.reconcile()
    assert sold_to(warehouse) == [(1, "Ana"), (2, "Ana"), (3, "Ann"), (4, "Ann")]


def test_version_that_arrives_late_rekeys_the_facts_it_touches(
    shop: Shop, warehouse: Warehouse
) -> None:
    insert_customer(shop)
    sell(shop, "2020-12-31", "2021-01-01", "2023-01-01")
    warehouse.run()
    assert sold_to(warehouse) == [(1, "Ana"), (2, "Ana"), (3, "Ana")]
    for name, stamp in (("Ann", "2021-01-01"), ("Anna", "2022-01-01")):
        rename_customer(shop, name, stamp)
        warehouse.call("etl.extract_and_load_bronze(p_is_full => true)")
    warehouse.call("etl.build_silver()")
    warehouse.call("etl.build_gold()")
    assert sold_to(warehouse) == [(1, "Ana"), (2, "Ann"), (3, "Anna")]
    assert warehouse.step_counts(warehouse.last_run())["gold.fact_sales"] == (2, 0, 2, 0, 0)


def test_missing_member_is_inferred_and_completed_when_it_comes(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, "2024-01-01")
    warehouse.run()
    query = """
        SELECT customer_id, full_name, email, valid_from::text, valid_to::text, is_inferred,
            customer_key = (SELECT customer_key FROM gold.fact_sales), customer_key > 0
        FROM gold.dim_customers WHERE customer_key <> -1
    """
    assert warehouse.rows(query) == [(1, None, None, FIRST, LAST, True, True, True)]
    key = warehouse.value("SELECT customer_key FROM gold.fact_sales")
    insert_customer(shop, stamp="2021-01-01")
    warehouse.reconcile()
    complete = (1, "Ana", "ana@example.com", FIRST, LAST, False, True, True)
    assert warehouse.rows(query) == [complete]
    assert warehouse.value("SELECT customer_key FROM gold.fact_sales") == key


def test_unknown_members_are_there_before_anything_else(warehouse: Warehouse) -> None:
    query = "SELECT {}_key, {}_id, {} FROM gold.dim_{}s"
    assert warehouse.rows(query.format(*["customer"] * 2, "full_name", "customer")) == [
        (-1, None, "Unknown")
    ]
    assert warehouse.rows(query.format(*["product"] * 2, "name", "product")) == [
        (-1, None, "Unknown")
    ]
