"""Runs: the list, one page per run, and how tables and checks fared over time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from fdwarehouse.database.json_rows import Row
from fdwarehouse.database.observation.everything import Observation
from fdwarehouse.site.pages.checks import with_results
from fdwarehouse.site.pages.sampling import as_table
from fdwarehouse.site.pictures import span, sparkline
from fdwarehouse.terminal.console import duration

SLOWEST = 20
"""Tables in the list of those that take longest."""
_WHERE = re.compile("(?:PL/pgSQL function|SQL function|SQL statement|SQL expression) ")


def runs(seen: Observation) -> dict[str, Any]:
    """Decide what the page of runs shows.

    Args:
        seen: the warehouse.
    """
    detailed = seen.detailed_runs
    longest = max((run["seconds"] or 0 for run in seen.runs), default=0)
    listed = [
        {
            **run,
            "has_page": run["run_id"] in detailed,
            "bar": span(0, run["seconds"] or 0, longest, run["status"]),
        }
        for run in seen.runs
    ]
    return {
        "runs": listed,
        "tables": sorted(_trends(seen), key=lambda row: -float(row["last_seconds"]))[:SLOWEST],
        "checks": with_results(seen),
    }


def _trends(seen: Observation) -> Iterator[Row]:
    for table, points in seen.table_history.items():
        yield {
            "table": table,
            "last_seconds": points[-1]["seconds"] or 0,
            "written": sum(point["written"] or 0 for point in points[-10:]),
            "rows": points[-1]["rows"],
            "seconds": sparkline(
                [point["seconds"] for point in points],
                f"Time per run: {duration(points[-1]['seconds'])} in the last one",
                120,
                22,
            ),
        }


def run_pages(seen: Observation) -> Iterator[dict[str, Any]]:
    """Decide what the page of each run with details shows.

    Args:
        seen: the warehouse.

    Yields:
        The values of one page.
    """
    for run in seen.runs:
        steps = [step for step in seen.steps if step["run_id"] == run["run_id"]]
        results = [row for row in seen.results if row["run_id"] == run["run_id"]]
        if run["run_id"] not in seen.detailed_runs:
            continue
        whole = max(
            [run["seconds"] or 0, *((s["begins"] or 0) + (s["seconds"] or 0) for s in steps)]
        )
        shown = [{**step, "bar": _bar(step, whole), "changed": _changed(step)} for step in steps]
        yield {
            "run": run,
            "layers": _by_layer(shown),
            **_why(run, shown, [row["check_name"] for row in results if not row["passed"]]),
            "idle": sum(1 for s in shown if s["status"] == "succeeded" and not s["changed"]),
            "results": [{**row, "sample": as_table(row["sample_rows"])} for row in results],
        }


def _why(run: Row, steps: list[Row], failed_checks: list[str]) -> Row:
    """Say why a run failed, each thing once.

    Many steps, and the run, can have the same error. The rows that break a check are shown with it.
    """
    by_text: dict[tuple[str | None, str, str | None], list[Row]] = {}
    for step in steps:
        if step["status"] == "failed":
            text = "\n".join(filter(None, (step["message"], step["detail"])))
            said = text or _split(step["error"] or "")[0]
            by_text.setdefault((step["error_code"], said, step["hint"]), []).append(step)
    error, where = _split(run["error"] or "")
    rows_of_checks = tuple(f"{name}: " for name in failed_checks)
    error = "\n".join(line for line in error.splitlines() if not line.startswith(rows_of_checks))
    lines = {line for _, text, _ in by_text for line in text.splitlines()}
    if lines and lines.issuperset(error.splitlines()):
        error = ""
    unchanged = {"rolled_back": "Rolled back with it, and unchanged", "skipped": "Not built"}
    return {
        "error": (error, where),
        "reasons": [
            {
                "code": code,
                "message": "" if text in error else text,
                "hint": hint,
                "steps": failed,
            }
            for (code, text, hint), failed in by_text.items()
        ],
        "unchanged": [
            (text, found)
            for status, text in unchanged.items()
            if (found := [step for step in steps if step["status"] == status])
        ],
    }


def _split(error: str) -> tuple[str, str]:
    """Separate what happened from where in the SQL it happened."""
    lines = error.splitlines()
    where = [line for line in lines if _WHERE.match(line)]
    return "\n".join(line for line in lines if line not in where), "\n".join(where)


def _bar(step: Row, whole: float) -> Markup:
    if step["begins"] is None:
        return Markup()
    return span(step["begins"], step["seconds"] or 0, whole, step["status"])


def _changed(step: Row) -> bool:
    kinds = ("rows_inserted", "rows_updated", "rows_deleted", "rows_rejected")
    return any(step[kind] for kind in kinds)


def _by_layer(steps: list[Row]) -> list[tuple[str, list[Row]]]:
    layers = dict.fromkeys(step["layer"] for step in steps)
    ordered = sorted(layers, key=["source", "bronze", "silver", "gold"].index)
    return [(layer, [step for step in steps if step["layer"] == layer]) for layer in ordered]
