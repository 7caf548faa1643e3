"""Shows one run of the log."""

from __future__ import annotations

from typing import Any

from fdwarehouse.database.running import CheckResult, Step
from fdwarehouse.terminal.console import (
    STATES,
    duration,
    heading,
    mark,
    number,
    out,
    prose,
    say,
    show_counts_of_checks,
    table,
)
from fdwarehouse.terminal.outcomes import show_checks, steps_table


def show_run(described: dict[str, Any]) -> None:
    """Show what `fdwarehouse.database.logged_runs.read_run` returned.

    Args:
        described: the run.
    """
    run = described["run"]
    style = STATES[run["status"]][1]
    label = f" ({run['label']})" if run["label"] else ""
    out.text(
        (f"run {run['run_id']} ", "bold"),
        (f"{mark(run['status']).plain} {run['status']}", style),
        f" after {duration(run['seconds'])}" if run["status"] != "running" else "",
    )
    prose(
        f"begun by {run['begun_by']}{label} as {run['begun_by_role']} "
        f"at {run['started_at'][:19].replace('T', ' ')} UTC"
    )
    prose(
        f"{number(run['rows_read'])} rows read, {number(run['rows_written'])} written, "
        f"{number(run['rows_rejected'])} rejected"
    )
    if run["error"]:
        prose(run["error"].splitlines()[0], style)
    _show_fences(described["fences"])
    _show_steps(described["steps"])
    _show_chunks(described["chunks"])
    _show_checks(described["checks"])


def _show_fences(fences: list[dict[str, Any]]) -> None:
    if fences:
        heading("Fences")
    for fence in fences:
        lag = duration(fence["lag_seconds"]) or "indefinitely"
        moment = fence["fence"][:19].replace("T", " ")
        prose(f"{fence['source']}: {moment} UTC, {lag} behind its clock ({fence['fence_kind']})")
        if fence["held_by"]:
            how = "only a margin:"
            since = ""
            if fence["held_since"]:
                how = "held back by"
                since = f", for {duration(fence['held_seconds'])}"
            prose(f"{how} {fence['held_by']}{since}", "yellow", indent=4)


def _show_steps(steps: list[dict[str, Any]]) -> None:
    if not steps:
        return
    heading("Steps")
    fields = Step.__dataclass_fields__.keys() - {"state", "run_id"}
    out.print(
        steps_table([Step(state=s["status"], **{name: s[name] for name in fields}) for s in steps])
    )
    for step in steps:
        if step["error"]:
            state = "warning" if step["status"] == "succeeded" else step["status"].replace("_", " ")
            code = f"[{step['error_code']}] " if step["error_code"] else ""
            first, *more = step["error"].splitlines()
            prose(f"{step['model']} {state}: {code}{first}", STATES[step["status"]][1])
            for line in more:
                prose(line, "dim", indent=4)


def _show_chunks(chunks: list[dict[str, Any]]) -> None:
    if not chunks:
        return
    heading("Chunks")
    made = table("table", "chunks", "read", right=("chunks", "read"), drop=("chunks", "read"))
    for each in chunks:
        made.add_row(each["model"], number(each["chunks"]), number(each["rows_read"]))
    out.print(made)


def _show_checks(found: list[dict[str, Any]]) -> None:
    if not found:
        return
    heading("Checks")
    results = [
        CheckResult(
            check_name=check["name"],
            **{n: check[n] for n in CheckResult.__dataclass_fields__ if n != "check_name"},
        )
        for check in found
    ]
    show_checks(results)
    say("")
    states = [result.state for result in results]
    show_counts_of_checks(*(states.count(state) for state in ("passed", "warned", "failed")))
