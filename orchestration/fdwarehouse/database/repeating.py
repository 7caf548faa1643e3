"""Runs at fixed times, in one process, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import sleep

import psycopg

from fdwarehouse.database.running import Outcome, sigterm_as_interrupt
from fdwarehouse.errors import FdwarehouseError, database_error

LONGEST_BACKOFF = 60.0
"""Seconds between two attempts to reach the warehouse."""
_BUSY = ("DW001", "DW006")  # another run, a deploy
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Ran:
    """A run has ended, with or without success."""

    at: datetime
    outcome: Outcome


@dataclass(frozen=True)
class Skipped:
    """Another run, or a deploy, was in progress."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Failed:
    """The connection was lost during a run, or the warehouse is not one any more."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Waiting:
    """The warehouse cannot be reached; told once, until it can be again."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Ended:
    """Somebody has ended the process by Ctrl-C or SIGTERM."""

    at: datetime
    runs: int


Event = Ran | Skipped | Failed | Waiting | Ended


def reason_to_skip(outcome: Outcome) -> str | None:
    """Say why a run could not begin, if it need not: another run or a deploy is in progress.

    A run that has begun and then could not go on has failed.

    Args:
        outcome: of a call.
    """
    has_begun = outcome.run_id is not None
    if has_begun or outcome.error is None or outcome.error.sqlstate not in _BUSY:
        return None
    return outcome.error.diag.message_primary


def repeat(
    run: Callable[[], Outcome],
    period: timedelta,
    tell: Callable[[Event], None],
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    wait: Callable[[float], None] = sleep,
) -> None:
    """Run at once, and then at each multiple of a period, until Ctrl-C or SIGTERM.

    Times that pass during a run are left out, so that runs never overlap. A present run is
    cancelled on the server before the end.

    Args:
        run: calls the pipeline.
        period: between two runs; its multiples begin at midnight UTC if it divides a day.
        tell: called with what has happened; last with `Ended`.
        now: the clock.
        wait: sleeps for some seconds.
    """
    runs = 0
    with sigterm_as_interrupt():
        try:
            for event in _events(run, period, now, wait):
                runs += isinstance(event, Ran)
                tell(event)
        except KeyboardInterrupt:
            tell(Ended(now(), runs))


def _events(
    run: Callable[[], Outcome],
    period: timedelta,
    now: Callable[[], datetime],
    wait: Callable[[float], None],
) -> Iterator[Event]:
    backoff = 0.0
    while True:
        event = _attempt(run, now)
        if isinstance(event, Waiting):
            if not backoff:
                yield event
            backoff = min(max(1.0, 2 * backoff), LONGEST_BACKOFF)
            wait(backoff)
            continue
        backoff = 0.0
        yield event
        if isinstance(event, Ran) and event.outcome.was_cancelled:
            raise KeyboardInterrupt
        due = _next_multiple(now(), period)
        while (left := due - now()) > timedelta():
            if left > period:  # the clock was set back
                due = _next_multiple(now(), period)
            else:
                wait(min(left.total_seconds(), LONGEST_BACKOFF))  # the clock may be set meanwhile


def _next_multiple(time: datetime, period: timedelta) -> datetime:
    return _EPOCH + ((time - _EPOCH) // period + 1) * period


def _attempt(run: Callable[[], Outcome], now: Callable[[], datetime]) -> Event:
    try:
        outcome = run()
    except FdwarehouseError as error:
        reason = error.message.partition("\n")[0]
        is_away = isinstance(error.__cause__, psycopg.OperationalError)
        return Waiting(now(), reason) if is_away else Failed(now(), reason)
    except psycopg.Error as error:
        return Failed(now(), database_error(error).message.partition("\n")[0])
    reason_or_none = reason_to_skip(outcome)
    return Skipped(now(), reason_or_none) if reason_or_none else Ran(now(), outcome)
