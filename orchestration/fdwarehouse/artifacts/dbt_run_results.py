"""dbt's run_results.json, version 6: the steps and checks of one run."""

from __future__ import annotations

from typing import Any

from fdwarehouse.artifacts.dbt import Names
from fdwarehouse.artifacts.dbt_tests import tests_of
from fdwarehouse.artifacts.observed import Observed
from fdwarehouse.database.json_rows import Row

_STATUS = {"succeeded": "success", "failed": "error", "rolled_back": "error"}


def run_results(observed: Observed) -> dict[str, Any]:
    """Describe the run of a warehouse; what has not been tried is skipped.

    Args:
        observed: the warehouse, with the run.
    """
    names = Names(observed)
    tests = {test.check: names.test(test.name) for test in tests_of(names) if test.check}
    steps = [s for s in observed.steps if s["table_name"] in names.models]
    results = [_of_step(step, names) for step in steps]
    results += [_of_check(r, tests) for r in observed.results if r["check_name"] in tests]
    run = observed.run or {}
    return {
        "metadata": names.metadata("run-results", 6),
        "results": results,
        "elapsed_time": sum(result["execution_time"] for result in results),
        "args": {"which": "build", "run_id": run.get("run_id"), "procedure": run.get("begun_by")},
    }


def _of_step(step: Row, names: Names) -> dict[str, Any]:
    timing = {"started_at": step["started_at"], "completed_at": step["finished_at"]}
    written = step["rows_written"]
    return {
        "status": _STATUS.get(step["status"], "skipped"),
        "timing": [{"name": "execute", **timing}] if step["started_at"] else [],
        "thread_id": "run",
        "execution_time": step["seconds"] or 0.0,
        "adapter_response": {} if written is None else {"rows_affected": written},
        "message": step["message"],
        "failures": None,
        "unique_id": names.models[step["table_name"]],
        "compiled": True,
        "compiled_code": None,
        "relation_name": names.observed.relation(step["table_name"]).quoted,
    }


def _of_check(result: Row, tests: dict[str, str]) -> dict[str, Any]:
    found = result["offending_rows"]
    status = "pass" if result["passed"] else {"warn": "warn"}.get(result["severity"], "fail")
    return {
        "status": status,
        "timing": [{"name": "execute", "started_at": None, "completed_at": result["checked_at"]}],
        "thread_id": "run",
        "execution_time": result["seconds"],
        "adapter_response": {},
        "message": f"{found} rows break the rule" if found else None,
        "failures": found,
        "unique_id": tests[result["check_name"]],
        "compiled": True,
        "compiled_code": None,
        "relation_name": None,
    }
