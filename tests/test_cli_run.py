"""run, rebuild and check, as typed."""

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from rich.console import Console

from fdwarehouse.database import running
from fdwarehouse.database.running import Step
from fdwarehouse.terminal import live
from fdwarehouse.terminal.console import out
from tests.command import Command
from tests.harness import ROOT, Warehouse, wait_until

# run


def test_run_shows_each_step_as_it_ends(command: Command, seeded_warehouse: Warehouse) -> None:
    command.use(seeded_warehouse.environment)
    lines = command.works("run").splitlines()
    models = seeded_warehouse.column(
        "SELECT model FROM etl.steps WHERE run_id = 1 ORDER BY position"
    )
    assert [line.split()[1].rstrip(":") for line in lines[:-1]] == models
    assert re.fullmatch(
        r"succeeded  bronze\.raw_orders: 400 read, 400 inserted \(.*\)",
        next(line for line in lines if "bronze.raw_orders" in line),
    )
    assert re.fullmatch(r"run 1 succeeded in .*: [\d,]+ rows written, \d+ checks passed", lines[-1])


def test_a_second_run_writes_nothing_and_a_full_one_neither(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    command.works("run")
    assert ": 0 rows written" in command.works("run")
    assert ": 0 rows written" in command.works("run", "--full")
    assert seeded_warehouse.value("SELECT bool_and(is_full) FROM etl.steps WHERE run_id = 3")


def test_run_on_a_terminal_draws_a_table(
    command: Command, seeded_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    monkeypatch.setattr(out, "console", console)
    command.use(seeded_warehouse.environment)
    command("run")
    drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue())
    assert re.search(r"· +gold\.fact_sales", drawn)  # to come
    assert re.search(r"✓ +gold\.fact_sales +1,162 +1,162 +0 +0 +0 +\d+ ms", drawn)


def test_a_terminal_shows_how_long_a_step_runs_before_its_time_is_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120)
    monkeypatch.setattr(out, "console", terminal)
    clock = iter([100.0, 100.0, 104.0, 108.0])
    monkeypatch.setattr(live, "monotonic", lambda: next(clock))
    with live.LiveSteps() as display:
        for state in ("pending", "running", "running", "written"):
            counts = (None, None, None, None, None)
            display([Step("gold.fact_sales", "gold", state, *counts, seconds=None, error=None)])
    drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue())
    shown = re.findall(r"([·▶✓]) +gold\.fact_sales +(\d[\d.]* m?s)?", drawn)
    assert shown[:4] == [("·", ""), ("▶", "0 ms"), ("▶", "4.0 s"), ("✓", "4.0 s")]


def test_run_as_the_loader_who_may_call_only(command: Command, warehouse: Warehouse) -> None:
    command.use({"WAREHOUSE_URL": warehouse.urls["loader"]})
    assert command.works("run").startswith("run succeeded in ")


