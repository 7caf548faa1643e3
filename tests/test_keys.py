"""Columns that cannot be a key or a watermark are refused; duplicate keys are detected in time."""

from typing import Any

import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.rendering.render import render_project
from tests.clinic import Clinic, with_tables
from tests.harness import failing

FIRST = "('a', 1, 'one', '2024-01-01')"
TWIN = "('a', 1, 'two', '2024-01-01')"
MODES: dict[str, dict[str, Any]] = {
    "watermark": {"key": ["sensor", "number"], "watermark": "at"},
    "append": {"key": ["sensor", "number"], "watermark": "at"},
    "snapshot": {"key": ["sensor", "number"], "mode": "snapshot"},
}


def with_keyless_table(clinic: Clinic, settings: dict[str, Any]) -> None:
    """Deploy a warehouse of a table without a primary key in production."""
    clinic.write(
        "CREATE TABLE sayings (sensor text, number int, said text, at timestamptz NOT NULL)",
        "GRANT SELECT ON sayings TO warehouse_reader",
        f"INSERT INTO sayings VALUES {FIRST}",
    )
    clinic.configure(with_tables({"sayings": settings}))
    clinic.warehouse.deploy(clinic.root, source="clinic")


def assert_twins_are_noticed(clinic: Clinic, procedure: str, model: str) -> None:
    before = clinic.warehouse.row_versions()
    hashes = clinic.warehouse.rows("SELECT * FROM etl.bucket_hashes ORDER BY 1, 2")
    for _ in range(2):
        with failing("DW014", f"{model}: the source has duplicate keys") as caught:
            clinic.warehouse.call(procedure)
        assert "a" in str(caught.value.diag.message_detail)
        assert "In run" in str(caught.value.diag.message_detail)
        assert "warehouse.yaml" in str(caught.value.diag.message_hint)
    assert clinic.warehouse.row_versions() == before
    assert clinic.warehouse.rows("SELECT * FROM etl.bucket_hashes ORDER BY 1, 2") == hashes


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("twin", [FIRST, TWIN])
def test_g1_several_rows_of_one_key_stop_a_first_load(clinic: Clinic, mode: str, twin: str) -> None:
    with_keyless_table(clinic, MODES[mode])
    clinic.write(f"INSERT INTO sayings VALUES {twin}")
    assert_twins_are_noticed(clinic, "etl.run_pipeline()", "bronze.raw_sayings")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("twin", [FIRST, TWIN])
def test_g1_twin_of_a_row_that_is_known_stops_the_run_and_changes_nothing(
    clinic: Clinic, mode: str, twin: str
) -> None:
    with_keyless_table(clinic, MODES[mode])
    always = "UPDATE sayings SET at = '2100-01-01'"  # is read by every run
    clinic.write(always)
    clinic.warehouse.run()
    clinic.write(f"INSERT INTO sayings VALUES {twin}", always)
    assert_twins_are_noticed(clinic, "etl.run_pipeline()", "bronze.raw_sayings")
    clinic.write("DELETE FROM sayings WHERE ctid = (SELECT max(ctid) FROM sayings)")
    assert clinic.run("sayings", "said") == []


@pytest.mark.parametrize("column", ["said text", "said json"])
@pytest.mark.parametrize("twin", [FIRST, TWIN])
def test_g1_twin_that_no_run_reads_together_is_found_by_reconciliation(
    clinic: Clinic, column: str, twin: str
) -> None:
    twin = twin.replace("one", '"one"').replace("two", '"two"')
    with_keyless_table(clinic, MODES["watermark"])
    clinic.write("UPDATE sayings SET said = '\"one\"'")
    if column.endswith("json"):
        clinic.write("ALTER TABLE sayings ALTER said TYPE json USING said::json")
        clinic.configure(with_tables({"sayings": MODES["watermark"]}))
        clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    clinic.write(f"INSERT INTO sayings VALUES {twin}")
    assert clinic.run("sayings", "said::text") == []
    assert_twins_are_noticed(
        clinic, "etl.reconcile('sayings')", "bronze.raw_sayings.reconciliation"
    )


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        (
            {"key": "nr", "mode": "snapshot"},
            "column nr of warehouse.yaml is not in the",
            "contract",
        ),
        ({"watermark": "changed_att"}, "not in the contract; changed_at?", "contract"),
        ({"watermark": "when"}, "column when of warehouse.yaml is not in the", "contract"),
        ({"key": ["visit", "visit"], "mode": "snapshot"}, "key names column visit twice", "once"),
        ({"key": "report", "mode": "snapshot"}, "column report is of type json", "Name other"),
        ({"key": "order", "mode": "snapshot"}, "column order is of type point", "Name other"),
        ({"watermark": "dose"}, "watermark dose is of type numeric, not a time", "snapshot"),
    ],
)
def test_column_that_cannot_be_key_or_watermark_is_refused(
    clinic: Clinic, settings: dict[str, Any], message: str, hint: str
) -> None:
    clinic.configure(with_tables({"visits": settings}))
    with pytest.raises(FdwarehouseError) as caught:
        render_project(clinic.root)
    assert caught.value.message.startswith("warehouse.yaml: clinic.visits: ")
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
