"""Gold's dimensions as of a moment."""

from tests.harness import Shop, Warehouse
from tests.test_dimensions import insert_customer, rename_customer


def test_dimension_as_of_a_moment(shop: Shop, warehouse: Warehouse) -> None:
    insert_customer(shop)
    warehouse.run()
    rename_customer(shop, "Ann", "2021-01-01")
    warehouse.reconcile()
    rename_customer(shop, "Anna", "2022-01-01")
    warehouse.reconcile()
    shop.force("DELETE FROM customers")
    warehouse.reconcile()
    query = "SELECT full_name FROM gold.dim_customers_as_of(%s) WHERE customer_key <> -1"
    for moment, names in (
        ("1999-01-01", ["Ana"]),
        ("2020-12-31 23:59:59.999999", ["Ana"]),
        ("2021-01-01", ["Ann"]),
        ("2022-06-01", ["Anna"]),
        ("2100-01-01", []),
    ):
        assert [row[0] for row in warehouse.rows(query, [moment], role="analyst")] == names


def test_dimension_as_of_a_moment_is_read_as_the_table(warehouse: Warehouse) -> None:
    plan = warehouse.column(
        """
        EXPLAIN SELECT *
        FROM gold.dim_products_as_of('2021-01-01'),
            gold.dim_customers_as_of(localtimestamp)
        WHERE product_key = 1
        """
    )
    assert not any("Function Scan" in line for line in plan)
    assert any("Index Cond: (product_key = 1)" in line for line in plan)


def test_g6_analyst_is_given_the_functions_that_only_read(warehouse: Warehouse) -> None:
    assert warehouse.column(
        """
        SELECT p.proname FROM pg_proc AS p
        WHERE p.pronamespace = 'gold'::regnamespace
            AND has_function_privilege('warehouse_analyst', p.oid, 'EXECUTE')
        ORDER BY 1
        """
    ) == ["dim_customers_as_of", "dim_products_as_of"]
