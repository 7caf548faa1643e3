"""`--json` of run, rebuild, reconcile and check: one JSON object per line."""

import json
from typing import Any

import pytest

from tests.command import Command, Said
from tests.harness import Warehouse

STEP = [
    "type", "run_id", "model", "layer", "status", "rows_read", "rows_inserted", "rows_updated",
    "rows_deleted", "rows_rejected", "seconds", "error",
]  # fmt: skip
CHECK = [
    "type", "run_id", "name", "layer", "severity", "status", "offending_rows", "sample_rows",
    "seconds", "description",
]  # fmt: skip
RUN = [
    "type", "run_id", "status", "seconds", "rows_read", "rows_written", "rows_rejected", "checks",
    "error",
]  # fmt: skip


def lines(said: Said) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in said.out.splitlines()]
    keys = {"step": STEP, "check": CHECK, "run": RUN}
    assert all(list(line) == keys[line["type"]] for line in found)
    kinds = [line["type"] for line in found]
    assert kinds == sorted(kinds, key=["step", "check", "run"].index)
    assert kinds.count("run") == 1
    return found


@pytest.mark.parametrize("arguments", [("run",), ("rebuild",), ("reconcile",), ("check",)])
def test_a_line_per_step_and_check_and_last_the_run(
    command: Command, seeded_warehouse: Warehouse, arguments: tuple[str, ...]
) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    said = command(*arguments, "--json")
    assert (said.exit_code, said.err) == (0, "")
    found = lines(said)
    steps = [(s["model"], s["status"], s["rows_read"]) for s in found if s["type"] == "step"]
    assert sorted(steps) == seeded_warehouse.rows(
        "SELECT model, status, rows_read FROM etl.steps WHERE run_id = 2 ORDER BY model"
    )
    checks = [(c["name"], c["offending_rows"]) for c in found if c["type"] == "check"]
    assert sorted(checks) == seeded_warehouse.rows(
        "SELECT check_name, offending_rows FROM etl.check_results WHERE run_id = 2 ORDER BY 1"
    )
    assert checks
    run = found[-1]
    assert (run["run_id"], run["status"], run["error"]) == (2, "succeeded", None)
    assert run["checks"] == {"passed": len(checks), "warned": 0, "failed": 0}
    assert {line["run_id"] for line in found} == {2}


def test_a_failed_check_is_a_line_and_the_error_of_the_run(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    seeded_warehouse.execute(
        "CREATE OR REPLACE FUNCTION etl.check_fact_sales_joins_dimensions(p_since_run_id bigint) "
        "RETURNS SETOF jsonb LANGUAGE sql STABLE AS "
        "$$ SELECT jsonb_build_object('order_item_id', n) FROM generate_series(1, 9) AS n $$"
    )
    command.use(seeded_warehouse.environment)
    said = command("run", "--json")
    assert said.exit_code == 1
    assert said.err.startswith("Error: check fact_sales_joins_dimensions failed")
    found = lines(said)
    states = {(s["layer"], s["status"], s["error"]) for s in found if s["type"] == "step"}
    assert ("gold", "rolled_back", "check fact_sales_joins_dimensions failed") in states
    (failed,) = [c for c in found if c["type"] == "check" and c["status"] == "failed"]
    assert (failed["name"], failed["offending_rows"]) == ("fact_sales_joins_dimensions", 9)
    assert failed["sample_rows"][0] == {"order_item_id": 1}
    run = found[-1]
    assert (run["status"], run["error"]["code"]) == ("failed", "DW002")
    assert run["error"]["message"] == "check fact_sales_joins_dimensions failed"
    assert run["checks"]["failed"] == 1


def test_a_run_that_never_began_is_a_line_too(command: Command, warehouse: Warehouse) -> None:
    warehouse.call("etl.start_run()")
    command.use(warehouse.environment)
    said = command("run", "--json")
    assert said.exit_code == 1
    (run,) = lines(said)
    assert (run["run_id"], run["status"], run["error"]["code"]) == (None, "failed", "DW001")
    assert "etl.abandon_run(1)" in run["error"]["hint"]


def test_stdout_stays_empty_where_nothing_ran(
    command: Command, warehouse: Warehouse, bootstrapped_warehouse: Warehouse
) -> None:
    command.use(warehouse.environment)
    for name in ("run", "check", "rebuild"):
        said = command(name, "--json", "--select", "gold.fact_sales", "--exclude", "gold.*")
        assert (said.exit_code, said.out, said.err) == (0, "", "Nothing is selected.\n")
    command.use({"WAREHOUSE_URL": "host=127.0.0.1 port=1 dbname=none user=nobody"})
    said = command("run", "--json")
    assert (said.exit_code, said.out) == (2, "")
