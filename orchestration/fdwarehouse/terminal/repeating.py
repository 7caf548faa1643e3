"""Shows runs that are repeated: one line each."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from fdwarehouse.database.repeating import Ended, Event, Ran
from fdwarehouse.database.running import Outcome
from fdwarehouse.terminal.console import STATES, counted, duration, number, out, say
from fdwarehouse.terminal.json_lines import run_fields, write_line
from fdwarehouse.terminal.outcomes import failure_line


def show_event(event: Event) -> None:
    """Show in one line what has happened.

    Args:
        event: of `fdwarehouse.database.repeating.repeat`.
    """
    at = moment(event.at)
    if isinstance(event, Ran):
        say(f"{at} {line_of(event.outcome)}", STATES[_style(event.outcome)][1])
    elif isinstance(event, Ended):
        say(f"{at} ended after {counted(event.runs, 'run')}")
    else:
        say(f"{at} {type(event).__name__.lower()}: {event.reason}", "yellow")
    out.console.file.flush()  # a file has it before the next run


def moment(at: datetime) -> str:
    """Write a time in UTC to the second.

    Args:
        at: the time.
    """
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def line_of(outcome: Outcome) -> str:
    """Describe how a run ended, in one line.

    Args:
        outcome: of the run.
    """
    name = f"run {outcome.run_id}" if outcome.run_id else "run"
    if outcome.error is not None:
        return failure_line(name, outcome.status, outcome.seconds, outcome.error)
    states = Counter(check.state for check in outcome.checks)
    warned = f", {states['warned']} warned" if states["warned"] else ""
    return (
        f"{name} {outcome.status} in {duration(outcome.seconds)}: "
        f"{counted(outcome.rows_read, 'row')} read, {number(outcome.rows_written)} "
        f"written, {number(outcome.rows_rejected)} rejected; "
        f"{counted(states['passed'], 'check')} passed{warned}"
    )


def _style(outcome: Outcome) -> str:
    if outcome.error is not None:
        return "abandoned" if outcome.status == "cancelled" else "failed"
    return "warned" if any(check.state == "warned" for check in outcome.checks) else "passed"


def write_event(event: Event) -> None:
    """Write as JSON what has happened.

    Args:
        event: of `fdwarehouse.database.repeating.repeat`.
    """
    at = moment(event.at)
    if isinstance(event, Ran):
        write_line("run", at=at, **run_fields(event.outcome))
    elif isinstance(event, Ended):
        write_line("ended", at=at, runs=event.runs)
    else:
        write_line(type(event).__name__.lower(), at=at, reason=event.reason)
