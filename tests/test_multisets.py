"""Tables without a key: identical rows are counted."""

from typing import Any

import pytest

from fdwarehouse.errors import FdwarehouseError
from tests.clinic import Clinic, with_tables
from tests.harness import Row, failing

MULTISET = {"mode": "multiset"}
COLUMNS = "page, dose::text, report::text"
EXPANDED = f"""
    SELECT {COLUMNS} FROM silver.views CROSS JOIN generate_series(1, copies)
    WHERE NOT is_deleted ORDER BY 1, 2, 3
"""


@pytest.fixture
def keyless(clinic: Clinic) -> Clinic:
    """A clinic with a table without a key, which has nulls, json and identical rows."""
    clinic.write(
        "CREATE TABLE views (page text, dose numeric, report json, s int)",
        "GRANT SELECT ON views TO warehouse_reader",
        "INSERT INTO views VALUES ('a', 1.0, '{}'), ('a', 1.0, '{}'), ('a', 1.00, '{}')",
        "INSERT INTO views VALUES (NULL, NULL, NULL), (NULL, NULL, NULL), ('', NULL, '{ }')",
    )
    deploy(clinic, MULTISET)
    return clinic


def deploy(clinic: Clinic, settings: dict[str, Any]) -> None:
    config = with_tables({"views": settings})
    config["sources"]["clinic"]["mirror"] = True
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")


def in_production(clinic: Clinic) -> list[Row]:
    return clinic.shop.rows(f"""SELECT {COLUMNS} FROM "clinic 'A'".views ORDER BY 1, 2, 3""")


def require_equal(clinic: Clinic) -> None:
    assert clinic.warehouse.rows(EXPANDED) == in_production(clinic) != []


def test_identical_rows_are_one_row_of_silver_with_their_number(keyless: Clinic) -> None:
    columns = "(page, dose, report, _copies)::text"
    expected = ['("",,"{ }",1)', "(,,,2)", "(a,1.0,{},2)", "(a,1.00,{},1)"]
    assert sorted(row for (row,) in keyless.run("views", columns)) == sorted(expected)
    require_equal(keyless)
    assert keyless.run("views", columns) == []


@pytest.mark.parametrize(
    ("change", "appended"),
    [
        ("INSERT INTO views VALUES ('a', 1.0, '{}')", [("a", 3, False)]),
        ("INSERT INTO views VALUES ('new')", [("new", 1, False)]),
        ("DELETE FROM views WHERE page IS NULL", [(None, 2, True)]),
        ("DELETE FROM views WHERE ctid IN (SELECT max(ctid) FROM views WHERE dose::text = '1.0')",
            [("a", 1, False)]),
        ("UPDATE views SET page = 'b' WHERE page IS NULL", [("b", 2, False), (None, 2, True)]),
        ("UPDATE views SET dose = 1.00", None),
    ],
)  # fmt: skip
def test_silver_has_each_row_as_often_as_production(
    keyless: Clinic, change: str, appended: list[Row] | None
) -> None:
    keyless.run("views", "page")
    keyless.write(change)
    found = keyless.run("views", "page, _copies, _is_deleted")
    if appended is not None:
        assert found == appended
    require_equal(keyless)
    keyless.write("DELETE FROM views", "INSERT INTO views VALUES ('a', 1.0, '{}')")
    keyless.warehouse.reconcile()
    require_equal(keyless)


def many(clinic: Clinic) -> None:
    clinic.write("INSERT INTO views SELECT 'p' || n % 3 FROM generate_series(1, 90) AS n")
    clinic.warehouse.run()


def test_table_that_seems_to_have_lost_its_rows_is_not_believed(keyless: Clinic) -> None:
    many(keyless)
    before = keyless.warehouse.row_versions()
    keyless.write("DELETE FROM views WHERE page = 'p1'")  # one row of bronze, 30 of production
    with failing("DW016", "30 of 96 rows of bronze.raw_views are missing"):
        keyless.warehouse.run()
    assert keyless.warehouse.row_versions() == before
    keyless.warehouse.call("etl.allow_deletions('views')")
    keyless.warehouse.run()
    require_equal(keyless)
    rows = "SELECT rows_read, rows_deleted FROM etl.steps WHERE model = 'bronze.raw_views'"
    assert keyless.warehouse.rows(f"{rows} ORDER BY run_id DESC LIMIT 1") == [(66, 30)]


def test_update_of_every_row_loses_none(keyless: Clinic) -> None:
    many(keyless)
    keyless.write("UPDATE views SET dose = 7")
    keyless.warehouse.run()
    require_equal(keyless)


def test_column_that_is_added_changes_every_row_and_loses_none(keyless: Clinic) -> None:
    many(keyless)
    keyless.write("ALTER TABLE views ADD copies text DEFAULT 'x'")
    deploy(keyless, MULTISET)
    keyless.warehouse.run()
    query = EXPANDED.replace("copies)", "row_copies)")
    assert keyless.warehouse.rows(query) == in_production(keyless)
    live = "SELECT DISTINCT copies FROM silver.views WHERE NOT is_deleted"
    assert keyless.warehouse.column(live) == ["x"]


def test_rows_loaded_with_a_key_cannot_become_a_multiset_in_place(clinic: Clinic) -> None:
    clinic.write("INSERT INTO wards VALUES ('A', 10)")
    clinic.warehouse.run()
    clinic.configure(with_tables({"wards": MULTISET}))
    with pytest.raises(FdwarehouseError) as caught:
        clinic.warehouse.deploy(clinic.root, source="clinic")
    assert "the rows of bronze.raw_wards have no key (_row_hash)" in caught.value.message
    assert "Rename the table in a migration" in (caught.value.hint or "")
    (clinic.root / "migrations").mkdir()
    renamed = "ALTER TABLE bronze.raw_wards RENAME TO raw_wards_before;"
    constraint = "RENAME CONSTRAINT raw_wards_one_version_a_run TO before;"
    (clinic.root / "migrations/0001_wards.sql").write_text(
        f"{renamed}\nALTER TABLE bronze.raw_wards_before {constraint}\n"
        "ALTER INDEX bronze.raw_wards_run_id RENAME TO raw_wards_before_run_id;\n"
    )
    clinic.warehouse.deploy(clinic.root, source="clinic")
    assert clinic.run("wards", "ward, beds, _copies") == [("A  ", 10, 1)]
