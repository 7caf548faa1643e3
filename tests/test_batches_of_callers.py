"""G1, G6: a role that may CALL cannot arrange a run's transactions so that changes are lost."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.harness import Shop, Warehouse, failing

FENCE = "SELECT etl.build_models({run}, '{{production.fence}}')"
BRONZE = "SELECT etl.build_models({run}, '{{bronze.raw_customers}}')"
PLAN = "SELECT etl.plan_steps({run}, '{{production.fence,bronze.raw_customers}}', false)"
# Statements that take the snapshot before the fence is read: commits in between would be behind the
# fence, but not in the snapshot.
OPENINGS = {
    "observation": "SELECT etl.observe_again({run}, '{{bronze.raw_customers}}')",
    "read": BRONZE,
}


@pytest.fixture
def late(shop: Shop, warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """A transaction of production with a customer, open since before the last run."""
    warehouse.execute("UPDATE etl.sources SET overlap = '0 seconds'")
    with shop.connect("admin") as connection:
        connection.execute("INSERT INTO customers (email, full_name) VALUES ('late@x', 'Late')")
        warehouse.run()
        yield connection


@pytest.fixture
def loader(warehouse: Warehouse, late: psycopg.Connection) -> psycopg.Connection:
    """A loader's session with its own run that spans sessions."""
    connection = warehouse.connect("loader", autocommit=True)
    connection.execute("CALL etl.start_run()")
    connection.execute(PLAN.format(run=warehouse.last_run()).encode())
    return connection


def customers_after_more_runs(warehouse: Warehouse) -> list[str]:
    warehouse.call(f"etl.abandon_run({warehouse.last_run()})")
    warehouse.run()
    return warehouse.column("SELECT email FROM bronze.raw_customers")


@pytest.mark.parametrize("opening", OPENINGS)
def test_g1_fence_and_read_in_one_transaction_of_the_caller_are_refused(
    warehouse: Warehouse, late: psycopg.Connection, loader: psycopg.Connection, opening: str
) -> None:
    run_id = warehouse.last_run()
    with failing("DW004"), loader.transaction():
        loader.execute(OPENINGS[opening].format(run=run_id).encode())
        late.commit()
        for statement in (FENCE, BRONZE):
            loader.execute(statement.format(run=run_id).encode())
    late.commit()
    assert customers_after_more_runs(warehouse) == ["late@x"]


def test_g1_fence_and_read_in_one_batch_are_refused(
    warehouse: Warehouse, late: psycopg.Connection, loader: psycopg.Connection
) -> None:
    with failing("DW004", "fence"):
        loader.execute(
            "SELECT etl.build_models(%s, '{production.fence,bronze.raw_customers}')",
            [warehouse.last_run()],
        )
    late.commit()
    assert customers_after_more_runs(warehouse) == ["late@x"]


def test_g1_read_before_the_fence_is_refused(
    warehouse: Warehouse, loader: psycopg.Connection
) -> None:
    with failing("DW004", "fence"):
        loader.execute(BRONZE.format(run=warehouse.last_run()).encode())


def test_g1_backfill_in_one_transaction_with_its_fence_is_refused(warehouse: Warehouse) -> None:
    loader = warehouse.connect("loader", autocommit=True)
    loader.execute("SELECT etl.acquire_run(NULL, 'etl.backfill', '1 minute')")
    run_id = warehouse.last_run()
    loader.execute(PLAN.format(run=run_id).encode())
    with loader.transaction():
        loader.execute(FENCE.format(run=run_id).encode())
        found = loader.execute(
            "SELECT (etl.advance_backfill(%s, 10)).error_code", [run_id]
        ).fetchall()
    assert found == [("DW004",)]
    assert warehouse.rows("SELECT * FROM etl.chunks") == []


@pytest.mark.parametrize("begun_by", ["etl.start_run", "etl.backfill"])
def test_g1_chunks_are_loaded_only_by_a_backfill_that_has_read_its_fence(
    warehouse: Warehouse, begun_by: str
) -> None:
    loader = warehouse.connect("loader", autocommit=True)
    loader.execute("SELECT etl.acquire_run(NULL, %s, '1 minute')", [begun_by])
    failure = loader.execute(
        "SELECT error_code, message FROM etl.advance_backfill(%s, 10)", [warehouse.last_run()]
    ).fetchone()
    assert failure is not None
    assert failure[0] == "DW004"
    assert "is not a backfill that has read its fence" in failure[1]
    assert warehouse.rows("SELECT * FROM etl.chunks") == []
