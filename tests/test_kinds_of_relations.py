"""Partitioned tables, views and materialized views as sources."""

from typing import Any

import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.contract import load_contract
from tests.clinic import Clinic, with_tables
from tests.test_reconciliation import is_hashed_remotely

COLUMNS = "id, name, changed_at"
TABLE = "id int, name text, changed_at timestamptz"
PARTITIONED = (
    f"CREATE TABLE trips ({TABLE} NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id)",
    "CREATE TABLE trips_1 PARTITION OF trips FOR VALUES FROM (1) TO (100)",
    "CREATE TABLE base PARTITION OF trips FOR VALUES FROM (100) TO (200)",
)
VIEW = (
    f"CREATE TABLE base ({TABLE})",
    "CREATE VIEW trips AS SELECT id, upper(name) AS name, changed_at FROM base WHERE id < 1000",
)
MATERIALIZED = (
    f"CREATE TABLE base ({TABLE})",
    "CREATE MATERIALIZED VIEW trips AS SELECT id, name, changed_at FROM base",
)
KINDS = {"partitioned": PARTITIONED, "view": VIEW, "materialized": MATERIALIZED}
MODES: dict[str, dict[str, Any]] = {
    "watermark": {"key": "id", "watermark": "changed_at"},
    "snapshot": {"key": "id"},
    "multiset": {"mode": "multiset"},
}


def configure(clinic: Clinic, settings: dict[str, Any]) -> None:
    config = with_tables({"trips": settings})
    config["sources"]["clinic"]["mirror"] = True
    clinic.configure(config)


def change(clinic: Clinic, kind: str, *statements: str) -> None:
    refresh = ["REFRESH MATERIALIZED VIEW trips"] if kind == "materialized" else []
    clinic.write(*statements, *refresh)


def require_equal(clinic: Clinic) -> None:
    there = clinic.shop.rows(f"""SELECT {COLUMNS} FROM "clinic 'A'".trips ORDER BY 1""")
    here = f"SELECT {COLUMNS} FROM silver.trips WHERE NOT is_deleted ORDER BY 1"
    assert clinic.warehouse.rows(here) == there != []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_source_of_any_kind_is_equal_after_runs_and_reconciliations(
    clinic: Clinic, kind: str, mode: str
) -> None:
    clinic.write(*KINDS[kind], "GRANT SELECT ON trips TO warehouse_reader")
    change(clinic, kind, "INSERT INTO base VALUES (101, 'a', now()), (102, 'b', now())")
    configure(clinic, MODES[mode])
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    require_equal(clinic)
    rows = "UPDATE base SET name = 'c', changed_at = now() WHERE id = 102"
    change(clinic, kind, rows, "INSERT INTO base VALUES (103, 'd', now())")
    clinic.warehouse.run()
    require_equal(clinic)
    if kind == "partitioned":
        clinic.write(
            f"CREATE TABLE more ({TABLE} NOT NULL, PRIMARY KEY (id))",
            "INSERT INTO more VALUES (201, 'e', '2020-01-01')",  # an old time stamp
            "ALTER TABLE trips ATTACH PARTITION more FOR VALUES FROM (200) TO (300)",
        )
        clinic.warehouse.run()
        require_equal(clinic)
    change(clinic, kind, "DELETE FROM base WHERE id = 101", "UPDATE base SET name = 'x'")
    clinic.warehouse.reconcile()
    require_equal(clinic)
    if mode == "watermark":
        assert is_hashed_remotely(clinic.warehouse, "trips")


def test_view_needs_its_key(clinic: Clinic) -> None:
    clinic.write(*VIEW, "GRANT SELECT ON trips TO warehouse_reader")
    configure(clinic, {"watermark": "changed_at"})
    with pytest.raises(FdwarehouseError) as caught:
        clinic.warehouse.deploy(clinic.root, source="clinic")
    assert "clinic.trips: it has no primary key" in caught.value.message
    assert "Name the columns of its key in warehouse.yaml" in (caught.value.hint or "")


def test_smallest_unique_index_without_nulls_is_the_key_of_a_table_without_one(
    clinic: Clinic,
) -> None:
    clinic.write(
        f"CREATE TABLE trips ({TABLE}, a int NOT NULL, b int NOT NULL, c int NOT NULL, d int)",
        "CREATE UNIQUE INDEX ON trips (d)",  # d can be null
        "CREATE UNIQUE INDEX ON trips (lower(name))",
        "CREATE UNIQUE INDEX ON trips (c) WHERE c > 0",
        "CREATE UNIQUE INDEX ON trips (a, b, c)",
        "CREATE UNIQUE INDEX ON trips (b, a) INCLUDE (name)",
        "GRANT SELECT ON trips TO warehouse_reader",
        "INSERT INTO trips VALUES (1, 'a', now(), 1, 1, 0), (2, 'b', now(), 1, 2, 0)",
    )
    configure(clinic, {"watermark": "changed_at"})
    tables = load_contract(clinic.root, "clinic").tables
    assert tables["trips"].unique_key == ["b", "a"]
    assert not any(table.unique_key for name, table in tables.items() if name != "trips")
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    clinic.write("UPDATE trips SET name = 'c', changed_at = now() WHERE b = 2")
    assert clinic.run("trips", "a, b, name") == [(1, 2, "c")]
    require_equal(clinic)
    configure(clinic, {})
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.write("DELETE FROM trips WHERE b = 1")
    assert clinic.run("trips", "a, b, _is_deleted") == [(1, 1, True)]  # a snapshot
