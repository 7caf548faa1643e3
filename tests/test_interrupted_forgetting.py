"""An erasure that was interrupted is told until it is called again."""

import psycopg
import pytest

from tests.command import Command
from tests.harness import Warehouse, failing

CALL = "etl.forget('production.customers', '1')"
AGAIN = "again with the same key of bronze.raw_customers, which is not erased everywhere yet"


def test_failed_erasure_is_told_until_it_succeeds(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    warehouse = seeded_warehouse
    warehouse.run()
    command.use(warehouse.environment)
    warehouse.execute(
        "ALTER TABLE gold.dim_customers ADD CONSTRAINT broken CHECK (false) NOT VALID"
    )
    with failing("23514", "broken"):
        warehouse.call(CALL, role="owner")
    fix = "Fix it: SELECT model, error FROM etl.steps WHERE run_id = 2; Then call etl.forget"
    assert f"{fix} {AGAIN}" in command.works("status")
    warehouse.execute("ALTER TABLE gold.dim_customers DROP CONSTRAINT broken")
    warehouse.run()  # another run does not erase it
    assert AGAIN in command.works("status")
    warehouse.call(CALL, role="owner")
    assert AGAIN not in command.works("status")


def test_erasure_whose_session_was_killed_is_told(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    warehouse = seeded_warehouse
    warehouse.run()
    command.use(warehouse.environment)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE silver.clean_customers IN SHARE MODE")
        erasure = warehouse.begin(CALL, role="owner")
        erasure.wait_until_blocked()
        warehouse.rows(f"SELECT pg_terminate_backend({erasure.pid})", role="admin")
        with pytest.raises(psycopg.Error):
            erasure.result()
    assert f"Call etl.forget {AGAIN}" in command.works("status")
    warehouse.run()  # it marks the lost run as abandoned
    assert f"call etl.forget {AGAIN}" in command.works("status")
