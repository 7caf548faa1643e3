"""`fdwarehouse run --every 5m`, and `run --skip-if-running`."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fdwarehouse.database import repeating
from fdwarehouse.database.repeating import Ended, Event, Failed, Ran, Skipped, Waiting, repeat
from fdwarehouse.database.running import Outcome, call
from fdwarehouse.project.config_values import period
from tests.command import Command
from tests.harness import ROOT, Shop, Warehouse, wait_until

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
RUN = "CALL etl.run_pipeline()"


class Clock:
    """A clock that moves only while somebody waits, and what happens meanwhile.

    Args:
        acts: called one after the other when a wait begins; then comes Ctrl-C.
    """

    def __init__(self, *acts: Callable[[], Any]) -> None:
        self.time = NOON
        self.waits: list[float] = []
        self._acts = [*acts]

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += timedelta(seconds=seconds)
        if not self._acts:
            raise KeyboardInterrupt
        self._acts.pop(0)()


def nothing() -> None: ...


def repeated(clock: Clock, run: Callable[[], Outcome], every: str = "1m") -> list[Event]:
    events: list[Event] = []
    repeat(run, period(every), events.append, now=clock.now, wait=clock.wait)
    return events


def test_runs_begin_at_multiples_of_the_period_and_missed_ones_are_left_out() -> None:
    clock = Clock(*[nothing] * 20)
    began: list[str] = []
    lasts = iter([70, 301, 0, 299])

    def run() -> Outcome:
        began.append(clock.time.strftime("%H:%M:%S"))
        clock.time += timedelta(seconds=next(lasts))
        if len(began) == 4:
            raise KeyboardInterrupt
        return Outcome(len(began), "succeeded", 1)

    clock.time += timedelta(seconds=30)
    events = repeated(clock, run, "5m")
    assert began == ["12:00:30", "12:05:00", "12:15:00", "12:20:00"]
    assert max(clock.waits) <= 60  # the clock may be set
    assert events[-1] == Ended(clock.time, 3)


def test_a_clock_that_is_set_back_does_not_stop_it() -> None:
    def set_back() -> None:
        clock.time -= timedelta(days=1)

    clock = Clock(set_back, *[nothing] * 9)
    began: list[datetime] = []

    def run() -> Outcome:
        began.append(clock.time)
        return Outcome(len(began), "succeeded", 1)

    repeated(clock, run, "5m")
    assert sum(clock.waits) <= 60 * len(clock.waits)
    assert [time.strftime("%d %H:%M") for time in began] == ["01 12:00", "31 12:05", "31 12:10"]


def test_a_run_that_is_held_up_after_it_has_begun_has_failed(shop: Shop) -> None:
    with pytest.raises(psycopg.Error) as caught:
        shop.execute("DO $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = 'DW001'; END $$")
    held_up, not_begun = (Outcome(run_id, "failed", 1, caught.value) for run_id in (1, None))
    assert repeating.reason_to_skip(held_up) is None
    assert repeating.reason_to_skip(not_begun) == "busy"


def test_it_goes_on_after_a_failed_run_and_skips_while_others_work(
    seeded_warehouse: Warehouse,
) -> None:
    warehouse = seeded_warehouse
    deploy = warehouse.connect("owner")

    def allow() -> None:
        warehouse.shop.execute("GRANT SELECT ON orders TO warehouse_reader")
        warehouse.call("etl.start_run()")

    def end_run() -> None:
        warehouse.execute("CALL etl.abandon_run(2)")
        deploy.execute("LOCK TABLE etl.gate IN EXCLUSIVE MODE")

    warehouse.shop.execute("REVOKE SELECT ON orders FROM warehouse_reader")
    clock = Clock(allow, end_run, deploy.rollback)
    first, second, third, fourth, end = repeated(clock, lambda: call(warehouse.urls["owner"], RUN))
    assert isinstance(first, Ran)
    assert first.outcome.error
    assert first.outcome.error.sqlstate == "42501"
    assert isinstance(second, Skipped)
    assert isinstance(third, Skipped)
    assert [second.reason, third.reason] == ["run 2 is in progress", "a deploy is under way"]
    assert isinstance(fourth, Ran)
    assert (fourth.outcome.run_id, fourth.outcome.status) == (3, "succeeded")
    assert isinstance(end, Ended)
    statuses = "SELECT status FROM etl.runs ORDER BY run_id"
    assert warehouse.column(statuses) == ["failed", "abandoned", "succeeded"]


def test_it_waits_longer_and_longer_for_a_warehouse_that_is_away_and_says_so_once(
    warehouse: Warehouse,
) -> None:
    away = "host=127.0.0.1 port=1 dbname=none user=nobody"
    urls = [warehouse.urls["owner"], *[away] * 9, warehouse.urls["owner"], away]

    def run() -> Outcome:
        return call(urls.pop(0), RUN)

    clock = Clock(*[nothing] * 11)
    first, waiting, later, again, end = repeated(clock, run)
    assert isinstance(first, Ran)
    assert isinstance(waiting, Waiting)
    assert "cannot connect to 127.0.0.1, database none" in waiting.reason
    assert "\n" not in waiting.reason
    assert isinstance(later, Ran)
    assert isinstance(again, Waiting)
    assert isinstance(end, Ended)
    assert clock.waits[1:10] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert warehouse.column("SELECT status FROM etl.runs") == ["succeeded"] * 2


def test_a_connection_that_is_lost_during_a_run_is_a_failed_run(warehouse: Warehouse) -> None:
    blocker = warehouse.shop.connect("admin")
    blocker.execute("LOCK TABLE orders")
    killed = False

    def kill(_steps: object) -> None:
        nonlocal killed
        if not killed:
            killed = bool(
                warehouse.rows(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'fdwarehouse' AND datname = current_database()",
                    role="admin",
                )
            )

    clock = Clock(blocker.rollback)
    first, second, _ = repeated(clock, lambda: call(warehouse.urls["owner"], RUN, on_progress=kill))
    assert killed
    assert isinstance(first, Failed)
    assert "terminat" in first.reason or "connection" in first.reason
    assert isinstance(second, Ran)
    assert second.outcome.status == "succeeded"


@contextmanager
def started(
    warehouse: Warehouse, *arguments: str, project: Path = ROOT
) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, **warehouse.environment, "FDWAREHOUSE_PROJECT": str(project)}
    with subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-m", "fdwarehouse.cli.main", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_g4_a_signal_cancels_the_present_step_and_ends_without_an_error(
    seeded_warehouse: Warehouse, number: signal.Signals
) -> None:
    blocker = seeded_warehouse.shop.connect("admin")
    blocker.execute("LOCK TABLE orders")
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with started(seeded_warehouse, "run", "--every", "1 day") as process:
        wait_until(lambda: seeded_warehouse.shop.value(waiting, role="admin"))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ run 1 cancelled in .*: \[57014\] "
        r"bronze.raw_orders: canceling statement due to user request\n.* ended after 1 run\n",
        out,
    )
    assert seeded_warehouse.shop.value(waiting, role="admin") == 0
    assert seeded_warehouse.column("SELECT status FROM etl.runs") == ["failed"]


def test_a_signal_between_two_runs_ends_it_too_and_each_run_is_one_line_of_json(
    seeded_warehouse: Warehouse,
) -> None:
    with started(seeded_warehouse, "run", "--every", "1d", "--json") as process:
        assert process.stdout
        run = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert (run["type"], run["run_id"], run["status"]) == ("run", 1, "succeeded")
    assert list(run)[:2] == ["type", "at"]
    ended = json.loads(out)
    assert (ended["type"], ended["runs"]) == ("ended", 1)


def test_each_run_is_one_line(
    command: Command, seeded_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(*[nothing] * 4, lambda: seeded_warehouse.call("etl.start_run()"))
    original = repeating.repeat
    monkeypatch.setattr(
        repeating,
        "repeat",
        lambda run, p, tell: original(run, p, tell, now=clock.now, wait=clock.wait),
    )
    command.use(seeded_warehouse.environment)
    seeded_warehouse.execute(
        "CREATE OR REPLACE FUNCTION etl.check_freshness(p_since_run_id bigint) RETURNS SETOF jsonb "
        "LANGUAGE sql STABLE AS 'SELECT to_jsonb(1)'",
        "UPDATE etl.checks SET severity = 'warn', scope = 'run'",
    )
    first, second, last = command.works("run", "--every", "5m").splitlines()
    assert re.fullmatch(
        r"2026-01-01T12:00:00Z run 1 succeeded in .*: [\d,]+ rows read, [\d,]+ written, 0 "
        r"rejected; \d+ checks passed, 1 warned",
        first,
    )
    assert second == "2026-01-01T12:05:00Z skipped: run 2 is in progress"
    assert last.endswith(" ended after 1 run")


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("5 min", 300),
        ("10 minutes", 600),
        ("1 hour", 3600),
        ("2d", 172800),
    ],
)
def test_periods(words: str, seconds: int) -> None:
    assert period(words) == timedelta(seconds=seconds)


@pytest.mark.parametrize("words", ["", "0s", "5", "-1m", "5 fortnights", "1.5h", "m", "99999999d"])
def test_what_is_not_a_period_is_an_error_that_shows_some(command: Command, words: str) -> None:
    said = command("run", "--every", words)
    assert said.exit_code == 2
    assert "is not a time: expected one such as 30s, 5m, 2h" in " ".join(said.err.split())


@pytest.mark.parametrize("option", ["--every=5m", "--skip-if-running"])
def test_allowed_deletions_are_for_one_run(command: Command, option: str) -> None:
    said = command("run", option, "--allow-deletions", "orders")
    assert said.exit_code == 2
    assert f"leave out {option.partition('=')[0]}" in " ".join(said.err.split())


def test_a_single_run_can_leave_politely_while_another_one_works(
    command: Command, warehouse: Warehouse
) -> None:
    command.use(warehouse.environment)
    assert "run 1 succeeded" in command.works("run", "--skip-if-running")
    warehouse.call("etl.start_run()")
    assert command.works("run", "--skip-if-running") == "skipped: run 2 is in progress\n"
    line = json.loads(command.works("run", "--skip-if-running", "--json"))
    assert line == {"type": "skipped", "reason": "run 2 is in progress"}
    assert command("run").exit_code == 1
