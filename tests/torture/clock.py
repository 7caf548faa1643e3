"""Production's clock and local time: steps, time zones, and summer time."""

from datetime import UTC, datetime, timedelta
from random import Random

from tests.torture.arena import Arena, session
from tests.torture.history import History
from tests.torture.production import has_clock
from tests.torture.runs import Runner

ZONES = ["Etc/UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]
STEPS = range(-60, 61, 5)
NOTICE = timedelta(seconds=2)
HOUR = timedelta(hours=1)


class Clock:
    """Steps the clock of production, changes its time zone, begins and ends summer time.

    The warehouse detects it when a run reads the fence. If the clock changes twice between two
    runs, only reconciliation finds the rows stamped in between. This is not tested here: the clock
    changes only when a run has read production since its last change.

    Args:
        arena: The shop.
        runner: Runs that read production.
        history: Records the changes.
    """

    def __init__(self, arena: Arena, runner: Runner, history: History) -> None:
        self._arena = arena
        self._runner = runner
        self._history = history
        self._offset = timedelta()
        self._changed_at = datetime.now(UTC)

    def step(self, random: Random) -> bool:
        """Step the clock back or forward by up to two minutes; False if it is too early."""
        if not has_clock() or not self._is_known():
            return False
        seconds = random.choice(STEPS)
        self._arena.step_clock(seconds)
        self._changed_at = datetime.now(UTC)
        self._history.add("clock", f"production's clock is {seconds:+} s from the machine's")
        return True

    def change_zone(self, random: Random) -> bool:
        """Move the server to another time zone at once; False if it is too early."""
        if not self._is_known():
            return False
        zone = random.choice(ZONES)
        with session(self._arena.production) as production:
            production.execute(f"SET timezone = '{zone}'".encode())
            ((seconds,),) = production.execute("SELECT extract(TIMEZONE FROM now())").fetchall()
        self._set(zone, timedelta(seconds=int(seconds)), datetime.now(UTC))
        return True

    def change_season(self, hour: timedelta) -> bool:
        """Begin (`HOUR`) or end (`-HOUR`) summer time in a moment; False if it is too early.

        https://www.postgresql.org/docs/18/datetime-posix-timezone-specs.html
        """
        if not self._is_known():
            return False
        with session(self._arena.production) as production:
            ((now,),) = production.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'").fetchall()
        change = now.replace(tzinfo=UTC) + NOTICE
        local = change + self._offset
        moment = f"{local.timetuple().tm_yday - 1}/{local:%H:%M:%S}"
        if hour > timedelta():
            names = f"STD{_west(self._offset)}DST{_west(self._offset + HOUR)}"
            zone = f"{names},{moment},364/23"
        else:
            names = f"STD{_west(self._offset - HOUR)}DST{_west(self._offset)}"
            zone = f"{names},0/0,{moment}"
        self._set(zone, self._offset + hour, datetime.now(UTC) + NOTICE)
        return True

    def _is_known(self) -> bool:
        return self._runner.last_read > self._changed_at

    def _set(self, zone: str, offset: timedelta, changes_at: datetime) -> None:
        with session(self._arena.production) as production:
            production.execute(f"ALTER SYSTEM SET timezone = '{zone}'".encode())
            production.execute("SELECT pg_reload_conf()")
        self._offset, self._changed_at = offset, changes_at + HOUR / 3600
        self._history.add("clock", f"production's time zone is {zone}")


def _west(offset: timedelta) -> str:
    """Write an offset as POSIX does, which counts to the west."""
    minutes = -int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02}"
