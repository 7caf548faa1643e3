"""Checks: one page per check, with its results over time, and the tables that it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from fdwarehouse.database.json_rows import Row
from fdwarehouse.database.observation.everything import Observation
from fdwarehouse.site.pages.sampling import as_table

RESULTS = 20
"""Results that the page of a check, and its strip, show."""


def with_results(seen: Observation) -> list[Row]:
    """List the checks with their latest results, the oldest first.

    Args:
        seen: the warehouse.
    """
    return [
        {
            **check,
            "sample": as_table(check["sample_rows"]),
            "results": (seen.check_history.get(check["name"]) or [])[-RESULTS:],
        }
        for check in seen.checks
    ]


def check_pages(seen: Observation) -> Iterator[dict[str, Any]]:
    """Decide what the page of each check shows.

    Args:
        seen: the warehouse.

    Yields:
        The values of one page.
    """
    failing_since = {
        row["subject"]: row["since"]
        for row in seen.problems
        if row["kind"] in ("check_failed", "check_warned")
    }
    tables = {table.name for table in seen.described.tables}
    for check in with_results(seen):
        yield {
            "check": check,
            "since": failing_since.get(check["name"]),
            "about": tables_of(check, tables),
        }


def tables_of(check: Row, tables: Collection[str]) -> list[str]:
    """Return the tables that a check is about: by its name, or else all that it reads.

    Args:
        check: its name, its layer, and what it reads.
        tables: the names of all tables.
    """
    words = check["name"].split("__")
    prefixes = ("__".join(words[:n]) for n in range(1, len(words)))
    own = [name for prefix in prefixes if (name := f"{check['layer']}.{prefix}") in tables]
    return own or [table for table in check["reads"] if table in tables]
