"""LISTEN fdwarehouse: the end of each run, and each problem that begins or ends."""

import json
from typing import Any

import psycopg
import pytest

from tests.harness import Shop, Warehouse
from tests.test_isolation import FAULTS
from tests.test_problems import run


def events(listener: psycopg.Connection) -> list[dict[str, Any]]:
    """What came since the last call."""
    return [json.loads(n.payload) for n in listener.notifies(timeout=0.2)]


@pytest.fixture
def built(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


def test_listener_hears_of_runs_and_of_problems_that_begin_and_end(built: Warehouse) -> None:
    listener = built.connect("analyst", autocommit=True)  # any role may listen
    listener.execute("LISTEN fdwarehouse")
    run_id = built.run()
    (ended,) = events(listener)
    assert ended.pop("seconds") > 0
    assert ended == {
        "event": "run_ended",
        "run_id": run_id,
        "begun_by": "etl.run_pipeline",
        "status": "succeeded",
        "message": None,
    }
    FAULTS["no right"][0](built)
    run(built)
    failed, *began = events(listener)
    assert (failed["status"], "permission denied" in failed["message"]) == ("failed", True)
    assert [(e["event"], e["problem"]) for e in began] == [
        ("problem_began", "run_failed:pipeline"),
        ("problem_began", "step_failed:bronze.raw_order_items"),
    ]
    assert all(e["message"] and e["hint"] and "sample_rows" not in e for e in began)
    run(built)
    assert [e["event"] for e in events(listener)] == ["run_ended"]
    built.shop.execute("GRANT SELECT ON order_items TO warehouse_reader")
    run(built)
    assert [(e["event"], e.get("problem")) for e in events(listener)] == [
        ("run_ended", None),
        ("problem_ended", "run_failed:pipeline"),
        ("problem_ended", "step_failed:bronze.raw_order_items"),
    ]


def test_what_begins_with_time_is_told_by_a_call(built: Warehouse) -> None:
    listener = built.connect("analyst", autocommit=True)
    listener.execute("LISTEN fdwarehouse")
    built.execute("UPDATE etl.sources SET fresh_within = '0'")
    built.call("etl.notify_problems()")
    assert [e["problem"] for e in events(listener)] == ["source_late:production"]
    built.call("etl.notify_problems()")
    assert events(listener) == []


def test_event_is_shorter_than_what_notify_can_carry(built: Warehouse) -> None:
    listener = built.connect("analyst", autocommit=True)
    listener.execute("LISTEN fdwarehouse")
    long = "ä" * 9000
    built.execute(f"INSERT INTO etl.drift VALUES ('production', 'x', '{long}', 1)")
    built.call("etl.notify_problems()")
    (event,) = events(listener)
    assert event["problem"] == "drift:production.x"
    assert len(json.dumps(event, ensure_ascii=False).encode()) < 8000


def test_run_ends_although_listeners_cannot_be_told(shop: Shop, warehouse: Warehouse) -> None:
    warehouse.execute("DROP VIEW etl.metrics, etl.problems")
    run_id = warehouse.run()
    assert warehouse.value("SELECT status FROM etl.runs WHERE run_id = %s", [run_id]) == "succeeded"
