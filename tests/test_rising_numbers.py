"""A watermark that is a rising number: rows are only inserted, and commit in any order."""

import random
from typing import Any

import psycopg
import pytest

from tests.clinic import Clinic, with_tables
from tests.test_reconciliation import is_hashed_remotely

TABLE = "\"clinic 'A'\".log_lines"


def deploy(clinic: Clinic, **settings: Any) -> None:
    config = with_tables({"log_lines": {"watermark": "id"} | settings})
    config["sources"]["clinic"] |= {"mirror": True}  # its overlap is 0
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")


@pytest.fixture
def logged(clinic: Clinic) -> Clinic:
    return with_log(clinic, "bigint")


def with_log(clinic: Clinic, type_: str) -> Clinic:
    clinic.write(
        f"CREATE TABLE log_lines (id {type_} GENERATED ALWAYS AS IDENTITY PRIMARY KEY, said text)",
        "GRANT SELECT ON log_lines TO warehouse_reader",
    )
    deploy(clinic)
    return clinic


def say(connection: psycopg.Connection | Clinic, word: str) -> None:
    statement = f"INSERT INTO {TABLE} (said) VALUES ('{word}')"
    if isinstance(connection, Clinic):
        connection.write(statement)
    else:
        connection.execute(statement.encode())


def rows_read(clinic: Clinic) -> int:
    """Return how many rows the last run read."""
    query = "SELECT rows_read FROM etl.steps WHERE model = 'bronze.raw_log_lines' ORDER BY run_id"
    return int(clinic.warehouse.column(query)[-1])


def require_equal(clinic: Clinic) -> None:
    here = "SELECT id, said FROM silver.log_lines WHERE NOT is_deleted ORDER BY id"
    assert clinic.warehouse.rows(here) == clinic.shop.rows(f"SELECT * FROM {TABLE} ORDER BY id")


def test_rows_with_smaller_numbers_that_commit_later_are_not_lost(logged: Clinic) -> None:
    with logged.shop.connect() as first, logged.shop.connect() as second:
        say(first, "one")  # 1
        say(second, "two")  # 2
        say(logged, "three")
        assert logged.run("log_lines", "id") == [(3,)]
        say(logged, "four")
        assert logged.run("log_lines", "id") == [(4,)]
        second.commit()
        assert logged.run("log_lines", "id") == [(2,)]
        say(second, "five")
        say(logged, "six")
        assert logged.run("log_lines", "id") == [(6,)]
    assert logged.run("log_lines", "id") == [(1,), (5,)]
    require_equal(logged)


def test_numbers_that_every_transaction_before_has_taken_are_not_read_again(
    logged: Clinic,
) -> None:
    for n in range(1, 7):
        say(logged, "word")
        assert logged.run("log_lines", "id") == [(n,)]
        assert rows_read(logged) == min(n, 3)  # since the fence before the last one
    with logged.shop.connect() as late:
        late.execute("SELECT 1")  # could take a number at any time
        for n in range(7, 11):
            say(logged, "word")
            assert logged.run("log_lines", "id") == [(n,)]
        assert rows_read(logged) == 5  # 6 to 10: the others were seen before it began
        say(late, "late")
    assert logged.run("log_lines", "said") == [("late",)]
    for _ in range(3):
        logged.run("log_lines", "id")
    assert rows_read(logged) == 1


@pytest.mark.parametrize("type_", ["integer", "smallint"])
def test_number_is_of_any_integer_type(clinic: Clinic, type_: str) -> None:
    with_log(clinic, type_)
    for n in range(1, 5):
        say(clinic, "word")
        assert clinic.run("log_lines", "id") == [(n,)]
    assert rows_read(clinic) == 3


@pytest.mark.parametrize("seed", range(4))
def test_torture_sessions_commit_and_roll_back_in_any_order(clinic: Clinic, seed: int) -> None:
    clinic.write(
        "CREATE TABLE log_lines (id serial PRIMARY KEY, said text)",
        "GRANT SELECT ON log_lines TO warehouse_reader",
    )
    deploy(clinic)
    decide = random.Random(seed)
    sessions = [clinic.shop.connect() for _ in range(4)]
    runs = 0
    for step in range(120):
        session = decide.choice(sessions)
        match decide.choices(["say", "begin", "commit", "rollback", "run"], [6, 2, 3, 1, 2])[0]:
            case "say":
                say(session, str(step))
            case "begin":
                session.execute("SELECT 1")
            case "commit":
                session.commit()
            case "rollback":
                session.rollback()
            case "run":
                clinic.warehouse.run()
                require_equal(clinic)
                runs += 1
    assert runs > 5
    for session in sessions:
        session.commit()
    clinic.warehouse.run()
    require_equal(clinic)


def test_updates_and_deletions_are_found_by_reconciliation(logged: Clinic) -> None:
    for word in ("one", "two", "three", "four"):
        say(logged, word)
        logged.warehouse.run()
    logged.write(
        "UPDATE log_lines SET said = 'ONE' WHERE id = 1", "DELETE FROM log_lines WHERE id = 2"
    )
    assert logged.run("log_lines", "id") == []
    logged.warehouse.reconcile()
    require_equal(logged)
    assert is_hashed_remotely(logged.warehouse, "log_lines")


@pytest.mark.parametrize("emptied", ["TRUNCATE log_lines RESTART IDENTITY",
    "DELETE FROM log_lines; ALTER TABLE log_lines ALTER id RESTART"])  # fmt: skip
def test_numbers_that_start_over_are_read(logged: Clinic, emptied: str) -> None:
    deploy(logged, max_deleted="any")
    for word in ("one", "two", "three", "four"):
        say(logged, word)
        logged.warehouse.run()
    logged.write(*emptied.split("; "))
    logged.warehouse.reconcile()
    for word in ("five", "six", "seven"):
        say(logged, word)
        assert logged.run("log_lines", "said") == [(word,)]
        require_equal(logged)


def test_backfill_is_followed_by_a_run_that_reads_only_what_is_new(logged: Clinic) -> None:
    for word in ("one", "two", "three"):
        say(logged, word)
    deploy(logged, fetch_size=100)  # records the largest number
    with logged.shop.connect() as late:
        say(late, "four")
        logged.warehouse.call("etl.backfill()")
        say(logged, "five")
        late.commit()
    logged.warehouse.run()
    assert rows_read(logged) == 3  # 3 to 5
    require_equal(logged)


def test_observations_are_kept_for_a_day(logged: Clinic) -> None:
    for _ in range(3):
        logged.warehouse.run()
    age = "UPDATE etl.largest_numbers SET observed_at = observed_at - interval '2 days'"
    logged.warehouse.execute(age)
    logged.warehouse.run()
    logged.warehouse.run()
    query = "SELECT observed_at < now() - interval '1 day' FROM etl.largest_numbers ORDER BY 1"
    assert logged.warehouse.column(query) == [False, False, True]


def test_table_that_cannot_be_read_fails_alone(logged: Clinic) -> None:
    logged.write("REVOKE ALL ON log_lines FROM warehouse_reader")
    logged.write("INSERT INTO wards VALUES ('A', 1)")
    with pytest.raises(psycopg.Error, match="log_lines"):
        logged.warehouse.run()
    assert logged.warehouse.column("SELECT beds FROM bronze.raw_wards") == [1]
