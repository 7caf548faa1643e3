"""Events of failures, events that are sent, and what `fdwarehouse artifacts` refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from dbt_artifacts_parser.parser import parse_run_results

from tests.command import Command
from tests.harness import Warehouse
from tests.test_artifacts import events, read


@pytest.fixture
def shown(command: Command, seeded_warehouse: Warehouse) -> Command:
    """The command on a warehouse that has run once."""
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    return command


class Collector(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    received: ClassVar[list[tuple[str, str | None, Mapping[str, Any]]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.path, self.headers["Authorization"], json.loads(body)))
        self.send_response(201)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay silent."""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, str | None, Mapping[str, Any]]]]]:
    class Handler(Collector):
        received: ClassVar = []

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", Handler.received
        server.shutdown()
        thread.join()


def test_events_are_sent_with_the_key_and_twice_they_are_the_same(
    shown: Command,
    tmp_path: Path,
    collector: tuple[str, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url, received = collector
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "s3cret")
    for _ in range(2):
        said = shown.works("artifacts", "--out", str(tmp_path), "--to", url)
        assert f"events sent to {url}" in said
    assert {(path, key) for path, key, _ in received} == {("/api/v1/lineage", "Bearer s3cret")}
    sent = [event["run"]["runId"] for _, _, event in received]
    assert sent[: len(sent) // 2] == sent[len(sent) // 2 :]
    login = url.replace("//", "//user:S3CRET@")
    assert f"sent to {url}\n" in shown.works("artifacts", "--out", str(tmp_path), "--to", login)


def test_a_service_that_cannot_be_reached_is_an_error_with_a_way_out(
    shown: Command, tmp_path: Path
) -> None:
    said = shown("artifacts", "--out", str(tmp_path), "--to", "http://u:S3CRET@127.0.0.1:9")
    assert said.exit_code == 1
    assert "OPENLINEAGE_API_KEY" in said.err
    assert "S3CRET" not in said.err + said.out


def test_a_run_that_does_not_exist_is_an_error(shown: Command, tmp_path: Path) -> None:
    said = shown("artifacts", "--out", str(tmp_path), "--run", "99")
    assert said.exit_code != 0
    assert "there is no run 99" in said.err


def test_a_failed_step_is_an_event_of_its_failure(
    command: Command, seeded_warehouse: Warehouse, tmp_path: Path
) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.execute(
        "ALTER TABLE gold.daily_sales ADD CONSTRAINT broken CHECK (revenue < 0) NOT VALID"
    )
    assert command("run").exit_code == 1
    command.works("artifacts", "--out", str(tmp_path), "--run", "1")
    parse_run_results(read(tmp_path, "run_results.json"))
    results = {r["unique_id"]: r for r in read(tmp_path, "run_results.json")["results"]}
    assert results["model.xyz_store.daily_sales"]["status"] == "error"
    failures = [event for event in events(tmp_path) if event["eventType"] == "FAIL"]
    assert {event["job"]["name"].rpartition(".")[2] for event in failures} == {
        *("run_pipeline", "daily_sales"),
    }
    for event in failures:
        message = event["run"]["facets"]["errorMessage"]["message"]
        assert message == 'new row for relation "daily_sales" violates check constraint "broken"'
