"""Plans, steps and checks on the terminal."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fdwarehouse.database.deployment_plan import Plan
from fdwarehouse.database.running import CheckResult, Outcome, Step
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.rendering.next_run import NextRun
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
    for step in outcome.steps:
        if step.state == "succeeded" and step.error:
            warn(f"{step.model}: {step.error.splitlines()[0]}")
    if found := [check for check in outcome.checks if check.offending_rows]:
        show_checks(found)
    name = f"{what} {outcome.run_id}" if outcome.run_id else what
    if outcome.error is not None:
        raise run_failure(outcome, name)
    passed = len(outcome.checks) - len(found)
    say(
        f"{name} succeeded in {duration(outcome.seconds)}: "
        f"{counted(outcome.rows_written, 'row')} written, {counted(passed, 'check')} passed"
        + (f", {len(found)} warned" if found else ""),
        "bold green",
    )


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
            exit_code=130,
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


def show_kept_up(kept_up: Mapping[str, str]) -> None:
    """Show how each table that is one SELECT is maintained.

    Args:
        kept_up: description by table.
    """
    if not kept_up:
        return
    say("Tables", "bold")
    width = max(len(name) for name in kept_up)
    for name, how in kept_up.items():
        style = "yellow" if how.startswith("full") else ""
        line = Text(f"{name:<{width}}  {how}", style)
        out.print(Padding(line, (0, 0, 0, 2), expand=False))


def show_next_run(run: NextRun) -> None:
    """Show what the next run computes because of a deploy.

    Args:
        run: what it computes in full, and what is downstream.
    """
    lines = [f"{name}: {reason}" for name, reason in run.full.items()]
    for title, sign, style, listed in (
        ("The next run computes in full", "~", "yellow", lines),
        ("Also downstream", "·", "", run.incremental),
    ):
        if listed:
            say(title, "bold")
        for line in listed:
            out.print(Padding(Text(f"{sign} {line}", style), (0, 0, 0, 2), expand=False))


def show_plan(plan: Plan) -> None:
    """Show what a deploy changes, object by object; the mount of a source counts as one.

    Args:
        plan: the differences from what is deployed.
    """
    changed = [name for name in plan.changed if name not in plan.edited]
    kept = {*plan.missing, *(f"{table}.sql" for table in plan.abandoned)}
    gone = [name for name in plan.gone if name not in kept]
    sections: tuple[tuple[str, str, str, list[str]], ...] = (
        ("Migrations", "+", "green", _migrations(plan.migrations)),
        (
            "Migrations edited after they were applied: refused",
            "!",
            "red",
            _migrations(plan.edited),
        ),
        ("Applied migrations without a file: refused", "!", "red", _migrations(plan.missing)),
        ("New", "+", "green", _by_schema(plan.new)),
        ("Changed", "~", "yellow", _by_schema(changed)),
        ("Removed", "-", "red", _by_schema(gone)),
        ("Connections", "~", "yellow", [f"to source {name}" for name in plan.connections]),
    )
    if not plan.is_empty and not any(lines for *_, lines in sections):
        sections = (("Changed", "~", "yellow", ["settings and grants"]),)
    for title, sign, style, lines in sections:
        if lines:
            say(title, "bold")
        for line in lines:
            out.print(Padding(Text(f"{sign} {line}", style), (0, 0, 0, 2), expand=False))
    for name in plan.abandoned:
        say(f"{name} is kept, but nothing writes it: drop it with a migration.", "yellow")


def _migrations(files: Sequence[str]) -> list[str]:
    return [file.removeprefix("migration_") for file in files]


def _by_schema(files: Sequence[str]) -> list[str]:
    objects: dict[str, list[str]] = defaultdict(list)
    for file in files:
        if not file.startswith("deploy_"):  # these are the deployment's own statements
            schema, _, name = unquote(file).removesuffix(".sql").partition(".")
            objects[schema].append(name or "server and foreign tables")
    return [f"{schema}: {', '.join(names)}" for schema, names in objects.items()]
