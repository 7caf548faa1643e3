"""Problems: what is wrong, the worst first, each with the page that explains it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fdwarehouse.database.json_rows import Row
from fdwarehouse.database.observation.everything import Observation
from fdwarehouse.site.addresses import problem_page
from fdwarehouse.site.pages.sampling import as_table

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


def problems(seen: Observation) -> list[Row]:
    """List what is wrong, errors first, then by kind.

    Args:
        seen: the warehouse.
    """
    order = [*KINDS]
    return sorted(
        map(_shown, seen.problems),
        key=lambda row: (
            row["severity"] != "error",
            order.index(row["kind"]) if row["kind"] in order else len(order),
        ),
    )


def tables_with_problems(seen: Observation) -> Iterator[tuple[str, Row]]:
    """Yield the problems that are of a table: a step that fails, rows that are rejected.

    Args:
        seen: the warehouse.

    Yields:
        The table and the problem.
    """
    table_of: dict[str, str] = {
        step["model"]: step["table_name"] for step in seen.steps if step["table_name"]
    }
    for row in problems(seen):
        if row["kind"] in ("step_failed", "rows_rejected"):
            yield table_of.get(row["subject"], str(row["subject"])), row


def _shown(row: Row) -> Row:
    return {
        **row,
        "title": KINDS.get(row["kind"], row["kind"]),
        "page": problem_page(row),
        "sample": as_table(row["sample_rows"]),
    }


def rejected(seen: Observation) -> list[Row]:
    """List the rejected rows by table and reasons, with some of them.

    Args:
        seen: the warehouse.
    """
    return [{**row, "sample": as_table(_rows(row["samples"]))} for row in seen.rejected]


def _rows(samples: Any) -> list[dict[str, Any]]:
    return [{**_object(one["key"]), **_object(one["row"])} for one in samples or []]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"key": value}
