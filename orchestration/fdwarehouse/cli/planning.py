"""A plan of a deploy with its effects on the rows of silver and gold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import typer

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.terminal.console import counted, err, say

if TYPE_CHECKING:
    from fdwarehouse.database.connections import Connections
    from fdwarehouse.database.deployment_plan import Plan
    from fdwarehouse.database.testing.ways import UnitTestResult
    from fdwarehouse.rendering.rendered import Rendered


def require_accepted(changes: Plan) -> None:
    """Raise an error if a deploy would be refused.

    Args:
        changes: what it would do.

    Raises:
        FdwarehouseError: an applied migration was edited or is gone.
    """
    if changes.edited or changes.missing:
        raise FdwarehouseError(
            "this deploy would be refused: an applied migration has changed or is missing",
            hint="Restore its file and put the change into a new migration.",
            exit_code=1,
        )


def plan_with_data(
    connections: Connections,
    *,
    chosen: Sequence[str],
    excluded: Sequence[str],
    rows: int,
    seconds: int,
    wait: int,
) -> None:
    """Deploy, build, compare and check in one transaction, roll back, then run unit tests.

    Args:
        connections: of the project.
        chosen: what `--select` says.
        excluded: what `--exclude` says.
        rows: how many rows of each kind the samples have.
        seconds: how long the transaction may take.
        wait: seconds to wait for a run or another deploy to end.

    Raises:
        FdwarehouseError: something cannot be deployed or built, or a check fails.
    """
    from fdwarehouse.database.comparing import data_plan
    from fdwarehouse.database.connections import connect
    from fdwarehouse.database.deployment import write_build
    from fdwarehouse.rendering.render import render_project
    from fdwarehouse.terminal.outcomes import show_checks
    from fdwarehouse.terminal.plans import show_next_run, show_plan
    from fdwarehouse.terminal.table_differences import show_locks, show_table_differences

    if connections.schema_prefix:
        raise FdwarehouseError(
            "--data cannot be shown beside the main deployment",
            hint="Deploy and run this environment, and compare it: `fdwarehouse diff`.",
        )
    rendered = render_project(connections.root)
    with (
        connect(connections.warehouse(), autocommit=True) as warehouse,
        err.console.status(f"Deploying and building for the plan; it gives up after {seconds} s"),
    ):
        found = data_plan.plan_with_data(
            rendered,
            warehouse,
            connections.known_sources(),
            wait=f"{wait} seconds",
            seconds=seconds,
            rows=rows,
            chosen=chosen,
            excluded=excluded,
            compiled=partial(write_build, folder=connections.root / "build"),
        )
    show_plan(found.changes)
    require_accepted(found.changes)
    if found.changes.is_empty:
        say("Nothing to change.")
        return
    show_next_run(found.changes.next_run)
    if found.tables:
        show_table_differences(found.tables)
    else:
        say("It affects no selected table of silver or gold.")
    failed = [check for check in found.checks if check.state == "failed"]
    if found.checks:
        say("Checks", "bold")
        show_checks(found.checks)
    passes = _unit_tests(connections, rendered, [table.name for table in found.tables])
    show_locks(found.locked, found.seconds)
    say("This is only the plan; everything was rolled back.", "bold")
    if failed:
        raise FdwarehouseError(
            f"{counted(len(failed), 'check')} would fail: "
            f"{', '.join(check.check_name for check in failed)}",
            hint="A run would not publish these tables of gold.",
            exit_code=1,
        )
    if not passes:
        raise typer.Exit(1)


def _unit_tests(connections: Connections, rendered: Rendered, tables: list[str]) -> bool:
    """Run the unit tests of tables, after the locks are released; return whether they pass."""
    from fdwarehouse.database.connections import connect
    from fdwarehouse.database.testing.project_tests import run_unit_tests
    from fdwarehouse.project.unit_tests import read_unit_tests
    from fdwarehouse.terminal.unit_tests import show_failures, show_result

    tests = read_unit_tests(connections.root)
    if not tests or not tables:
        return True
    results: list[UnitTestResult] = []
    with connect(connections.warehouse()) as warehouse:
        for result in run_unit_tests(warehouse, rendered, tests, chosen=tables):
            if not results:
                say("Unit tests", "bold")
            show_result(result)
            results.append(result)
    if results:
        show_failures(results)
    return all(result.state == "passed" for result in results)
