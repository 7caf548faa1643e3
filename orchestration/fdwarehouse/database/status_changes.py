"""What has changed between two looks at the status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TOLD_OTHERWISE = ("run_failed", "run_lost", "check_failed", "check_warned")
"""Problems of runs and checks, whose states are told whether they are good or not."""
Subjects = Mapping[str, tuple[str, str]]
"""State and words by subject: a run, a check, or another problem."""


@dataclass(frozen=True)
class Change:
    """One subject in a new state."""

    subject: str
    state: str
    detail: str


def subjects_of(described: Mapping[str, Any]) -> Subjects:
    """Reduce a status to what can change, without times that always do.

    Args:
        described: what `read_status` returned.
    """
    return dict(_subjects(described))


def changes(before: Subjects | None, now: Subjects) -> list[Change]:
    """Compare two looks.

    Args:
        before: the earlier one; None: this is the first, of which only the last run and what is
            not good matter.
        now: the later one.
    """
    found = []
    for subject, (state, detail) in now.items():
        if before is None:
            is_news = state != "passed" and subject == _last_run(now, subject)
        else:
            is_news = before.get(subject) != (state, detail)
        if is_news:
            found.append(Change(subject, state, detail))
    found += [
        Change(subject, "over", "")
        for subject in before or ()
        if subject not in now and ":" in subject  # a problem, see etl.problems
    ]
    return found


def _last_run(now: Subjects, subject: str) -> str:
    """Return the subject itself, but for runs the newest, which comes first."""
    if not subject.startswith("run "):
        return subject
    return next(each for each in now if each.startswith("run "))


def _subjects(described: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    if not described["deployed"]:
        yield "warehouse", ("empty", "nothing is deployed")
        return
    for run in described["runs"]:
        yield f"run {run['run_id']}", (run["status"], _words_of(run))
    for check in described["checks"]:
        if check["passed"] is not None:
            bad = "failed" if check["severity"] == "error" else "warned"
            rows = check["offending_rows"]
            words = f"{rows:,} {'row' if rows == 1 else 'rows'}" if rows else ""
            yield f"check {check['name']}", ("passed" if check["passed"] else bad, words)
    for problem in described["problems"]:
        if problem["kind"] not in _TOLD_OTHERWISE:
            yield problem["problem"], (problem["severity"], problem["message"])


def _words_of(run: Mapping[str, Any]) -> str:
    progress = run["progress"]
    if run["status"] == "running" and progress:
        of = f" of {progress['of']}" if progress["of"] else ""
        words = f"{progress['done'] or 0}{of} {progress['unit']} done"
        return words + f", {', '.join(progress['running'])} running" * bool(progress["running"])
    if run["status"] != "succeeded":
        return (run["error"] or "").partition("\n")[0]
    return (
        f"{run['rows_read']:,} rows read, {run['rows_written']:,} written, "
        f"{run['rows_rejected']:,} rejected"
    )
