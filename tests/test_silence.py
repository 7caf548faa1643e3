"""G4: a production that accepts connections but does not answer is detected in time."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import yaml

from tests.command import Command
from tests.harness import Background, Shop, Warehouse, wait_until
from tests.servers import Servers

NOT_ANSWERED = "source production did not respond within"
RUNS = "SELECT run_id, status FROM etl.runs ORDER BY run_id"


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process, as an overloaded operating system does."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def postmaster(servers: Servers) -> int:
    lock_file = servers.state_dir / "production" / "postmaster.pid"
    return int(lock_file.read_text().splitlines()[0])


@pytest.fixture
def impatient(warehouse: Warehouse, project: Path) -> Warehouse:
    path = project / "warehouse.yaml"
    timeouts = {"source": "2 seconds", "step": "6 seconds"}
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"timeouts": timeouts}))
    warehouse.deploy(project)
    return warehouse


@pytest.mark.parametrize(
    "arguments", [("run",), ("reconcile",), ("backfill",), ("contract",), ("deploy",)]
)
def test_g4_a_postmaster_that_is_stopped_ends_every_command(
    servers: Servers,
    command: Command,
    impatient: Warehouse,
    project: Path,
    arguments: tuple[str, ...],
) -> None:
    command.project(project)
    command.use(impatient.environment)
    # so that there is something to deploy
    (project / "sql" / "checks" / "none.sql").write_text(
        "-- layer: gold\n-- severity: warn\n-- None.\nSELECT 1 WHERE false\n"
    )
    began = time.monotonic()
    with stopped(postmaster(servers)):
        said = command(*arguments)
    assert time.monotonic() - began < 30
    assert said.exit_code > 0
    assert NOT_ANSWERED in said.err
    assert "timeouts.source" in said.err


def test_g4_the_next_run_carries_on(servers: Servers, shop: Shop, impatient: Warehouse) -> None:
    with stopped(postmaster(servers)), pytest.raises(psycopg.Error) as caught:
        impatient.run()
    assert "transaction timeout" in str(caught.value)
    assert "function production.require_session()" in str(caught.value.diag.context)
    impatient.run()
    assert impatient.rows(RUNS) == [(1, "abandoned"), (2, "succeeded")]


@pytest.mark.parametrize("call", ["etl.run_pipeline()", "etl.reconcile()", "etl.backfill()"])
def test_g4_a_process_of_production_that_is_stopped_ends_the_step(
    shop: Shop, impatient: Warehouse, call: str
) -> None:
    shop.execute("INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'A')")
    reading = """
        SELECT pid FROM pg_stat_activity
        WHERE usename = 'warehouse_reader' AND wait_event_type = 'Lock' AND datname = %s
    """
    with shop.connect("admin") as holder:
        holder.execute("LOCK TABLE customers")
        run = Background(impatient.urls["loader"], f"CALL {call}")
        (pid,) = wait_until(lambda: shop.column(reading, [shop.name]))
        with stopped(pid):
            holder.rollback()
            with pytest.raises(psycopg.Error, match="transaction timeout"):
                run.result()
    impatient.call(call)  # what it had begun, if that can be continued
    impatient.call("etl.run_pipeline()")
    assert impatient.column("SELECT email FROM silver.clean_customers") == ["a@b.c"]


def test_g4_by_default_no_wait_is_without_a_limit(warehouse: Warehouse) -> None:
    source = warehouse.value("SELECT prosrc FROM pg_proc WHERE proname = 'build_models'")
    assert "transaction_timeout = '12h'" in source
    assert "transaction_timeout = '5min'" in source
