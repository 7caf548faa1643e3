"""Home: is the warehouse all right?"""

from __future__ import annotations

from typing import Any

from fdwarehouse.database.json_rows import Row
from fdwarehouse.database.observation.everything import Observation
from fdwarehouse.site.pages.problems import KINDS, problems, rejected
from fdwarehouse.site.pages.sampling import as_table
from fdwarehouse.site.pictures import height_of_run
from fdwarehouse.terminal.console import counted

STRIP = 40
"""Runs in the strip."""


def home(seen: Observation) -> dict[str, Any]:
    """Decide what the home page shows.

    Args:
        seen: the warehouse.
    """
    level, sentence = verdict(seen)
    longest = max((run["seconds"] or 0 for run in seen.runs), default=0)
    detailed = seen.detailed_runs
    checks = [_check(row) for row in seen.checks]
    return {
        "level": level,
        "verdict": sentence,
        "problems": problems(seen),
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
        "rejected": rejected(seen),
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


def _check(row: Row) -> Row:
    return {**row, "sample": as_table(row["sample_rows"])}


def _source(row: Row) -> Row:
    promised, measured = row["promised_seconds"], row["data_age_seconds"]
    portion = None
    if promised and measured is not None:
        portion = min(1.0, measured / (2 * promised))
    return {**row, "portion": portion}
