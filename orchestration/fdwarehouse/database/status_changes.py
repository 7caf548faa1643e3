"""What has changed between two looks at the status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Subjects = Mapping[str, tuple[str, str]]
"""State and words by subject; an empty state is a good one that nobody needs to hear of."""


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
            is_news = state not in ("passed", "complete") and subject == _last_run(now, subject)
        else:
            is_news = before.get(subject) != (state, detail)
        if is_news:
            found.append(Change(subject, state, detail))
    found += [
        Change(subject, "gone", "")
        for subject in before or ()
        if subject not in now and not subject.startswith("run ")  # the log keeps it
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
    for source in described["sources"]:
        held = f"held back by {source['held_by']}" if source["is_held_too_long"] else ""
        doubts = [f"{d['table']} may lack changes: {d['reason']}" for d in source["unreconciled"]]
        drifts = [f"{d['subject']}: {d['difference']}" for d in source["drift"]]
        words = "; ".join(filter(None, [held, *doubts, *drifts]))
        yield f"source {source['source']}", ("doubtful" if words else "complete", words)
    for check in described["checks"]:
        if check["passed"] is not None:
            bad = "failed" if check["severity"] == "error" else "warned"
            rows = check["offending_rows"]
            words = f"{rows:,} {'row' if rows == 1 else 'rows'}" if rows else ""
            yield f"check {check['name']}", ("passed" if check["passed"] else bad, words)
    for rejected in described["rejected_rows"]:
        words = f"{rejected['rows']:,}: {rejected['reasons']}"
        yield f"rejects of {rejected['model']} ({rejected['reasons']})", ("rejected", words)


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
