"""Where in a site the page of a thing is. Alerts link to the same pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fdwarehouse.site.formats import slug


def table_page(table: str) -> str:
    """Return the file of the page of a table.

    Args:
        table: its name: ``gold.fact_sales``.
    """
    return f"tables/{slug(table)}.html"


def check_page(check: str) -> str:
    """Return the file of the page of a check.

    Args:
        check: its name.
    """
    return f"checks/{slug(check)}.html"


def run_page(run_id: int) -> str:
    """Return the file of the page of a run.

    Args:
        run_id: its number.
    """
    return f"runs/{run_id}.html"


def problem_page(problem: Mapping[str, Any]) -> str:
    """Return the page that explains a problem, with the place in it.

    Args:
        problem: a row of ``etl.problems``.
    """
    kind, subject, run_id = problem["kind"], problem["subject"], problem.get("run_id")
    home = "index.html"
    match kind:
        case "check_failed" | "check_warned":
            page = check_page(subject)
        case "rows_rejected":
            page = f"{table_page(subject)}#rejected"
        case "run_failed" | "run_lost" if run_id:
            page = run_page(run_id)
        case "step_failed" if run_id:
            page = f"{run_page(run_id)}#step-{slug(subject)}"
        case "source_late" | "fence_held":
            page = f"{home}#source-{slug(subject)}"
        case "drift" | "unreconciled":
            page = f"{home}#drift"
        case _:
            page = home
    return page
