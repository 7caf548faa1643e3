"""G1: rows that no watermark shows changes of are read when, and only when, they have changed."""

from typing import Any

import pytest

from tests.clinic import Clinic, with_tables
from tests.harness import Row
from tests.test_unchanged_tables import computed

LOG = "bronze.raw_log"
TABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "snapshot": ("id int PRIMARY KEY, word text, at timestamptz", {"mode": "snapshot"}),
    "multiset": ("id int, word text, at timestamptz", {"mode": "multiset"}),
    "watermark": ("id int PRIMARY KEY, word text, at timestamptz", {"watermark": "at"}),
}
CHANGES = {
    "update": "UPDATE log SET word = 'new' WHERE id = 1",
    "update to null": "UPDATE log SET word = NULL WHERE id = 1",
    "insert": "INSERT INTO log VALUES (7, 'g')",
    "exchange of values": "UPDATE log SET word = CASE id WHEN 1 THEN 'b' ELSE 'a' END "
    "WHERE id IN (1, 2)",
}
IDENTICAL = "INSERT INTO log VALUES (5, 'twin'), (5, 'twin')"


@pytest.fixture(params=TABLES)
def mode(request: pytest.FixtureRequest) -> str:
    """How the table is read."""
    return str(request.param)


@pytest.fixture
def log(clinic: Clinic, mode: str) -> Clinic:
    """A clinic with a table whose rows have no time of change, read once."""
    columns, settings = TABLES[mode]
    clinic.write(
        f"CREATE TABLE log ({columns})",
        "GRANT SELECT ON log TO warehouse_reader",
        "INSERT INTO log VALUES (1, 'a'), (2, 'b'), (3, NULL), (8, '9')",
    )
    config = with_tables({"log": settings})
    config["sources"]["clinic"]["mirror"] = True
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    require_equal(clinic)
    return clinic


def in_production(clinic: Clinic) -> list[Row]:
    return clinic.shop.rows("""SELECT id, word FROM "clinic 'A'".log ORDER BY 1, 2""")


def require_equal(clinic: Clinic) -> None:
    copies = clinic.warehouse.value(
        "SELECT count(*) FROM information_schema.columns "
        "WHERE table_schema = 'silver' AND table_name = 'log' AND column_name = 'copies'"
    )
    times = "generate_series(1, copies)" if copies else "generate_series(1, 1)"
    query = f"SELECT id, word FROM silver.log, {times} WHERE NOT is_deleted ORDER BY 1, 2"
    assert clinic.warehouse.rows(query) == in_production(clinic) != []


@pytest.mark.parametrize("change", CHANGES)
def test_rows_are_read_when_they_have_changed_and_only_then(log: Clinic, change: str) -> None:
    assert LOG not in computed(log.warehouse)
    log.write(CHANGES[change])
    assert LOG in computed(log.warehouse)
    require_equal(log)
    assert LOG not in computed(log.warehouse)


@pytest.mark.parametrize("mode", ["snapshot", "multiset"], indirect=True)
@pytest.mark.parametrize(
    "change",
    ["DELETE FROM log WHERE id = 3", "UPDATE log SET word = '8', id = 9 WHERE id = 8"],
)
def test_rows_that_are_gone_are_noticed(log: Clinic, change: str) -> None:
    log.write(change)
    assert LOG in computed(log.warehouse)
    require_equal(log)


@pytest.mark.parametrize("mode", ["multiset"], indirect=True)
def test_identical_rows_do_not_cancel_out(log: Clinic) -> None:
    log.write(IDENTICAL)
    log.warehouse.run()
    log.write("UPDATE log SET word = 'pair' WHERE id = 5")  # XOR of two equal hashes is 0
    assert LOG in computed(log.warehouse)
    require_equal(log)
    log.write("DELETE FROM log WHERE id IN (2, 5)", IDENTICAL, IDENTICAL)
    log.warehouse.run()
    require_equal(log)
    assert LOG not in computed(log.warehouse)


