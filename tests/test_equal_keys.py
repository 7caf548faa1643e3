"""G1: changes that equality hides: keys written differently, arrays, swapped columns, databases."""

from __future__ import annotations

import psycopg
import pytest

from tests.clinic import Clinic, with_tables
from tests.harness import failing
from tests.servers import Servers

WATERMARK: dict[str, object] = {"watermark": "changed_at"}
STAMP = "changed_at timestamptz NOT NULL DEFAULT now()"
LATEST = (
    "SELECT DISTINCT ON (o.k) o.k::text AS key, o.v::text, o._is_deleted "
    "FROM bronze.raw_odd AS o ORDER BY o.k, o._run_id DESC"
)


def mount(clinic: Clinic, columns: str, choice: dict[str, object], *more: str) -> None:
    """Mount a table `odd` with these columns."""
    clinic.write(f"CREATE TABLE odd ({columns})", "GRANT SELECT ON odd TO warehouse_reader", *more)
    clinic.configure(with_tables({"odd": choice}))
    clinic.warehouse.deploy(clinic.root, source="clinic")


@pytest.mark.parametrize(
    ("kind", "old", "new", "others"),
    [
        ("numeric", "1.0", "1.00", "(n + 10)::numeric / 10"),
        ("interval", "'360 days'", "'1 year'", "n * interval '1 minute'"),
        ("double precision", "0", "'-0'", "n + 10"),
        ("bpchar", "'a'", "'a  '", "'b' || n"),
    ],
)
def test_g1_row_whose_key_is_written_otherwise_is_never_taken_for_gone(
    clinic: Clinic, kind: str, old: str, new: str, others: str
) -> None:
    mount(
        clinic,
        f"k {kind} PRIMARY KEY, v text, {STAMP}",
        {"watermark": "changed_at", "max_deleted": "any"},
        f"INSERT INTO odd SELECT {others}, 'x' FROM generate_series(1, 9000) AS n "
        "ON CONFLICT DO NOTHING",
        f"DELETE FROM odd WHERE k = {old}",
        f"INSERT INTO odd VALUES ({old}, 'mine')",
    )
    clinic.warehouse.run()
    clinic.write(f"UPDATE odd SET k = {new}, changed_at = clock_timestamp() WHERE k = {old}")
    clinic.warehouse.run()
    clinic.write("DELETE FROM odd WHERE v <> 'mine' AND hashtext(k::text) % 3 = 0")
    for _ in range(2):
        clinic.warehouse.reconcile()
        mine = [row for row in clinic.warehouse.rows(LATEST) if row[1] == "mine"]
        assert [row[2] for row in mine] == [False]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{{{{1,2,3},{4,5,6}}}}", "{{{{1,2},{3,4},{5,6}}}}"),
        ("[1:1][1:1][1:1]={{{7}}}", "[1:1][1:1][5:5]={{{7}}}"),
        ("{{{{{{7}}}}}}", "[1:1][1:1][1:1][1:1][1:1][2:2]={{{{{{7}}}}}}"),
    ],
)
def test_g1_silent_change_of_an_arrays_shape_is_found(clinic: Clinic, old: str, new: str) -> None:
    columns = f"k int PRIMARY KEY, v int[], {STAMP}"
    mount(clinic, columns, WATERMARK, f"INSERT INTO odd VALUES (1, '{old}')")
    clinic.warehouse.run()
    clinic.write(f"UPDATE odd SET v = '{new}'")
    clinic.warehouse.reconcile()
    assert clinic.warehouse.rows(LATEST) == [("1", new, False)]


@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252", "EUC_JP", "UTF8"])
def test_encoding_of_the_caller_decides_nothing(clinic: Clinic, encoding: str) -> None:
    mount(
        clinic,
        f"k int PRIMARY KEY, v jsonb, {STAMP}",
        WATERMARK,
        """INSERT INTO odd VALUES (1, '{"a": "é"}'), (2, '{"a": "€ ł 日本"}')""",
    )
    with psycopg.connect(clinic.warehouse.urls["loader"], autocommit=True) as loader:
        loader.execute(f"SET client_encoding = '{encoding}'".encode())
        loader.execute("CALL etl.run_pipeline()")
    assert clinic.warehouse.value("SELECT count(*) FROM bronze.raw_odd") == 2
    run = clinic.warehouse.reconcile()
    assert clinic.warehouse.step_counts(run)["bronze.raw_odd.reconciliation"][0] == 0