def test_run_before_deploy_says_what_to_do(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    command.use(bootstrapped_warehouse.environment)
    for name in ("run", "check", "rebuild", "reconcile"):
        said = command.fails(2, name)
        assert f"nothing is deployed in database {bootstrapped_warehouse.name}" in said
        assert "`fdwarehouse deploy`" in said


def test_run_while_another_one_is_open_names_it(command: Command, warehouse: Warehouse) -> None:
    command.use(warehouse.environment)
    warehouse.call("etl.start_run(NULL)")
    said = command.fails(1, "run")
    assert "run 1 is in progress" in said
    assert "etl.abandon_run(1)" in said


def test_run_that_fails_shows_the_step_and_the_error(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    seeded_warehouse.shop.execute("REVOKE SELECT ON orders FROM warehouse_reader")
    command.use(seeded_warehouse.environment)
    said = command("run")
    assert said.exit_code == 1
    assert "failed  bronze.raw_orders: permission denied for table orders" in said.out
    assert "Error: bronze.raw_orders: permission denied for table orders" in said.err
    assert re.fullmatch(
        r"run 1 failed in .*: \[42501\] bronze\.raw_orders: permission denied for table orders",
        said.out.splitlines()[-1],
    )


def test_run_whose_check_fails_shows_the_rows_and_publishes_nothing(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    seeded_warehouse.execute(
        """
        CREATE OR REPLACE FUNCTION etl.check_fact_sales_joins_dimensions(p_since_run_id bigint)
        RETURNS SETOF jsonb LANGUAGE sql STABLE
        AS $$ SELECT jsonb_build_object('order_item_id', n) FROM generate_series(1, 9) AS n $$
        """
    )
    command.use(seeded_warehouse.environment)
    said = command("run")
    assert said.exit_code == 1
    assert "✗  fact_sales_joins_dimensions" in said.out
    assert '{"order_item_id": 1}' in said.out
    assert "and 6 more" in said.out
    assert "Error: check fact_sales_joins_dimensions failed" in said.err
    assert "rolled back  gold.fact_sales: check fact_sales_joins_dimensions failed" in said.out
    assert "failed  gold" not in said.out
    assert seeded_warehouse.value("SELECT count(*) FROM gold.fact_sales") == 0


def test_warnings_of_checks_are_on_stderr_too_where_stdout_is_a_log(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.shop.execute("UPDATE orders SET status = 'lost' WHERE order_id < 3")
    for arguments in (["run"], ["run", "--full", "--json"]):
        said = command(*arguments)
        assert said.exit_code == 0
        assert said.err.splitlines() == [
            "Warning: check clean_order_items__order_id__references warned: 4 rows",
            "Warning: check no_rejected_rows warned: 2 rows",
        ]
    assert "no_rejected_rows" in said.out


@contextmanager
def interrupted(
    warehouse: Warehouse, number: signal.Signals
) -> Iterator[subprocess.CompletedProcess[str]]:
    """Send a signal to a run that waits for production."""
    blocker = warehouse.shop.connect("admin")
    blocker.execute("LOCK TABLE orders")
    environment = {**os.environ, **warehouse.environment, "FDWAREHOUSE_PROJECT": str(ROOT)}
    process = subprocess.Popen(
        # it is ignored if a shell starts the tests in the background
        ["env", "--default-signal=INT", sys.executable, "-m", "fdwarehouse.cli.main", "run"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    wait_until(lambda: warehouse.shop.value(waiting, role="admin"))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    yield subprocess.CompletedProcess([], process.returncode, out, err)
    blocker.rollback()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_g4_ctrl_c_ends_the_query_on_both_servers_and_the_next_run_carries_on(
    command: Command, seeded_warehouse: Warehouse, number: signal.Signals
) -> None:
    with interrupted(seeded_warehouse, number) as done:
        assert done.returncode == 130
        assert "Error: run 1 was cancelled" in done.stderr
        assert "Traceback" not in done.stderr
        status = seeded_warehouse.rows("SELECT status, error FROM etl.runs")
        assert [(s, e.splitlines()[0]) for s, e in status] == [
            ("failed", "canceling statement due to user request")
        ]
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        assert seeded_warehouse.shop.value(waiting, role="admin") == 0
    command.use(seeded_warehouse.environment)
    assert "run 2 succeeded" in command.works("run")


def test_g4_a_killed_client_leaves_no_query_behind(seeded_warehouse: Warehouse) -> None:
    with interrupted(seeded_warehouse, signal.SIGKILL) as done:
        assert done.returncode == -signal.SIGKILL
        running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CALL etl.run_pipeline%'"
        wait_until(lambda: seeded_warehouse.value(running, role="admin") == 0)


# rebuild, check


@pytest.mark.parametrize("layer", ["silver", "gold", "all", ""])
def test_g3_rebuild_writes_nothing_where_the_runs_were_right(
    command: Command, seeded_warehouse: Warehouse, layer: str
) -> None:
    command.use(seeded_warehouse.environment)
    command.works("run")
    said = command.works("rebuild", *([layer] if layer else []))
    assert "0 rows written" in said
    assert said.endswith("No row differed from what the runs had built.\n")
    built = seeded_warehouse.column("SELECT DISTINCT layer FROM etl.steps WHERE run_id = 2")
    assert sorted(built) == (["silver"] if layer == "silver" else ["gold", "silver"])


@pytest.mark.parametrize("arguments", [("run",), ("rebuild",), ("reconcile",)])
def test_every_step_has_its_line_also_when_it_ends_during_the_last_look(
    command: Command,
    seeded_warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    warehouse = seeded_warehouse
    command.use(warehouse.environment)
    warehouse.run()
    fetch = running._fetch

    def fetch_late(
        connection: psycopg.Connection, kind: type[Any], query: str, parameters: Any
    ) -> list[Any]:
        rows = fetch(connection, kind, query, parameters)
        if query == running._STEPS:
            is_over = "SELECT max(run_id) > 1 AND bool_and(status <> 'running') FROM etl.runs"
            wait_until(lambda: warehouse.value(is_over))
        return rows

    monkeypatch.setattr(running, "_fetch", fetch_late)
    said = command.works(*arguments).splitlines()
    steps = warehouse.column(
        "SELECT model FROM etl.steps WHERE run_id = (SELECT max(run_id) FROM etl.runs) "
        "ORDER BY position"
    )
    assert len(steps) > 8
    assert sorted(line.split(":")[0] for line in said if line.startswith("succeeded")) == sorted(
        f"succeeded  {step}" for step in steps
    )


def test_rebuild_repairs_what_somebody_spoilt(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    command.works("run")
    seeded_warehouse.execute("UPDATE gold.daily_sales SET orders = orders + 1 WHERE orders = 2")
    said = command.works("rebuild", "gold")
    assert "No row differed" not in said
    assert command.works("rebuild").endswith("No row differed from what the runs had built.\n")
    assert command("rebuild", "bronze").exit_code == 2


def test_check_runs_all_checks_and_fails_on_errors_alone(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    command.works("run")
    names = seeded_warehouse.column("SELECT check_name FROM etl.checks")
    said = command.works("check")
    assert all(f"✓  {name} " in said for name in names)
    assert said.endswith(f"{len(names)} checks passed, 0 warned\n")

    seeded_warehouse.shop.execute("DELETE FROM order_items WHERE order_item_id = 1")
    warned = command("check")
    assert warned.exit_code == 0
    assert "!  clean_order_items__matches_source " in warned.out
    assert '{"rows_in_' in warned.out
    assert warned.err == "Warning: check clean_order_items__matches_source warned: 1 row\n"
    assert warned.out.endswith(f"{len(names) - 1} checks passed, 1 warned\n")

    seeded_warehouse.execute("UPDATE gold.fact_sales SET total_amount = 77 WHERE order_item_id = 2")
    failed = command("check")
    assert failed.exit_code == 1
    assert "✗  metrics_match_sales" in failed.out
    assert "Error: check " in failed.err
    assert failed.out.splitlines()[-1].endswith(" failed")
