"""A step continues when its client is gone; later calls wait for the tables that they read."""

import pytest

from tests.harness import Shop, Warehouse
from tests.test_models import assert_is_as_rebuilt, sell
from tests.test_runs import begin_run


def test_g4_step_that_is_called_again_while_it_runs_waits_for_it(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.run()
    sell(shop, 1)
    moved = "UPDATE etl.pipeline_steps SET layer = layer WHERE model = 'bronze.raw_customers'"
    warehouse.execute(moved, role="admin")  # now the last of bronze, as the table has them
    run_id = begin_run(warehouse)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_customers IN SHARE MODE")
        first = warehouse.begin(f"etl.extract_and_load_bronze({run_id})")
        first.wait_until_blocked()
        second = warehouse.begin(f"etl.extract_and_load_bronze({run_id})")
        second.wait_until_blocked()
    first.result()
    second.result()
    warehouse.call(f"etl.finish_run({run_id})")


@pytest.mark.parametrize("later", ["etl.build_silver()", "etl.build_gold()", "etl.rebuild('gold')"])
def test_g1_g3_later_layer_waits_for_what_is_still_at_work_in_the_run(
    shop: Shop, warehouse: Warehouse, later: str
) -> None:
    sell(shop, 1)
    warehouse.run()
    shop.execute("UPDATE customers SET full_name = 'Bo', updated_at = clock_timestamp()")
    run_id = begin_run(warehouse)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_order_items IN SHARE MODE")
        bronze = warehouse.begin(f"etl.extract_and_load_bronze({run_id})")  # its client is gone
        bronze.wait_until_blocked()
        building = warehouse.begin(later)
        building.wait_until_blocked()
        states = "SELECT state FROM etl.progress WHERE model LIKE 'silver.%'"
        assert set(warehouse.column(states)) <= {"pending"}  # a waiting step does not run
    bronze.result()
    building.result()
    warehouse.call(f"etl.finish_run({run_id})")
    warehouse.run()
    assert_is_as_rebuilt(warehouse)


def test_g1_g3_facts_wait_for_a_dimension_that_is_still_at_work_in_the_run(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1, date="2100-01-31")
    warehouse.run()
    shop.execute("UPDATE customers SET full_name = 'Bo', updated_at = clock_timestamp()")
    run_id = begin_run(warehouse)
    warehouse.call(f"etl.extract_and_load_bronze({run_id})")
    warehouse.call(f"etl.build_silver({run_id})")
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE gold.dim_customers IN SHARE MODE")
        customers = warehouse.begin(f"gold.build_dim_customers({run_id})")
        customers.wait_until_blocked()
        facts = warehouse.begin(f"gold.build_fact_sales({run_id})")
        facts.wait_until_blocked()
    customers.result()
    facts.result()
    warehouse.call(f"etl.finish_run({run_id})")
    warehouse.run()
    assert_is_as_rebuilt(warehouse)