@pytest.mark.parametrize(
    "changes",
    [
        ("ALTER TABLE odd DROP v", "ALTER TABLE odd ADD v text DEFAULT 'new'"),
        (
            "ALTER TABLE odd RENAME v TO x",
            "ALTER TABLE odd RENAME w TO v",
            "ALTER TABLE odd RENAME x TO w",
        ),
        ("ALTER TYPE colour RENAME VALUE 'good' TO 'fine'",),
    ],
)
def test_g1_columns_that_change_in_the_same_file_are_noticed(
    clinic: Clinic, changes: tuple[str, ...]
) -> None:
    clinic.write("CREATE TYPE colour AS ENUM ('good', 'bad')")
    columns = f"k int PRIMARY KEY, v text, w text, m colour, {STAMP}"
    mount(clinic, columns, WATERMARK, "INSERT INTO odd VALUES (1, 'v', 'w', 'good')")
    clinic.warehouse.run()
    clinic.write(*changes)
    clinic.warehouse.run()
    latest = "SELECT v, w, m::text FROM bronze.raw_odd ORDER BY _run_id DESC LIMIT 1"
    assert clinic.warehouse.rows(latest) == clinic.shop.rows(
        """SELECT v, w, m::text FROM "clinic 'A'".odd"""
    )
    assert clinic.warehouse.rows("SELECT * FROM etl.unreconciled") == []


@pytest.mark.parametrize(
    ("columns", "choice", "row"),
    [
        (
            "k text, v text",
            {"mode": "snapshot", "key": "k"},
            "SELECT string_agg(md5(n::text), ''), 'v' FROM generate_series(1, 200) AS n",
        ),
        (
            "k text, b int, v text",
            {"mode": "snapshot", "key": ["k", "b"]},
            "SELECT string_agg(md5(n::text), ''), NULL, 'v' FROM generate_series(1, 300) AS n",
        ),
    ],
)
def test_row_with_a_very_long_key_stops_no_other_table(
    clinic: Clinic, columns: str, choice: dict[str, object], row: str
) -> None:
    mount(clinic, columns, choice, f"INSERT INTO odd {row}", "INSERT INTO wards VALUES ('A', 1)")
    if "b" in choice["key"]:  # type: ignore[operator]
        clinic.warehouse.run()
        assert clinic.warehouse.value("SELECT count(*) FROM silver.rejected_rows") == 1
    else:
        with failing("54000", "bronze.raw_odd"):
            clinic.warehouse.run()
    assert clinic.warehouse.value("SELECT count(*) FROM bronze.raw_wards") == 1


@pytest.mark.parametrize("fault", ["twins", "drift", "no right"])
def test_backfill_loads_all_tables_but_the_bad_one(clinic: Clinic, fault: str) -> None:
    clinic.write(
        f"CREATE TABLE aaa (k int, v text, {STAMP})",
        "GRANT SELECT ON aaa TO warehouse_reader",
        "INSERT INTO aaa VALUES (1, 'a'), (2, 'b')",
        "INSERT INTO diary VALUES (1, 'x', '2020-01-01')",
    )
    clinic.configure(with_tables({"aaa": {"watermark": "changed_at", "key": "k"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    faults = {
        "twins": ("DW014", "INSERT INTO aaa VALUES (1, 'a')", "DELETE FROM aaa WHERE k = 1"),
        "drift": ("DW013", "ALTER TABLE aaa RENAME v TO w", "ALTER TABLE aaa RENAME w TO v"),
        "no right": (
            "42501",
            "REVOKE SELECT ON aaa FROM warehouse_reader",
            "GRANT SELECT ON aaa TO warehouse_reader",
        ),
    }
    code, fault_sql, cure = faults[fault]
    clinic.write(fault_sql)
    with failing(code):
        clinic.warehouse.call("etl.backfill(100)")
    assert clinic.warehouse.value("SELECT count(*) FROM bronze.raw_diary") == 1
    assert clinic.warehouse.value("SELECT count(*) FROM bronze.raw_aaa") == 0
    clinic.write(cure)
    clinic.warehouse.call("etl.backfill(100)")
    live = clinic.shop.value("""SELECT count(*) FROM "clinic 'A'".aaa""")
    assert clinic.warehouse.value("SELECT count(*) FROM bronze.raw_aaa") == live


def test_g1_database_that_takes_the_place_of_another_is_noticed(
    servers: Servers, clinic: Clinic
) -> None:
    columns = f"k int PRIMARY KEY, v text, {STAMP}"
    mount(clinic, columns, WATERMARK, "INSERT INTO odd VALUES (1, 'old'), (2, 'old')")
    warehouse, name = clinic.warehouse, clinic.shop.name
    warehouse.run()
    with psycopg.connect(servers.url("production", "admin", "postgres"), autocommit=True) as admin:

        def free() -> None:
            warehouse.close()
            clinic.shop.close()
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                [name],
            )

        free()
        admin.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}".encode())
        clinic.write(
            "UPDATE odd SET v = 'newer', changed_at = clock_timestamp() WHERE k = 1",
            "INSERT INTO odd VALUES (3, 'x')",
        )
        warehouse.run()
        free()
        admin.execute(f"ALTER DATABASE {name} RENAME TO {name}_former".encode())
        admin.execute(f"ALTER DATABASE {name}_copy RENAME TO {name}".encode())
        admin.execute(f"GRANT CONNECT ON DATABASE {name} TO warehouse_reader".encode())
        warehouse.run()
        assert warehouse.rows(LATEST) == [
            ("1", "old", False),
            ("2", "old", False),
            ("3", "x", True),
        ]
        free()
        admin.execute(f"DROP DATABASE {name}_former".encode())
