"""Shows the status of the warehouse."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from fdwarehouse.terminal.console import (
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

SHOWN_PROBLEMS = 5

_SPECIAL = re.compile("identical rows are counted|a rising number")
"""How a table is read, where that has consequences for who queries it."""


def show_status(described: dict[str, Any]) -> None:
    """Show what ``status.status`` returned.

    Args:
        described: the status.
    """
    if not described["deployed"]:
        prose(f"Nothing is deployed in database {described['database']} yet.", "bold")
        prose("`fdwarehouse deploy` creates the warehouse, `fdwarehouse run` fills it.")
        return
    _show_problems(described["problems"])
    _show_runs(described["runs"])
    _show_sources(described["sources"])
    _show_tables(described["tables"])
    _show_checks(described["checks"])
    _show_rejected_rows(described["rejected_rows"])


def _show_problems(problems: list[dict[str, Any]]) -> None:
    if not problems:
        return
    say("Problems", "bold")
    for problem in problems[:SHOWN_PROBLEMS]:
        style = "red" if problem["severity"] == "error" else "yellow"
        message = problem["message"]
        stop = "" if message.endswith((".", "!", "?")) else "."
        prose(f"{message}{stop} Since {_ago(problem['since'])}.", style)
        prose(problem["hint"], "dim", indent=4)
    if len(problems) > SHOWN_PROBLEMS:
        prose(f"and {len(problems) - SHOWN_PROBLEMS} more in etl.problems")
    prose("")


def _show_runs(runs: list[dict[str, Any]]) -> None:
    say("Runs", "bold")
    if not runs:
        prose("none yet: `fdwarehouse run`")
        return
    made = table(
        "",
        "run",
        "begun by",
        "started",
        "time",
        "read",
        "written",
        "rejected",
        right=("run", "time", "read", "written", "rejected"),
        drop=("rejected", "read", "time", "written", "started", "begun by"),
    )
    for run in runs:
        made.add_row(
            mark(run["status"]),
            str(run["run_id"]),
            run["begun_by"] + (f" ({run['label']})" if run["label"] else ""),
            _ago(run["started_at"]),
            duration(run["seconds"]),
            number(run["rows_read"]),
            number(run["rows_written"]),
            number(run["rows_rejected"]),
        )
    out.print(made)
    for run in runs[:3]:
        if run["status"] == "running" and run["progress"]:
            prose(f"run {run['run_id']} is running: {_progress(run['progress'])}")
        if run["error"] and run["status"] != "succeeded":  # of one session, or one attempt
            prose(f"run {run['run_id']} {run['status']}: {run['error'].splitlines()[0]}", "red")
        if run["status"] != "running" and run["progress"]:
            chunks = f"{number(run['progress']['done'])} of {number(run['progress']['of'])} chunks"
            prose(f"{chunks} are loaded: `fdwarehouse backfill` loads the rest")


def _progress(progress: dict[str, Any]) -> str:
    of = f" of {number(progress['of'])}" if progress["of"] else ""
    words = [f"{number(progress['done'])}{of} {progress['unit']} done"]
    if progress["running"]:
        words.append(f"{', '.join(progress['running'])} running")
    if progress["seconds_left"]:
        words.append(f"about {duration(progress['seconds_left'])} left")
    return ", ".join(words)


def _show_sources(sources: list[dict[str, Any]]) -> None:
    heading("Sources")
    for source in sources:
        if source["fence_kind"] is None:
            prose(f"{source['source']} ({source['system']}): never read yet")
            continue
        lag = duration(source["lag_seconds"]) or "indefinitely"
        prose(
            f"{source['source']} ({source['system']}): fence of kind {source['fence_kind']}, "
            f"{lag} behind its clock, read {duration(source['age_seconds'])} ago"
        )
        prose(source["promise"], "dim", indent=4)
        if source["held_by"]:
            prose(_holder(source), "yellow", indent=4)
        for doubt in source["unreconciled"]:
            prose(f"{doubt['table']} may lack changes: {doubt['reason']}", "yellow", indent=4)
        if source["not_noticed"]:
            prose(source["not_noticed"], "yellow", indent=4)
        for drift in source["drift"]:
            effect = f"; {drift['breaks']} is not loaded" if drift["breaks"] else ""
            prose(f"{drift['subject']}: {drift['difference']}{effect}", "yellow", indent=4)
        if source["drift"]:
            prose("`fdwarehouse contract` shows the changes and accepts them.", "dim", indent=4)


def _holder(source: dict[str, Any]) -> str:
    """Say what held the fence back when it was read; it may have ended since."""
    if not source["held_since"]:
        return f"only a margin: {source['held_by']}"
    since = f"for {duration(source['held_seconds'])} when it was read"
    too_long = " - longer than warn_after allows" if source["is_held_too_long"] else ""
    return f"held back by {source['held_by']}, {since}{too_long}"


def _show_tables(tables: list[dict[str, Any]]) -> None:
    heading("Tables")
    made = table(
        "table",
        "rows",
        "last success",
        "run",
        "watermark (UTC)",
        "reconciled",
        right=("rows", "run"),
        drop=("reconciled", "watermark (UTC)", "run", "last success", "rows"),
    )
    for row in tables:
        made.add_row(
            row["table"],
            ("about " if row["rows_are_estimated"] else "") + number(row["rows"]),
            _ago(row["last_success_at"]) or "never: the next run computes it",
            str(row["last_success_run_id"] or ""),
            _moment(row["watermark"]),
            _ago(row["last_reconciled_at"]),
        )
    out.print(made)
    for row in tables:
        if row["layer"] == "bronze" and _SPECIAL.search(row["kept_up"] or ""):
            prose(f"{row['table']} is {row['kept_up']}", "dim")
        elif (row["kept_up"] or "").startswith("full"):
            prose(f"{row['table']} is computed in {row['kept_up']}", "yellow")


def _show_checks(checks: list[dict[str, Any]]) -> None:
    heading("Checks")
    bad = [check for check in checks if check["passed"] is False]
    waiting = [check for check in checks if check["passed"] is None]
    passed = len(checks) - len(bad) - len(waiting)
    failed = sum(check["severity"] == "error" for check in bad)
    show_counts_of_checks(passed, len(bad) - failed, failed, len(waiting))
    if bad:
        made = table(
            "",
            "check",
            "severity",
            "rows",
            "checked",
            "promise",
            right=("rows",),
            drop=("severity", "checked", "promise", "rows"),
        )
        for check in bad:
            made.add_row(
                mark("failed" if check["severity"] == "error" else "warned"),
                check["name"],
                check["severity"],
                number(check["offending_rows"]),
                _ago(check["checked_at"]),
                check["description"],
            )
        out.print(made)


def _show_rejected_rows(rejected: list[dict[str, Any]]) -> None:
    heading("Rejected rows")
    if not rejected:
        say("none")
        return
    made = table("table", "rows", "reasons", right=("rows",), drop=("rows", "reasons"))
    for row in rejected:
        made.add_row(row["model"], number(row["rows"]), row["reasons"])
    out.print(made)
    prose("SELECT * FROM silver.rejected_rows; shows them.", "dim")


def _ago(moment: str | None) -> str:
    if moment is None:
        return ""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    return f"{duration(max(seconds, 0))} ago"


def _moment(moment: str | None) -> str:
    """Format a time stamp of the log, which may be infinite, to the second in UTC."""
    return "" if moment is None else moment[:19].replace("T", " ")
