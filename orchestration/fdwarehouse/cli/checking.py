"""The commands that check: rows of the warehouse, and the project by its unit tests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from fdwarehouse.cli import completing
from fdwarehouse.cli.calling import AsJsonLines, say_nothing_selected
from fdwarehouse.cli.context import connections_of
from fdwarehouse.cli.selecting import (
    Exclude,
    Junit,
    Select,
    selected_checks,
)
from fdwarehouse.errors import FdwarehouseError, closest, database_error
from fdwarehouse.terminal.console import err, note, say, show_counts_of_checks

if TYPE_CHECKING:
    from fdwarehouse.database.connections import Connections
    from fdwarehouse.project.unit_tests import UnitTest


def check(
    context: typer.Context,
    select: Select = None,
    exclude: Exclude = None,
    junit: Junit = None,
    as_json: AsJsonLines = False,
) -> None:
    """Run checks on all rows.

    --select chooses checks by name, or by the tables that they read. Exits with 1 if a check of
    severity error fails.
    """
    from fdwarehouse.database.running import call
    from fdwarehouse.terminal.json_lines import write_outcome
    from fdwarehouse.terminal.junit import write_junit
    from fdwarehouse.terminal.outcomes import (
        checks_as_junit,
        run_failure,
        show_checks,
        show_warnings,
    )

    names = selected_checks(connections_of(context), select, exclude)
    if names == []:
        say_nothing_selected(as_json=as_json)
        return
    with err.console.status("Checking"):
        outcome = call(
            connections_of(context).warehouse(), "CALL etl.run_checks(p_checks => %s)", [names]
        )
    if junit:
        write_junit(junit, "checks", checks_as_junit(outcome.checks))
    if as_json:
        write_outcome(outcome, "the check run")
        return
    if outcome.checks:
        show_checks(outcome.checks)
    if outcome.status == "cancelled":
        raise run_failure(outcome, "the check run")
    show_warnings(outcome)
    states = [result.state for result in outcome.checks]
    show_counts_of_checks(*(states.count(state) for state in ("passed", "warned", "failed")))
    if outcome.error is not None:
        raise database_error(outcome.error)


def unit_tests(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Unit tests of sql/tests/; all when omitted.",
            autocompletion=completing.unit_tests,
        ),
    ] = None,
    select: Select = None,
    exclude: Exclude = None,
    junit: Junit = None,
) -> None:
    """Run the unit tests of tables.

    Deploys the project's current files apart, in a transaction that is rolled back. No production
    is needed, and nothing that is deployed changes. --select chooses tests by the table that they
    test. Exits with 1 if a test fails, with 2 if a file is wrong.
    """
    from fdwarehouse.database.connections import connect
    from fdwarehouse.database.deployment import write_build
    from fdwarehouse.database.prefixed import plain_url
    from fdwarehouse.database.testing.project_tests import run_unit_tests
    from fdwarehouse.project.unit_tests import read_unit_tests
    from fdwarehouse.rendering.render import render_project
    from fdwarehouse.terminal.junit import write_junit
    from fdwarehouse.terminal.unit_tests import as_junit, show_failures, show_result

    connections = connections_of(context)
    tests = _named(read_unit_tests(connections.root), names or [])
    rendered = render_project(connections.root)
    prepare_embedded(connections)
    results = []
    if tests:
        with connect(plain_url(connections.warehouse())) as warehouse:
            with err.console.status("Compiling"):
                running = run_unit_tests(
                    warehouse,
                    rendered,
                    tests,
                    chosen=select or (),
                    excluded=exclude or (),
                    compiled=partial(write_build, folder=connections.root / "build"),
                )
                first = next(running, None)
            for result in [] if first is None else [first, *running]:
                show_result(result)
                results.append(result)
    if junit:
        write_junit(junit, "unit tests", as_junit(results))
    if not results:
        say("No unit test is selected." if tests else "There are no unit tests in sql/tests/.")
        return
    show_failures(results)
    if any(result.state == "failed" for result in results):
        raise typer.Exit(2 if any(result.wrong for result in results) else 1)


def _named(tests: Sequence[UnitTest], names: Sequence[str]) -> list[UnitTest]:
    """Choose tests by name, or by the path of their file."""
    wanted = [n.rpartition("/")[2].removesuffix(".yaml") for n in names]
    known = [test.name for test in tests]
    for name in wanted:
        if name not in known:
            meant = closest(name, known)
            raise FdwarehouseError(
                f"there is no unit test {name}",
                hint=f"{meant}?" if meant else "They are files such as sql/tests/name.yaml.",
            )
    return [test for test in tests if not names or test.name in wanted]


def prepare_embedded(connections: Connections) -> None:
    """Prepare the embedded warehouse, unless it is: a newcomer has not called bootstrap yet.

    Args:
        connections: of the project.
    """
    from fdwarehouse.database.bootstrap import bootstrap_warehouse
    from fdwarehouse.database.connections import connect

    if not connections.is_embedded:
        return
    with connect(connections.warehouse_admin(), autocommit=True) as admin:
        found = admin.execute("SELECT FROM pg_extension WHERE extname = 'postgres_fdw'").fetchone()
    if found is None:
        for line in bootstrap_warehouse(connections):
            note(line)
