"""Steps, checks and the end of runs on the terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import psycopg
from rich.table import Table
from rich.text import Text

from fdwarehouse.database.running import CheckResult, Outcome, Step
from fdwarehouse.errors import CANCELLED, FdwarehouseError, database_error
from fdwarehouse.terminal.console import counted, duration, mark, number, out, say, table, warn
from fdwarehouse.terminal.junit import JunitCase

SAMPLE_ROWS = 3


def steps_table(steps: Sequence[Step]) -> Table:
    """Lay out steps with their rows and times.

    Args:
        steps: in the order of execution.
    """
    counts = ("read", "inserted", "updated", "deleted", "rejected")
    made = table(
        "",
        "step",
        *counts,
        "time",
        right=(*counts, "time"),
        drop=("read", "inserted", "deleted", "updated", "rejected", "time"),
    )
    for step in steps:
        style = "bold" if step.state == "running" else "dim" if step.state == "pending" else ""
        written = [step.rows_inserted, step.rows_updated, step.rows_deleted, step.rows_rejected]
        made.add_row(
            mark(step.state),
            Text(step.model, style),
            number(step.rows_read),
            *(Text(number(rows), "" if rows else "dim") for rows in written),
            duration(step.seconds),
        )
    return made


def step_line(step: Step) -> str:
    """Describe the result of a step in one line.

    Args:
        step: one that has ended.
    """
    if step.state != "succeeded":
        reason = (step.error or "").partition("\n")[0]
        return f"{step.state.replace('_', ' ')}  {step.model}: {reason}"
    counts = {
        "read": step.rows_read,
        "inserted": step.rows_inserted,
        "updated": step.rows_updated,
        "deleted": step.rows_deleted,
        "rejected": step.rows_rejected,
    }
    rows = ", ".join(f"{number(n)} {what}" for what, n in counts.items() if n or what == "read")
    return f"{step.state}  {step.model}: {rows} ({duration(step.seconds)})"


def show_outcome(outcome: Outcome, what: str) -> None:
    """Show how a run ended: steps, failed checks and a summary line.

    Args:
        outcome: of the run.
        what: what to call it: ``run``, ``rebuild``.

    Raises:
        FdwarehouseError: the run has failed.
    """
    if out.is_terminal and outcome.steps:
        out.print(steps_table(outcome.steps))
        _show_rolled_back(outcome.steps)
    show_warnings(outcome)
    if found := [check for check in outcome.checks if check.offending_rows]:
        show_checks(found)
    name = f"{what} {outcome.run_id}" if outcome.run_id else what
    if outcome.error is not None:
        line = failure_line(name, outcome.status, outcome.seconds, outcome.error)
        say(line.partition(":")[0] if out.is_terminal else line, "bold red")
        raise run_failure(outcome, name)
    passed = len(outcome.checks) - len(found)
    say(
        f"{name} succeeded in {duration(outcome.seconds)}: "
        f"{counted(outcome.rows_written, 'row')} written, {counted(passed, 'check')} passed"
        + (f", {len(found)} warned" if found else ""),
        "bold green",
    )


def show_warnings(outcome: Outcome) -> None:
    """Write warnings of steps and of checks to stderr; a terminal has those of checks in a table.

    Args:
        outcome: of a run.
    """
    for step in outcome.steps:
        if step.state == "succeeded" and step.error:
            warn(f"{step.model}: {step.error.splitlines()[0]}")
    for check in outcome.checks:
        if check.state == "warned" and not out.is_terminal:
            warn(f"check {check.check_name} warned: {counted(check.offending_rows, 'row')}")


def failure_line(name: str, status: str, seconds: float, error: psycopg.Error) -> str:
    """Describe in one line that a run has not succeeded.

    Args:
        name: what to call the run.
        status: failed or cancelled.
        seconds: how long it took.
        error: why.
    """
    message = error.diag.message_primary or str(error).partition("\n")[0]
    code = f"[{error.sqlstate}] " if error.sqlstate else ""
    return f"{name} {status} in {duration(seconds)}: {code}{message}"


def _show_rolled_back(steps: Sequence[Step]) -> None:
    """Say which check or table is the reason why others were rolled back."""
    counts = Counter(step.error for step in steps if step.state == "rolled_back")
    for reason, count in counts.items():
        say(
            f"{counted(count, 'table')} rolled back: {(reason or '').partition(chr(10))[0]}",
            "yellow",
        )


def run_failure(outcome: Outcome, name: str) -> FdwarehouseError:
    """Say why a run did not succeed.

    Args:
        outcome: one with an error.
        name: what to call the run.
    """
    if outcome.status == "cancelled":
        return FdwarehouseError(
            f"{name} was cancelled after {duration(outcome.seconds)}",
            hint="The cancelled step was rolled back; the next run continues.",
            exit_code=CANCELLED,
        )
    assert outcome.error is not None
    return database_error(outcome.error)


def show_checks(checks: Sequence[CheckResult]) -> None:
    """Show the results of checks, with sample rows of those that failed.

    Args:
        checks: their results.
    """
    made = table(
        "",
        "check",
        "layer",
        "severity",
        "rows",
        "time",
        right=("rows", "time"),
        drop=("layer", "time", "severity", "rows"),
    )
    for check in checks:
        made.add_row(
            mark(check.state),
            check.check_name,
            check.layer,
            check.severity,
            number(check.offending_rows) if check.offending_rows else "",
            duration(check.seconds),
        )
    out.print(made)
    for check in checks:
        if check.offending_rows:
            say("")
            style = "red" if check.state == "failed" else "yellow"
            say(f"{check.check_name}: {check.description}", style)
            for row in check.sample_rows[:SAMPLE_ROWS]:
                say(f"    {json.dumps(row, ensure_ascii=False)}")
            if (left := check.offending_rows - SAMPLE_ROWS) > 0:
                say(f"    and {number(left)} more")


def checks_as_junit(checks: Sequence[CheckResult]) -> list[JunitCase]:
    """Describe the results of checks for JUnit XML: a warning passes and says its rows.

    Args:
        checks: their results.
    """
    cases = []
    for check in checks:
        rows = [json.dumps(row, ensure_ascii=False) for row in check.sample_rows]
        if (left := check.offending_rows - len(rows)) > 0:
            rows.append(f"and {number(left)} more")
        found = f"{check.description} {counted(check.offending_rows, 'row')}"
        cases.append(
            JunitCase(
                check.check_name,
                check.layer,
                check.seconds,
                "failed" if check.state == "failed" else "passed",
                found,
                "\n".join([f"warning: {found}"] * (check.state == "warned") + rows),
            )
        )
    return cases


def show_counts(counts: Mapping[str, int]) -> None:
    """Show rows by kind.

    Args:
        counts: number of rows by kind.
    """
    made = table("", "rows", right=("rows",))
    for what, rows in counts.items():
        made.add_row(what, number(rows))
    out.print(made)
