"""A run whose session could not record its end, such as on a full disk, is not shown as running."""

import json
from contextlib import suppress

import psycopg
import pytest

from fdwarehouse.database.observation.runs import read_runs
from tests.command import Command
from tests.harness import Warehouse

FULL = """
    CREATE FUNCTION public.disk_full() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END; $$
"""


def fill_disk(warehouse: Warehouse, *tables: str) -> None:
    """Make every change of some tables fail."""
    warehouse.execute(FULL, role="admin")
    for table in tables:
        warehouse.execute(
            f"CREATE TRIGGER disk_full BEFORE UPDATE ON {table} "
            "EXECUTE FUNCTION public.disk_full()",
            role="admin",
        )


def free_disk(warehouse: Warehouse) -> None:
    warehouse.execute("DROP FUNCTION public.disk_full CASCADE", role="admin")


def shown(command: Command) -> list[tuple[str, str]]:
    """The runs as status has them, the newest first."""
    described = json.loads(command.works("status", "--json"))
    return [(run["status"], run["error"] or "") for run in described["runs"]]


@pytest.mark.parametrize("tables", [("etl.steps", "etl.runs"), ("etl.runs",)])
@pytest.mark.parametrize("stays", [True, False])
def test_g4_run_that_could_not_write_its_end_is_shown_as_abandoned(
    command: Command, seeded_warehouse: Warehouse, tables: tuple[str, ...], stays: bool
) -> None:
    warehouse = seeded_warehouse
    command.use(warehouse.environment)
    fill_disk(warehouse, *tables)
    session = warehouse.connect("loader", autocommit=True)
    with pytest.raises(psycopg.Error) as caught:
        session.execute("CALL etl.run_pipeline()")
    assert "No space left on device" in str(caught.value)
    if not stays:
        session.close()
    assert warehouse.column("SELECT status FROM etl.runs") == ["running"]
    ((status, error),) = shown(command)
    assert (status, "no session holds the run" in error) == ("abandoned", True)
    said = command.works("status")
    assert "run 1 abandoned: no session holds the run" in said
    assert "is running" not in said

    free_disk(warehouse)
    warehouse.run()
    assert [status for status, _ in shown(command)] == ["succeeded", "abandoned"]
    assert warehouse.column("SELECT status FROM etl.runs ORDER BY run_id") == [
        *("abandoned", "succeeded")
    ]
    session.close()


def test_run_that_is_at_work_or_rests_between_two_steps_is_shown_as_running(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    warehouse = seeded_warehouse
    command.use(warehouse.environment)
    with warehouse.connect("owner") as holder:
        holder.execute("LOCK TABLE bronze.raw_orders IN ACCESS EXCLUSIVE MODE")
        background = warehouse.begin("etl.run_pipeline()")
        background.wait_until_blocked()
        assert shown(command) == [("running", "")]
    background.result()

    warehouse.call("etl.start_run(NULL, 'of mine', '10 minutes')")
    assert shown(command)[0] == ("running", "")
    warehouse.execute("UPDATE etl.runs SET lease_until = now() - interval '1 s' WHERE run_id = 2")
    assert shown(command)[0][0] == "abandoned"
    with suppress(psycopg.Error):
        warehouse.call("etl.abandon_run(2)")
    assert shown(command)[0][0] == "abandoned"


def test_run_that_ends_after_the_snapshot_of_a_reader_is_not_lost(
    seeded_warehouse: Warehouse,
) -> None:
    lost = "SELECT array_agg(problem) FROM etl.problems WHERE kind = 'run_lost'"
    listed = "SELECT status FROM etl.runs"
    seeded_warehouse.run()
    with seeded_warehouse.connect("owner") as owner, seeded_warehouse.connect("owner") as reader:
        owner.execute("LOCK TABLE silver.clean_orders")
        session = seeded_warehouse.begin("etl.run_pipeline()")
        session.wait_until_blocked()
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        assert ("running",) in reader.execute(listed).fetchall()
        owner.commit()
        session.result()
        assert ("running",) in reader.execute(listed).fetchall(), "the snapshot is older"
        assert reader.execute(lost.encode()).fetchone() == (None,)
        assert "abandoned" not in {run["status"] for run in read_runs(reader)}
        reader.commit()

        owner.execute("LOCK TABLE silver.clean_orders")
        session = seeded_warehouse.begin("etl.run_pipeline()")
        session.wait_until_blocked()
        seeded_warehouse.rows("SELECT pg_terminate_backend(%s)", [session.pid], role="admin")
        with suppress(psycopg.Error):
            session.result()
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        assert reader.execute(lost.encode()).fetchone() == (["run_lost:pipeline"],)
        assert "abandoned" in {run["status"] for run in read_runs(reader)}