def test_change_that_a_reconciliation_has_read_can_be_taken_back(log: Clinic) -> None:
    log.write("UPDATE log SET word = 'new' WHERE id = 1")
    log.warehouse.reconcile()
    require_equal(log)
    log.write("UPDATE log SET word = 'a' WHERE id = 1")  # as the last run has read it
    log.warehouse.run()
    require_equal(log)


@pytest.mark.parametrize("mode", ["snapshot", "multiset"], indirect=True)
def test_g1_reconciliation_compares_the_rows_themselves(log: Clinic) -> None:
    latest = f"SELECT DISTINCT ON (id) word FROM {LOG} ORDER BY id, _run_id DESC"
    before = log.warehouse.column(latest)
    log.warehouse.execute(f"DELETE FROM {LOG} WHERE id = 1")
    log.warehouse.run()  # trusts the hash
    assert log.warehouse.column(latest) == before[1:]
    log.warehouse.reconcile()
    assert log.warehouse.column(latest) == before
    assert LOG not in computed(log.warehouse)


@pytest.mark.parametrize("mode", ["watermark"], indirect=True)
def test_change_that_a_reconciliation_alone_has_read_can_be_taken_back(log: Clinic) -> None:
    run_id = log.warehouse.last_run()
    log.write("UPDATE log SET word = 'new' WHERE id = 1")
    alone = f"SELECT rows_inserted FROM bronze.reconcile_raw_log({run_id + 1}, 0)"
    log.warehouse.execute(
        "INSERT INTO etl.runs (begun_by, status, finished_at) VALUES ('x', 'failed', now())"
    )
    assert log.warehouse.column(alone) == [1]
    log.write("UPDATE log SET word = 'a' WHERE id = 1")
    log.warehouse.run()
    words = log.warehouse.column("SELECT word FROM bronze.raw_log WHERE id = 1 ORDER BY _run_id")
    assert words == ["a", "new", "a"]


def test_change_during_a_full_refresh_can_be_taken_back(log: Clinic) -> None:
    log.write("UPDATE log SET word = 'new' WHERE id = 1")
    log.warehouse.call("etl.run_pipeline(true)")
    require_equal(log)
    log.write("UPDATE log SET word = 'a' WHERE id = 1")
    log.warehouse.run()
    require_equal(log)


@pytest.mark.parametrize("mode", ["snapshot", "watermark"], indirect=True)
def test_forgotten_row_is_not_read_again_and_others_still_are(log: Clinic) -> None:
    log.warehouse.call("etl.forget('clinic.log', '1')", role="owner")
    log.write("UPDATE log SET word = 'new' WHERE id IN (1, 2)")
    log.warehouse.run()
    words = "SELECT id, word FROM silver.log WHERE NOT is_deleted AND id < 3"
    assert log.warehouse.rows(words) == [(2, "new")]
    log.write("DELETE FROM log WHERE id = 1")
    log.warehouse.run()
    assert LOG not in computed(log.warehouse)


@pytest.mark.parametrize("mode", ["snapshot", "multiset"], indirect=True)
def test_table_that_the_source_cannot_hash_is_read_in_every_run(log: Clinic, mode: str) -> None:
    log.write("ALTER TABLE log ADD COLUMN extra json")
    log.configure(with_tables({"log": TABLES[mode][1]}))
    log.warehouse.deploy(log.root, source="clinic")
    log.warehouse.run()
    assert LOG in computed(log.warehouse)
    log.write("""UPDATE log SET extra = '{"a": 1}' WHERE id = 1""")
    log.warehouse.run()
    latest = "SELECT extra::text FROM bronze.raw_log WHERE NOT _is_deleted AND extra IS NOT NULL"
    assert log.warehouse.column(latest) == ['{"a": 1}']


@pytest.mark.parametrize("mode", ["snapshot"], indirect=True)
def test_rows_of_a_condition_alone_are_hashed(log: Clinic) -> None:
    log.configure(with_tables({"log": {"mode": "snapshot", "where": "id < 3"}}))
    log.warehouse.deploy(log.root, source="clinic")
    log.warehouse.run()
    log.write("UPDATE log SET word = 'out' WHERE id = 8")
    assert LOG not in computed(log.warehouse)
    log.write("UPDATE log SET word = 'in' WHERE id = 1")
    assert LOG in computed(log.warehouse)
