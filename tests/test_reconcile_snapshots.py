"""`reconcile` compares every table, also those without a watermark."""

import pytest

from tests.clinic import CONFIG, Clinic
from tests.command import Command
from tests.harness import failing


@pytest.fixture
def ward(clinic: Clinic) -> Clinic:
    """A clinic with tables of mode snapshot only."""
    source = CONFIG["sources"]["clinic"]
    tables = {"wards": {"mode": "snapshot"}, "diary": {"mode": "snapshot"}}
    clinic.configure(CONFIG | {"sources": {"clinic": source | {"tables": tables}}})
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.write(
        "INSERT INTO wards VALUES ('A', 10), ('B', 20)",
        "INSERT INTO diary VALUES (1, 'noon', current_date)",
    )
    clinic.warehouse.run()
    return clinic


@pytest.mark.parametrize("table", [None, "wards", "raw_wards", "bronze.raw_wards"])
def test_tables_of_mode_snapshot_are_reconciled(
    ward: Clinic, command: Command, table: str | None
) -> None:
    command.use({"WAREHOUSE_URL": ward.warehouse.urls["owner"], "CLINIC_URL": "host=nowhere"})
    command.project(ward.root)
    ward.write("DELETE FROM wards WHERE ward = 'A'", "UPDATE diary SET said = 'night'")
    said = command.works("reconcile", *([table] if table else []))
    assert "succeeded  bronze.raw_wards: 1 read, 1 deleted" in said
    query = "SELECT ward, _is_deleted FROM bronze.raw_wards ORDER BY _run_id, 1"
    assert ward.warehouse.rows(query) == [("A  ", False), ("B  ", False), ("A  ", True)]
    read = ward.warehouse.column("SELECT said FROM bronze.raw_diary ORDER BY _run_id")
    assert read == (["noon"] if table else ["noon", "night"])


def test_reconciliation_of_all_compares_tables_of_every_mode(clinic: Clinic) -> None:
    clinic.write(
        "INSERT INTO wards VALUES ('A', 10)", "INSERT INTO diary VALUES (1, 'noon', current_date)"
    )
    clinic.warehouse.run()
    clinic.write("UPDATE wards SET beds = 11", "DELETE FROM diary")
    run_id = clinic.warehouse.reconcile()
    for table, expected in (("wards", [(11, False)]), ("diary", [(1, True)])):
        columns = {"wards": "beds", "diary": "entry"}[table]
        query = f"SELECT {columns}, _is_deleted FROM bronze.raw_{table} WHERE _run_id = %s"
        assert clinic.warehouse.rows(query, [run_id]) == expected


def test_table_that_is_not_read_cannot_be_reconciled(ward: Clinic) -> None:
    with failing("DW003", "no table 'visits' is in bronze"):
        ward.warehouse.call("etl.reconcile('visits')")
