"""Channels that are slow, move, or refuse: nothing waits for them, and no alert is lost."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from fdwarehouse.alerts import channels
from fdwarehouse.alerts.telling import Told, tell
from fdwarehouse.project.config import load_config
from tests.command import Command
from tests.harness import Warehouse, failing
from tests.pooler import PROGRAM, pooled
from tests.receivers import HOOK, SLACK, Web, configure, mail_server

DRIFT = "drift:production.x"
Alerting = tuple[Command, Warehouse, Path]


@pytest.fixture(autouse=True)
def drift(alerting: Alerting) -> None:
    """Something to tell."""
    alerting[1].execute("INSERT INTO etl.drift VALUES ('production', 'x', 'is new', 1)")


def told(url: str, project: Path, **options: Any) -> list[Told]:
    return list(tell(url, load_config(project), {}, **options))


def test_channel_that_never_ends_its_answer_stops_no_other(
    alerting: Alerting, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, _, project = alerting
    configure(project, {**SLACK, "name": "slow"}, HOOK)
    monkeypatch.setattr(channels, "DEADLINE", 5.0)
    web.drips = True
    said = command("alert")
    assert "channel slow: no answer within 5 s" in said.err
    assert said.out == "webhook was told: xyz_store: 1 new problem\n"
    assert [d["new"][0]["problem"] for d in web.taken()] == [DRIFT]
    assert command.works("alert").startswith("slow was told")


def test_while_a_channel_is_told_nothing_is_locked_and_others_tell_the_next_one(
    alerting: Alerting,
) -> None:
    _, warehouse, project = alerting
    configure(project, HOOK, SLACK)
    url = warehouse.urls["orchestrator"]
    inner: list[Told] = []

    def deliver(*_: object) -> None:
        if not inner:
            inner.extend(told(url, project, deliver=lambda *_: None))
            warehouse.deploy(project, wait="1 second")

    hook, slack = told(url, project, deliver=deliver)
    busy, other = inner
    assert busy.channel == "webhook"
    assert busy.error
    assert busy.error.message == "channel webhook is being told by another session"
    assert (other.channel, other.error) == ("slack", None)
    assert other.message
    assert (hook.error, slack.error, slack.message) == (None, None, None)
    assert all(t.message is None and not t.error for t in told(url, project))


def test_channel_of_a_sender_that_was_killed_is_told_by_the_next_call(
    alerting: Alerting, web: Web
) -> None:
    command, warehouse, _ = alerting
    take = "SELECT etl.take_alert_channel('webhook', interval '1 hour')"
    with warehouse.connect("orchestrator", autocommit=True) as other:
        assert other.execute(take).fetchone() != (None,)
        assert "being told by another session" in command.fails(1, "alert")
        assert web.taken() == []
        with warehouse.connect("orchestrator", autocommit=True) as third:
            assert third.execute(take).fetchone() == (None,)
            warehouse.execute("UPDATE etl.alert_channels SET claimed_until = now()")
            assert third.execute(take).fetchone() != (None,)
    assert command.works("alert") == "webhook was told: xyz_store: 1 new problem\n"


def test_channel_that_is_locked_does_not_stop_the_others(alerting: Alerting, web: Web) -> None:
    command, warehouse, project = alerting
    configure(project, SLACK, HOOK)
    with warehouse.connect("orchestrator") as other:
        other.execute("SELECT etl.take_alert_channel('slack', interval '1 hour')")
        warehouse.execute("ALTER FUNCTION etl.take_alert_channel SET lock_timeout = '10ms'")
        said = command("alert")
    assert said.exit_code == 1
    assert said.out == "webhook was told: xyz_store: 1 new problem\n"
    assert len(web.taken()) == 1


@pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")
def test_channels_are_told_behind_a_pooler_of_transactions(alerting: Alerting) -> None:
    _, warehouse, project = alerting
    sent: list[object] = []
    limit = "idle_in_transaction_session_timeout"
    warehouse.execute(f"ALTER DATABASE {warehouse.name} SET {limit} = '7min'", role="admin")
    url = warehouse.urls["orchestrator"]
    with pooled(url, "transaction", ignored="extra_float_digits") as through:

        def deliver(*what: object) -> None:
            sent.append(what)

        assert [t.error for t in told(through, project, deliver=deliver)] == [None]
        assert [t.message for t in told(through, project, deliver=deliver)] == [None]
        with psycopg.connect(through) as other:  # it has the server process of the sender
            assert other.execute(f"SHOW {limit}".encode()).fetchone() == ("7min",)
    assert len(sent) == 1


def test_problem_that_ends_while_it_is_told_is_told_as_over(alerting: Alerting, web: Web) -> None:
    command, warehouse, project = alerting
    told(
        warehouse.urls["orchestrator"],
        project,
        deliver=lambda *_: warehouse.execute("DELETE FROM etl.drift"),
    )
    command.works("alert")
    assert [(d["new"], [p["problem"] for p in d["over"]]) for d in web.taken()] == [([], [DRIFT])]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_webhook_that_has_moved_is_not_told_and_says_so(
    alerting: Alerting, web: Web, status: int
) -> None:
    command, _, _ = alerting
    web.answers = [status]
    assert f"channel webhook: HTTP {status}" in command.fails(1, "alert")
    assert command.works("alert") == "webhook was told: xyz_store: 1 new problem\n"
    assert len(web.taken()) == 1


def test_mail_that_one_recipient_refuses_is_told_once(alerting: Alerting, tmp_path: Path) -> None:
    command, _, project = alerting
    with mail_server(tmp_path, "none") as post:
        email = {
            "to": "email",
            "recipients": ["ana@example.com", "gone@example.com"],
            "sender": "dwh@example.com",
            "host": "127.0.0.1",
            "port": post.port,
            "security": "none",
        }
        configure(project, email)
        post.refused = ["ana@example.com", "gone@example.com"]
        assert "channel email: no recipient was accepted" in command.fails(1, "alert")
        post.refused = ["gone@example.com"]
        said = command("alert")
        assert said.exit_code == 0
        assert said.out == "email was told: xyz_store: 1 new problem\n"
        assert said.err == "Warning: channel email: gone@example.com was refused\n"
        assert command.works("alert") == "email: nothing new\n"
    (mail,) = post.mails
    assert mail["Date"].datetime.year >= 2026
    assert mail["Message-ID"].endswith("@example.com>")


def test_g6_loader_can_neither_read_nor_forge_what_was_told(alerting: Alerting) -> None:
    _, warehouse, _ = alerting
    for call in (
        "etl.take_alert_channel('webhook', interval '1 hour')",
        "etl.record_alert('webhook', '[]', '{}')",
        "etl.release_alert_channel('webhook', gen_random_uuid())",
    ):
        with failing("42501", "permission denied for function"):
            warehouse.rows(f"SELECT {call}", role="loader")
    warehouse.call("etl.notify_problems()")
    heard = "SELECT problem FROM etl.alerted_problems WHERE channel = 'fdwarehouse'"
    assert warehouse.column(heard) == [DRIFT]


def test_rows_that_show_a_problem_reach_no_log_of_the_server(
    alerting: Alerting, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, warehouse, _ = alerting
    warehouse.execute(
        "INSERT INTO silver.rejected_rows VALUES "
        """('silver.clean_orders', '{}', '{wrong}', '{"order_id": 4711}', 1)"""
    )
    sent: list[Any] = []
    execute = psycopg.Connection.execute

    def spy(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        sent.append(params)
        return execute(self, query, params, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", spy)
    command.works("alert")
    assert "silver.clean_orders" in str(sent)
    assert "4711" not in str(sent)
