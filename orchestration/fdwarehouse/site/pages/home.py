"""Home: is the warehouse all right?"""

from __future__ import annotations

from typing import Any

from fdwarehouse.database.json_rows import Row
from fdwarehouse.database.observation.everything import Observation
from fdwarehouse.site.formats import age
from fdwarehouse.site.pages.sampling import as_table
from fdwarehouse.site.pictures import height_of_run
from fdwarehouse.terminal.console import counted

KINDS = {
    "run_failed": "Run failed",
    "run_lost": "Run lost",
    "step_failed": "Step failed",
    "check_failed": "Check failed",
    "check_warned": "Check warns",
    "source_late": "Source is late",
    "fence_held": "Fence is held",
    "drift": "Drift",
    "unreconciled": "Not reconciled",
    "rows_rejected": "Rows rejected",
    "never_ran": "Never ran",
}
STRIP = 40
"""Runs in the strip."""


def home(seen: Observation) -> dict[str, Any]:
    """Decide what the home page shows.

    Args:
        seen: the warehouse.
    """
    order = [*KINDS]
    problems = [_problem(row, seen) for row in seen.problems]
    problems.sort(
        key=lambda row: (
            row["severity"] != "error",
            order.index(row["kind"]) if row["kind"] in order else len(order),
        )
    )
    level, sentence = verdict(seen)
    longest = max((run["seconds"] or 0 for run in seen.runs), default=0)
    detailed = seen.detailed_runs
    checks = [_check(row) for row in seen.checks]
    return {
        "level": level,
        "verdict": sentence,
        "problems": problems,
        "strip": [
            {
                **run,
                "height": height_of_run(run["seconds"] or 0, longest),
                "has_page": run["run_id"] in detailed,
            }
            for run in reversed(seen.runs[:STRIP])
        ],
        "last": seen.runs[0] if seen.runs else None,
        "sources": [_source(row) for row in seen.sources],
        "failing": sorted(
            (check for check in checks if check["passed"] is False),
            key=lambda check: check["severity"] != "error",
        ),
        "passing": sum(1 for check in checks if check["passed"]),
        "unknown": sum(1 for check in checks if check["passed"] is None),
        "checks": checks,
        "rejected": [_rejected(row) for row in seen.rejected],
        "due": [row for row in seen.reconciliations if row["is_due"]],
        "scheduled": [row for row in seen.reconciliations if not row["is_due"]],
        "full": seen.full_refreshes,
    }


def verdict(seen: Observation) -> tuple[str, str]:
    """Say in one sentence whether the warehouse is all right.

    Args:
        seen: the warehouse.

    Returns:
        ``ok``, ``warn`` or ``error``; the sentence.
    """
    if not seen.runs:
        return "warn", "Nothing has run yet."
    errors = [row for row in seen.problems if row["severity"] == "error"]
    warnings = len(seen.problems) - len(errors)
    last = seen.runs[0]
    if errors:
        first = str(KINDS.get(errors[0]["kind"], errors[0]["kind"])).lower()
        what = (
            f"{first}: {errors[0]['subject']}"
            if len(errors) == 1
            else f"{len(errors)} problems need attention"
        )
        more = f", and there {'is' if warnings == 1 else 'are'} {counted(warnings, 'warning')}"
        return "error", f"{what[0].upper()}{what[1:]}{more if warnings else ''}."
    if last["status"] in ("failed", "abandoned"):
        return "error", f"The last run, {last['run_id']}, {last['status']}."
    if warnings:
        return "warn", f"The warehouse is all right, with {counted(warnings, 'warning')}."
    return "ok", "The warehouse is all right."


def _problem(row: Row, seen: Observation) -> Row:
    return {
        **row,
        "title": KINDS.get(row["kind"], row["kind"]),
        "since_age": age(row["since"], seen.observed_at),
        "sample": as_table(row["sample_rows"]),
    }


def _check(row: Row) -> Row:
    return {**row, "sample": as_table(row["sample_rows"])}


def _rejected(row: Row) -> Row:
    found = [{**_object(s["key"]), **_object(s["row"])} for s in row["samples"] or []]
    return {**row, "sample": as_table(found)}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"key": value}


def _source(row: Row) -> Row:
    promised, measured = row["promised_seconds"], row["age_seconds"]
    portion = None
    if promised and measured is not None:
        portion = min(1.0, measured / (2 * promised))
    return {**row, "portion": portion}
