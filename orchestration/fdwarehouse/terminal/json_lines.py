"""Runs and checks for machines: one JSON object per line on stdout, in ASCII."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import psycopg

from fdwarehouse.database.running import CheckResult, Outcome, Step
from fdwarehouse.terminal.outcomes import run_failure, show_warnings


def write_line(kind: str, **fields: Any) -> None:
    """Write one line, at once.

    Args:
        kind: its type: step, check, run, ...
        fields: the others.
    """
    print(json.dumps({"type": kind, **fields}, default=str), flush=True)


def write_step(step: Step) -> None:
    """Write a step.

    Args:
        step: one that has ended.
    """
    write_line(
        "step",
        run_id=step.run_id,
        model=step.model,
        layer=step.layer,
        status=step.state,
        rows_read=step.rows_read,
        rows_inserted=step.rows_inserted,
        rows_updated=step.rows_updated,
        rows_deleted=step.rows_deleted,
        rows_rejected=step.rows_rejected,
        seconds=step.seconds,
        error=step.error,
    )


def write_outcome(outcome: Outcome, what: str) -> None:
    """Write the checks of a run, and last the run.

    Args:
        outcome: of the run, whose steps are written.
        what: what to call it: ``run``, ``rebuild``.

    Raises:
        FdwarehouseError: the run has failed; stderr and the exit code are those without JSON.
    """
    show_warnings(outcome)
    for check in outcome.checks:
        _write_check(outcome.run_id, check)
    write_line("run", **run_fields(outcome))
    if outcome.error is not None:
        raise run_failure(outcome, f"{what} {outcome.run_id}" if outcome.run_id else what)


def run_fields(outcome: Outcome) -> dict[str, Any]:
    """Describe a run as the fields of its line.

    Args:
        outcome: of the run.
    """
    states = Counter(check.state for check in outcome.checks)
    return {
        "run_id": outcome.run_id,
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
        "rows_read": outcome.rows_read,
        "rows_written": outcome.rows_written,
        "rows_rejected": outcome.rows_rejected,
        "checks": {state: states[state] for state in ("passed", "warned", "failed")},
        "error": None if outcome.error is None else error_fields(outcome.error),
    }


def error_fields(error: psycopg.Error) -> dict[str, str | None]:
    """Describe an error of the server.

    Args:
        error: the error; without a SQLSTATE, the connection was lost.
    """
    return {
        "code": error.sqlstate,
        "message": error.diag.message_primary or str(error),
        "detail": error.diag.message_detail,
        "hint": error.diag.message_hint,
    }


def _write_check(run_id: int | None, check: CheckResult) -> None:
    write_line(
        "check",
        run_id=run_id,
        name=check.check_name,
        layer=check.layer,
        severity=check.severity,
        status=check.state,
        offending_rows=check.offending_rows,
        sample_rows=check.sample_rows,
        seconds=check.seconds,
        description=check.description,
    )
