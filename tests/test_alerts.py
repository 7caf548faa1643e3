"""`fdwarehouse alert`: each channel is told once of each problem, and once of its end."""

from pathlib import Path
from typing import Any

import pytest

from fdwarehouse.alerts import telling
from tests.command import Command
from tests.harness import Warehouse
from tests.receivers import HOOK, SLACK, Web, configure, mail_server
from tests.test_isolation import FAULTS
from tests.test_problems import run

FAILED = ["run_failed:pipeline", "step_failed:bronze.raw_order_items"]


def ids(document: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The problems of a message that are new, and those that are over."""
    new, over = ([p["problem"] for p in document[key]] for key in ("new", "over"))
    return new, over


def mend(warehouse: Warehouse) -> None:
    warehouse.shop.execute("GRANT SELECT ON order_items TO warehouse_reader")
    run(warehouse)


def test_channel_is_told_once_of_a_problem_and_once_of_its_end(
    alerting: tuple[Command, Warehouse, Path], web: Web
) -> None:
    command, warehouse, _ = alerting
    assert command.works("alert") == "webhook: nothing new\n"
    FAULTS["no right"][0](warehouse)
    run(warehouse)
    said = command.works("alert", "--site-url", "https://dwh.example/site/")
    assert said == "webhook was told: xyz_store: 2 new problems\n"
    (document,) = web.taken()
    assert ids(document) == (FAILED, [])
    failed, step = document["new"]
    assert failed["url"] == f"https://dwh.example/site/runs/{failed['run_id']}.html"
    assert step["url"] == f"{failed['url']}#step-bronze.raw_order_items"
    assert step["hint"]

    run(warehouse)  # it fails again: nothing that is not known
    assert command.works("alert") == "webhook: nothing new\n"
    mend(warehouse)
    assert command.works("alert") == "webhook was told: xyz_store: 2 are over\n"
    assert [ids(document) for document in web.taken()] == [([], FAILED)]
    assert command.works("alert") == "webhook: nothing new\n"
    assert web.taken() == []
    FAULTS["no right"][0](warehouse)
    run(warehouse)
    command.works("alert")
    assert [ids(document) for document in web.taken()] == [(FAILED, [])]


def test_message_for_people_says_what_since_when_and_what_to_do(
    alerting: tuple[Command, Warehouse, Path], web: Web
) -> None:
    command, warehouse, project = alerting
    configure(project, SLACK)
    warehouse.execute(
        "INSERT INTO silver.rejected_rows VALUES "
        """('silver.clean_orders', '{}', '{too <old> & wrong}', '{"order_id": 7}', 1)"""
    )
    shown = command.works("alert", "--dry-run", "--site-url", "https://dwh.example")
    assert web.taken() == []
    (since,) = warehouse.column(
        "SELECT to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM etl.runs"
    )
    text = (
        "Warning: 1 row is kept out of silver.clean_orders: too <old> & wrong.\n"
        f"Since {since} UTC.\n"
        '  {"order_id": 7}\n'
        "What to do: Correct them in production, or the rule: SELECT * FROM silver.rejected_rows "
        "WHERE model = 'silver.clean_orders';\n"
        "https://dwh.example/tables/silver.clean_orders.html#rejected"
    )
    assert shown == f"slack: xyz_store: 1 new problem\n\n{text}\n\n"
    command.works("alert", "--site-url", "https://dwh.example")
    (document,) = web.taken()
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert document == {"text": f"*xyz_store: 1 new problem*\n\n{escaped}"}
    assert command.works("alert", "--dry-run") == "slack: nothing new\n"


@pytest.mark.parametrize("security", ["starttls", "ssl", "none"])
def test_mail_arrives_by_each_kind_of_connection(
    alerting: tuple[Command, Warehouse, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    security: str,
) -> None:
    command, warehouse, project = alerting
    FAULTS["no right"][0](warehouse)
    run(warehouse)
    with mail_server(tmp_path, security) as post:
        login = {"user": "robot", "password": "${MAIL_PASSWORD}"} if security != "none" else {}
        email = {
            "to": "email",
            "recipients": ["ana@example.com", "bo@example.com"],
            "sender": "dwh@example.com",
            "host": "127.0.0.1",
            "port": post.port,
            "security": security,
            **login,
        }
        configure(project, email)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        monkeypatch.setenv("MAIL_PASSWORD", "wrong")
        if login:
            assert "channel email: SMTP 535" in command.fails(1, "alert")
            assert post.mails == []
        monkeypatch.setenv("MAIL_PASSWORD", "t0psecret")
        command.works("alert")
    (mail,) = post.mails
    assert mail["To"] == "ana@example.com, bo@example.com"
    assert mail["Subject"] == "xyz_store: 2 new problems"
    assert "What to do: " in mail.get_content()


def test_channel_that_fails_does_not_stop_the_others_and_is_told_later(
    alerting: tuple[Command, Warehouse, Path], web: Web
) -> None:
    command, warehouse, project = alerting
    configure(project, {**SLACK, "name": "first"}, HOOK)
    FAULTS["no right"][0](warehouse)
    run(warehouse)
    web.answers = [404]
    said = command("alert")
    assert said.exit_code == 1
    assert "channel first: HTTP 404" in said.err
    assert said.out == "webhook was told: xyz_store: 2 new problems\n"
    assert "t0psecret" not in said.err + said.out
    assert [ids(document) for document in web.taken()] == [(FAILED, [])]
    assert command.works("alert") == (
        "first was told: xyz_store: 2 new problems\nwebhook: nothing new\n"
    )
    assert len(web.taken()) == 1


def test_what_may_pass_is_tried_again(alerting: tuple[Command, Warehouse, Path], web: Web) -> None:
    command, warehouse, _ = alerting
    FAULTS["no right"][0](warehouse)
    run(warehouse)
    web.answers = [503, 429]
    assert command.works("alert") == "webhook was told: xyz_store: 2 new problems\n"
    assert len(web.taken()) == 1
    mend(warehouse)
    web.answers = [500, 500, 500, 500]
    assert "channel webhook: HTTP 500" in command.fails(1, "alert")
    assert web.answers == [500]


def test_message_is_sent_again_after_a_crash_between_sending_and_recording(
    alerting: tuple[Command, Warehouse, Path], web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, warehouse, _ = alerting
    FAULTS["no right"][0](warehouse)
    run(warehouse)
    with monkeypatch.context() as broken:
        broken.setattr(
            telling, "_RECORD", "SELECT pg_terminate_backend(pg_backend_pid()), %s, %s, %s"
        )
        command.fails(1, "alert")
    assert len(web.taken()) == 1
    assert warehouse.column("SELECT 1 FROM etl.alerted_problems WHERE channel = 'webhook'") == []
    assert command.works("alert") == "webhook was told: xyz_store: 2 new problems\n"
    assert len(web.taken()) == 1


def test_channel_is_told_only_of_what_it_wants(
    alerting: tuple[Command, Warehouse, Path], web: Web
) -> None:
    command, warehouse, project = alerting
    configure(project, {**HOOK, "kinds": ["step_failed", "drift"], "severity": "error"})
    warehouse.shop.execute("ALTER TABLE orders ADD note text")
    FAULTS["no right"][0](warehouse)
    run(warehouse)
    command.works("alert")
    assert [ids(document) for document in web.taken()] == [(FAILED[1:], [])]
    configure(project, {**HOOK, "kinds": ["drift"]})  # what was told is not over
    command.works("alert")
    assert [ids(document) for document in web.taken()] == [(["drift:production.orders.note"], [])]
    mend(warehouse)
    command.works("alert")
    assert [ids(document) for document in web.taken()] == [([], FAILED[1:])]


def test_problem_that_becomes_worse_is_told_again(
    alerting: tuple[Command, Warehouse, Path], web: Web
) -> None:
    command, warehouse, _ = alerting
    warehouse.execute("INSERT INTO etl.drift VALUES ('production', 'x', 'is new', 1)")
    command.works("alert")
    warehouse.execute("UPDATE etl.drift SET breaks = 'bronze.raw_orders'")
    command.works("alert")
    told = [(d["new"][0]["problem"], d["new"][0]["severity"]) for d in web.taken()]
    assert told == [("drift:production.x", "warn"), ("drift:production.x", "error")]


def test_run_tells_the_channels_whether_it_succeeds_or_fails(
    alerting: tuple[Command, Warehouse, Path], web: Web
) -> None:
    command, warehouse, _ = alerting
    assert command.works("run", "--alert").endswith("webhook: nothing new\n")
    FAULTS["no right"][0](warehouse)
    said = command("run", "--alert")
    assert said.exit_code == 1
    assert "webhook was told: xyz_store: 2 new problems" in said.out
    assert "permission denied" in said.err
    warehouse.shop.execute("GRANT SELECT ON order_items TO warehouse_reader")
    web.answers = [404]
    said = command("run", "--alert")
    assert said.exit_code == 1
    assert "channel webhook: HTTP 404" in said.err
    assert len(web.taken()) == 1
    assert command("run", "--alert", "--json").out.count("\n") == len(
        [line for line in command("run", "--json").out.splitlines() if line.startswith("{")]
    )


def test_no_channel_and_no_secret_say_what_to_do(
    alerting: tuple[Command, Warehouse, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, warehouse, project = alerting
    run(warehouse)
    configure(project, {**SLACK, "url": "${NOWHERE_SET}"})
    for option in ((), ("--dry-run",)):  # though there is nothing to tell
        assert "NOWHERE_SET is not set" in command.fails(1, "alert", *option)
    warehouse.execute("INSERT INTO etl.drift VALUES ('production', 'x', 'is new', 1)")
    assert "NOWHERE_SET is not set" in command.fails(1, "alert")
    configure(project)
    for arguments in (("alert",), ("run", "--alert")):
        assert "warehouse.yaml has no channels to tell" in command.fails(2, *arguments)


@pytest.mark.parametrize(
    "url", ["ftp://x/t0psecret", "http://[t0psecret", "http://127.0.0.1:1/t0psecret"]
)
def test_secret_is_in_no_error(
    alerting: tuple[Command, Warehouse, Path], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    command, warehouse, _ = alerting
    warehouse.execute("INSERT INTO etl.drift VALUES ('production', 'x', 'is new', 1)")
    monkeypatch.setenv("HOOK_URL", url)
    said = command("alert")
    assert said.exit_code == 1
    assert "channel webhook: " in said.err
    assert "t0psecret" not in said.err + said.out
