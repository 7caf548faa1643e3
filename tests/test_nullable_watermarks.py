"""Rows without a time of change are read in every run, and those with one as always."""

import re

import psycopg
import pytest

from tests.clinic import Clinic, with_tables
from tests.harness import Row


@pytest.fixture(params=["all", "key"])
def patients(clinic: Clinic, request: pytest.FixtureRequest) -> Clinic:
    """A clinic with a table whose watermark is null until a row is first changed."""
    clinic.write(
        "CREATE TABLE patients (id int PRIMARY KEY, name text, treated_at timestamptz)",
        "CREATE INDEX ON patients (treated_at)",
        "GRANT SELECT ON patients TO warehouse_reader",
        "INSERT INTO patients VALUES (1, 'Ana', NULL), (2, 'Bo', NULL), (3, 'Cy', '2020-01-01')",
    )
    config = with_tables(
        {"patients": {"watermark": "treated_at", "reconcile": {"depth": request.param}}}
    )
    config["sources"]["clinic"]["mirror"] = True
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    return clinic


def in_production(clinic: Clinic) -> list[Row]:
    return clinic.shop.rows("""SELECT * FROM "clinic 'A'".patients ORDER BY id""")


def in_silver(clinic: Clinic) -> list[Row]:
    query = "SELECT id, name, treated_at FROM silver.patients WHERE NOT is_deleted ORDER BY id"
    return clinic.warehouse.rows(query)


def test_rows_are_right_after_every_change_of_a_nullable_watermark(patients: Clinic) -> None:
    columns = "id, name"
    assert patients.run("patients", columns) == [(1, "Ana"), (2, "Bo"), (3, "Cy")]
    for change, appended in (
        ("UPDATE patients SET name = 'Ann' WHERE id = 1", [(1, "Ann")]),  # null stays null
        ("UPDATE patients SET treated_at = now() WHERE id = 2", [(2, "Bo")]),
        ("UPDATE patients SET name = 'Bob', treated_at = now() WHERE id = 2", [(2, "Bob")]),
        ("UPDATE patients SET name = 'Bo', treated_at = NULL WHERE id = 2", [(2, "Bo")]),
        ("UPDATE patients SET treated_at = NULL WHERE id = 3", [(3, "Cy")]),
        ("INSERT INTO patients VALUES (4, 'Di', NULL), (5, 'Ed', now())", [(4, "Di"), (5, "Ed")]),
    ):
        patients.write(change)
        assert patients.run("patients", columns) == appended
        assert in_silver(patients) == in_production(patients)
        assert patients.run("patients", columns) == []


def test_row_committed_late_with_and_without_a_watermark_is_not_lost(patients: Clinic) -> None:
    patients.run("patients", "id")
    with patients.shop.connect() as late:
        late.execute(
            """INSERT INTO "clinic 'A'".patients VALUES (6, 'Flo', now()), (7, 'Gus', NULL)"""
        )
        patients.write("INSERT INTO patients VALUES (8, 'Hal', now())")
        assert patients.run("patients", "id") == [(8,)]
    assert patients.run("patients", "id") == [(6,), (7,)]


def test_reconciliation_finds_what_a_nullable_watermark_does_not_show(patients: Clinic) -> None:
    patients.run("patients", "id")
    patients.write(
        "UPDATE patients SET treated_at = '2019-01-01' WHERE id = 1",
        "DELETE FROM patients WHERE id = 2",
    )
    assert patients.run("patients", "id") == []
    patients.warehouse.reconcile()
    assert in_silver(patients) == in_production(patients)


def test_backfill_loads_rows_without_a_watermark(patients: Clinic) -> None:
    patients.warehouse.call("etl.backfill()")
    patients.write("UPDATE patients SET name = 'Ann' WHERE id = 1")
    assert patients.run("patients", "id, name") == [(1, "Ann")]
    assert in_silver(patients) == in_production(patients)


def test_check_against_the_source_counts_rows_without_a_watermark_as_changed(
    patients: Clinic,
) -> None:
    patients.run("patients", "id")
    check = "SELECT etl.check_patients__matches_source(0)"
    patients.write(
        "INSERT INTO patients VALUES (4, 'Di', NULL)", "DELETE FROM patients WHERE id = 1"
    )
    assert patients.warehouse.rows(check) == [({"rows_in_source": 1, "rows_in_silver": 2},)]
    patients.warehouse.reconcile()
    assert patients.warehouse.rows(check) == []


def test_production_reads_rows_without_a_watermark_by_an_index(patients: Clinic) -> None:
    patients.run("patients", "id")
    patients.write(
        "INSERT INTO patients SELECT n, 'x', '2020-01-01' FROM generate_series(10, 20000) AS n",
        "ANALYZE patients",
    )
    patients.warehouse.run()
    body = patients.warehouse.value(
        "SELECT prosrc FROM pg_proc WHERE proname = 'append_raw_patients'"
    )
    condition = re.search(r"treated_at IS NULL OR s\.treated_at >= \(", body)
    assert condition
    explain = "EXPLAIN (VERBOSE) SELECT * FROM clinic.patients AS s WHERE {}".format(
        "s.treated_at IS NULL OR s.treated_at >= (SELECT etl.extract_since('x', 1, 1))"
    )
    plan = "\n".join(patients.warehouse.column(explain))
    sent = re.search(r"Remote SQL: (.*)", plan)
    assert sent
    assert "IS NULL) OR (" in sent[1]
    with psycopg.connect(patients.shop.urls["admin"]) as production:
        query = sent[1].replace("$1::timestamp with time zone", "now()")
        there = production.execute(f"EXPLAIN {query}".encode()).fetchall()
    assert "BitmapOr" in "\n".join(line for (line,) in there)
