"""The mirror of a source in silver: tables that no file of the project builds."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.clinic import CONFIG, Clinic

MIRRORED = deepcopy(CONFIG)
MIRRORED["sources"]["clinic"]["mirror"] = True
TABLES = ("visits", "readings", "wards", "diary")


def deploy(clinic: Clinic, config: dict[str, Any]) -> None:
    """Deploy a configuration."""
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")


def rows_there(clinic: Clinic, table: str) -> list[str]:
    """All rows of a table of production, as text."""
    return clinic.shop.column(f"SELECT t::text FROM \"clinic 'A'\".{table} AS t ORDER BY 1")


def rows_here(clinic: Clinic, table: str) -> list[str]:
    """All live rows of its mirror, as text, with the columns of production only."""
    columns = clinic.warehouse.column(
        "SELECT quote_ident(attname) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
        [f"clinic.{table}"],
    )
    return clinic.warehouse.column(
        f"SELECT (ROW({', '.join(columns)}))::text FROM silver.{table} "
        "WHERE NOT is_deleted ORDER BY 1"
    )


def change(clinic: Clinic) -> None:
    """Insert and update rows in every table."""
    clinic.write(
        'INSERT INTO visits (visit, report, tags, "Mood", "order", changed_at) '
        "SELECT gen_random_uuid(), '{\"a\":  1}', '{x,NULL}', 'good', '(1,2)', now()",
        "UPDATE visits SET dose = coalesce(dose, 0) + 1.50, changed_at = now()",
        "INSERT INTO readings SELECT 'a', coalesce(max(number), 0) + 1, 0.1, now() FROM readings",
        "UPDATE readings SET value = value + 1, received_at = now() WHERE number = 1",
        "INSERT INTO wards SELECT 'W' || count(*), count(*) FROM wards",
        "UPDATE wards SET beds = beds + 10",
        "INSERT INTO diary SELECT count(*), 'x', current_date FROM diary",
    )


def test_mirror_equals_production_row_by_row(clinic: Clinic) -> None:
    deploy(clinic, MIRRORED)
    for _ in range(3):
        change(clinic)
        clinic.warehouse.run()
        for table in TABLES:
            assert rows_here(clinic, table) == rows_there(clinic, table) != []
    clinic.write(
        "DELETE FROM visits WHERE visit = (SELECT min(visit::text)::uuid FROM visits)",
        "DELETE FROM readings WHERE number = 2",
        "DELETE FROM wards WHERE ward = 'W0'",
        "UPDATE diary SET said = 'unstamped', changed_on = '2020-01-01'",
    )
    clinic.warehouse.reconcile()
    for table in TABLES:
        assert rows_here(clinic, table) == rows_there(clinic, table) != []
    assert clinic.warehouse.value("SELECT count(*) FROM silver.wards WHERE is_deleted") == 1


def test_check_finds_rows_that_only_the_mirror_has(clinic: Clinic) -> None:
    config = deepcopy(MIRRORED)
    config["sources"]["clinic"]["overlap"] = "0 seconds"
    deploy(clinic, config)
    change(clinic)
    clinic.warehouse.run()
    clinic.write("UPDATE readings SET received_at = received_at - interval '1 day'")
    clinic.warehouse.reconcile()
    assert differing(clinic) == set()
    clinic.write("DELETE FROM readings")
    clinic.warehouse.run()
    assert differing(clinic) == {"readings__matches_source"}


def differing(clinic: Clinic) -> set[str]:
    """Run all checks, and name those that find other rows in the source."""
    clinic.warehouse.call("etl.run_checks()")
    return set(
        clinic.warehouse.column(
            "SELECT check_name FROM etl.check_results "
            "WHERE run_id = (SELECT max(run_id) FROM etl.runs) "
            "AND NOT passed AND check_name LIKE '%__matches_source'"
        )
    )


def test_mirror_is_queried_as_of_a_moment(clinic: Clinic) -> None:
    deploy(clinic, MIRRORED)
    moments = []
    pictures = []
    for _ in range(3):
        change(clinic)
        clinic.write("DELETE FROM wards WHERE ward = 'W1'")
        clinic.warehouse.run()
        moments.append(clinic.warehouse.value("SELECT clock_timestamp() AT TIME ZONE 'UTC'"))
        pictures.append(clinic.shop.rows("SELECT * FROM \"clinic 'A'\".wards ORDER BY ward"))
    for moment, picture in zip(moments, pictures, strict=True):
        known = "SELECT * FROM silver.wards_as_of(%s) ORDER BY ward"
        assert clinic.warehouse.rows(known, [moment]) == picture
    assert clinic.warehouse.rows("SELECT * FROM silver.wards_as_of('2020-01-01')") == []


def test_a_file_of_silver_replaces_the_mirror(clinic: Clinic) -> None:
    config = deepcopy(MIRRORED)
    config["sources"]["clinic"]["tables"]["diary"]["mirror"] = False
    silver = clinic.root / "sql" / "silver"
    silver.mkdir(parents=True)
    Path(silver / "clean_wards.sql").write_text(
        "/*\ndescription: Wards.\ngrain: one ward\nkey: ward\n*/\n"
        "SELECT btrim(ward) AS ward, beds FROM bronze.raw_wards\n"
    )
    deploy(clinic, config)
    clinic.write("INSERT INTO wards VALUES ('A', 10)")
    clinic.warehouse.run()
    silver_tables = set(clinic.warehouse.tables("silver"))
    assert silver_tables >= {"silver.visits", "silver.readings", "silver.clean_wards"}
    assert silver_tables.isdisjoint({"silver.wards", "silver.diary"})
    assert clinic.warehouse.rows("SELECT ward, beds FROM silver.clean_wards") == [("A", 10)]


def test_columns_that_the_engine_has_itself_are_renamed(clinic: Clinic) -> None:
    clinic.shop.execute(
        "CREATE TABLE \"clinic 'A'\".\"Odd 'Names'\" ("
        'is_deleted int PRIMARY KEY, sign text, run_id int, source_sign text, "a b" text)',
        "GRANT SELECT ON \"clinic 'A'\".\"Odd 'Names'\" TO warehouse_reader",
    )
    config = deepcopy(MIRRORED)
    config["sources"]["clinic"]["tables"]["Odd 'Names'"] = {"mode": "snapshot"}
    deploy(clinic, config)
    clinic.write("INSERT INTO \"Odd 'Names'\" VALUES (1, '+', 7, '-', 'x')")
    clinic.warehouse.run()
    assert clinic.warehouse.rows(
        'SELECT source_is_deleted, source_source_sign, source_run_id, source_sign, "a b", '
        "is_deleted FROM silver.\"Odd 'Names'\""
    ) == [(1, "+", 7, "-", "x", False)]
