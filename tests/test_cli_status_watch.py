"""`fdwarehouse status --run N` and `status --watch`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from fdwarehouse.terminal import watching
from tests.command import Command
from tests.harness import ROOT, Warehouse
from tests.pseudo_terminal import Terminal, plain

# --run


def break_check(warehouse: Warehouse) -> None:
    warehouse.execute(
        "CREATE OR REPLACE FUNCTION etl.check_fact_sales_joins_dimensions(p_since_run_id bigint) "
        "RETURNS SETOF jsonb LANGUAGE sql STABLE AS 'SELECT to_jsonb(7) AS n'"
    )


def test_a_past_run_has_its_steps_checks_and_fences(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    seeded_warehouse.run()
    said = command.works("status", "--run", "1").splitlines()
    assert said[0].startswith("run 1 ✓ succeeded after ")
    assert said[1].startswith("begun by etl.run_pipeline as ")
    assert any(line.startswith("production: ") and "(activity)" in line for line in said)
    assert any(line.startswith("✓  gold.fact_sales ") and "1,162" in line for line in said)
    assert any(line.startswith("✓  fact_sales_joins_dimensions ") for line in said)
    assert said[-1].endswith("checks passed, 0 warned")

    described = json.loads(command.works("status", "--run", "1", "--json"))
    assert list(described) == ["run", "steps", "checks", "fences", "chunks"]
    assert described["run"]["run_id"] == 1
    assert [s["model"] for s in described["steps"]] == seeded_warehouse.column(
        "SELECT model FROM etl.steps WHERE run_id = 1 ORDER BY position"
    )
    assert list(described["steps"][0]) == [
        "model", "layer", "status", "is_full", "since_run_id", "rows_read", "rows_inserted",
        "rows_updated", "rows_deleted", "rows_rejected", "started_at", "finished_at", "seconds",
        "error", "error_code",
    ]  # fmt: skip
    assert list(described["checks"][0]) == [
        "name", "layer", "severity", "status", "offending_rows", "sample_rows", "since_run_id",
        "checked_at", "seconds", "description",
    ]  # fmt: skip
    assert list(described["fences"][0]) == [
        "source", "fence_kind", "fence", "observed_at", "held_by", "held_since", "held_seconds",
        "lag_seconds",
    ]  # fmt: skip


def test_a_failed_run_says_which_check_rolled_which_tables_back(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    break_check(seeded_warehouse)
    command.use(seeded_warehouse.environment)
    command("run")
    said = command.works("status", "--run", "1")
    assert "run 1 ✗ failed after " in said
    assert "↶  gold.fact_sales " in said
    assert "gold.fact_sales rolled back: check fact_sales_joins_dimensions failed\n" in said
    assert "✗  fact_sales_joins_dimensions" in said
    assert said.splitlines()[-1].endswith("1 failed")


def test_a_failed_step_shows_its_error_and_a_backfill_its_chunks(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.call("etl.backfill(200)")
    said = command.works("status", "--run", "1")
    loaded = seeded_warehouse.value(
        "SELECT to_char(sum(rows_read), 'FM999,999') FROM etl.chunks "
        "WHERE model = 'bronze.raw_order_items'"
    )
    assert any(
        line.startswith("bronze.raw_order_items ") and line.endswith(f" {loaded}")
        for line in said.splitlines()
    )
    seeded_warehouse.shop.execute("REVOKE SELECT ON orders FROM warehouse_reader")
    command("run")
    said = command.works("status", "--run", "2")
    assert "bronze.raw_orders failed: [42501] permission denied for table orders" in said
    assert "silver.clean_orders skipped: held back by bronze.raw_orders" in said


def test_a_run_that_works_now_shows_its_running_step(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    seeded_warehouse.shop.force("UPDATE orders SET updated_at = now() WHERE order_id = 1")
    with seeded_warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE silver.clean_orders IN SHARE MODE")
        run = seeded_warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        said = command.works("status", "--run", "2")
    run.result()
    assert "run 2 ▶ running\n" in said
    assert "▶  silver.clean_orders" in said


def test_an_unknown_run_and_options_that_do_not_belong_together(
    command: Command, warehouse: Warehouse
) -> None:
    command.use(warehouse.environment)
    assert "There was no run yet." in command.fails(2, "status", "--run", "1")
    warehouse.run()
    assert "The last run is 1." in command.fails(2, "status", "--run", "9")
    assert "--watch" in command("status", "5").err
    assert command("status", "5").exit_code == command("status", "--run", "1", "--watch").exit_code
    assert command("status", "0", "--watch").exit_code == 2


# --watch


def test_a_terminal_is_refreshed_in_place_until_ctrl_c(seeded_warehouse: Warehouse) -> None:
    environment = seeded_warehouse.environment
    with Terminal("status", "--watch", "0.1", environment=environment) as terminal:
        terminal.read_until("none yet: `fdwarehouse run`", times=2)
        seeded_warehouse.run()
        terminal.read_until("etl.run_pipeline")
        terminal.type("\x03")
        assert terminal.end() == 0
        assert "\x1b[?1049h" in terminal.raw  # in place: the other screen
        after = terminal.raw.rpartition("\x1b[?1049l")[2]
        assert "etl.run_pipeline" in after  # what was seen last stays
        assert "Traceback" not in after


def test_a_terminal_that_is_too_low_shows_the_beginning_and_says_how_much_it_hides(
    warehouse: Warehouse,
) -> None:
    environment = warehouse.environment
    with Terminal("status", "--watch", "0.1", environment=environment, lines=12) as terminal:
        terminal.read_until(" more lines:", times=2)
        terminal.type("\x03")
        assert terminal.end() == 0
    seen, _, after = terminal.raw.rpartition("\x1b[?1049l")
    frame = plain(seen.split("\x1b[H")[-2]).rstrip("\n").split("\n")
    shown = [line.rstrip() for line in frame]
    assert len(shown) == 12
    assert "until Ctrl-C" in shown[0]
    assert shown[1] == "Problems"
    hidden = int(shown[-1].split()[0])
    assert len(shown) - 2 + hidden == len(plain(after).rstrip("\n").split("\n"))


def watched(
    command: Command, monkeypatch: pytest.MonkeyPatch, *acts: Callable[[], Any], json: bool = False
) -> list[str]:
    """Watch, do something between two looks, and end with Ctrl-C."""
    left = [*acts]

    def sleep(_seconds: float) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()

    monkeypatch.setattr(watching, "sleep", sleep)
    said = command("status", "--watch", *(["--json"] if json else []))
    assert (said.exit_code, said.err) == (0, "")
    return said.out.splitlines()


def test_a_file_gets_a_line_per_change(
    command: Command, seeded_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = seeded_warehouse.shop
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()

    def break_order() -> None:
        shop.execute("UPDATE orders SET status = 'lost' WHERE order_id = 1")
        seeded_warehouse.run()

    def fix_order() -> None:
        shop.execute("UPDATE orders SET status = 'shipped' WHERE order_id = 1")
        seeded_warehouse.run()

    def nothing() -> None: ...

    acts = (nothing, break_order, nothing, fix_order, nothing)
    said = [line[21:] for line in watched(command, monkeypatch, *acts)]
    assert said[0].startswith("run 1 succeeded: ")
    assert said[1] == "run 2 succeeded: 1 rows read, 1 written, 1 rejected"
    assert any(line.startswith("rows_rejected:silver.clean_orders warn: ") for line in said[2:])
    assert "rows_rejected:silver.clean_orders over" in said
    assert len(said) <= 8


def test_changes_as_json_and_a_warehouse_that_is_away_for_a_moment(
    command: Command, seeded_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.use(seeded_warehouse.environment)
    blocker = seeded_warehouse.connect("admin")

    def lock() -> None:
        blocker.execute("LOCK TABLE etl.runs IN ACCESS EXCLUSIVE MODE")

    def unlock() -> None:
        blocker.rollback()
        seeded_warehouse.run()

    said = watched(command, monkeypatch, lock, lambda: None, unlock, json=True)
    found = [json.loads(line) for line in said]
    assert {tuple(each) for each in found} == {("type", "at", "subject", "state", "detail")}
    told = [(each["subject"], each["state"]) for each in found]
    assert told[:4] == [
        ("never_ran:pipeline", "warn"),
        ("warehouse", "unreadable"),
        ("warehouse", "readable"),
        ("run 1", "succeeded"),
    ]
    assert told[-1] == ("never_ran:pipeline", "over")
    assert ("check fact_sales_joins_dimensions", "passed") in told


def test_sigterm_ends_it_without_an_error(seeded_warehouse: Warehouse) -> None:
    seeded_warehouse.run()
    environment = {**os.environ, **seeded_warehouse.environment, "FDWAREHOUSE_PROJECT": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "fdwarehouse.cli.main", "status", "--watch", "0.1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert "run 1 succeeded" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
