"""Masks of tables of any kind: how they are reconciled, without a key, with odd names."""

from typing import Any

import pytest

from tests.harness import failing
from tests.place import Place
from tests.test_masks import PRODUCTION, hashed, keys_of
from tests.test_reconciliation import is_hashed_remotely


@pytest.fixture(autouse=True)
def _people(place: Place) -> None:
    place.write(PRODUCTION)


@pytest.mark.parametrize(
    ("mask", "depth", "is_hashed"),
    [
        ({"email": "hash"}, "key", True),
        ({"email": "hash"}, "all", False),
        ({"phone": "redact", "born": None}, "all", True),
        ({"id": "hash"}, "key", False),
    ],
)
def test_masked_table_is_reconciled_by_buckets_where_production_knows_the_values(
    place: Place, mask: dict[str, Any], depth: str, is_hashed: bool
) -> None:
    settings = {"watermark": "updated_at", "mask": mask, "reconcile": {"depth": depth}}
    place.configure({"people": settings})
    place.works("bootstrap", "contract", "deploy", "run")
    body = "SELECT pg_get_functiondef('bronze.reconcile_raw_people'::regproc) ~ 'source_hashes'"
    assert place.warehouse.value(body) == is_hashed
    if is_hashed:
        assert is_hashed_remotely(place.warehouse, "people")
    place.write("DELETE FROM people WHERE id = 12")
    place.works("reconcile")
    assert place.warehouse.rows(
        "SELECT count(*) FROM bronze.raw_people WHERE _is_deleted AND _run_id > 1"
    ) == [(1,)]


def test_identical_rows_without_a_key_are_counted_by_their_masked_values(place: Place) -> None:
    place.write(
        "CREATE TABLE visits (email text, secret text)",
        "INSERT INTO visits VALUES ('zqplain', 'zqplain1'), ('zqplain', 'zqplain2'), ('b', NULL)",
    )
    place.configure({"visits": {"mask": {"email": "hash", "secret": "redact"}}})
    place.works("bootstrap", "contract", "deploy", "run")
    keys = keys_of(place.warehouse)
    found = """
        SELECT email, secret, _copies FROM (
            SELECT DISTINCT ON (_row_hash) * FROM bronze.raw_visits ORDER BY _row_hash, _run_id DESC
        ) AS t WHERE NOT _is_deleted ORDER BY _copies
    """
    assert place.warehouse.rows(found) == [
        (hashed("b", keys), "***", 1),
        (hashed("zqplain", keys), "***", 2),
    ]
    place.write("INSERT INTO visits VALUES ('zqplain', 'zqplain3')")
    place.works("run")
    assert place.warehouse.rows(found)[-1] == (hashed("zqplain", keys), "***", 3)


def test_equal_values_have_equal_hashes_whatever_their_types_and_the_condition(
    place: Place,
) -> None:
    place.write(
        "CREATE TABLE a (id int PRIMARY KEY, code char(8), ip inet, ok boolean, mail char(30))",
        "CREATE TABLE b (id int PRIMARY KEY, code text, ip inet, ok boolean, mail text)",
        "INSERT INTO a VALUES (1, 'ab', '10.0.0.1', true, 'ana@example.org')",
        "INSERT INTO a VALUES (2, NULL, '10.0.0.2')",
        "INSERT INTO b SELECT id, code, ip, ok, rtrim(mail) FROM a",
    )
    mask = {"code": "hash", "ip": "hash", "ok": "hash", "mail": "domain"}
    condition = "ip > '1.1.1.1' AND (ok OR ok IS NULL) AND code IS DISTINCT FROM 'x'"
    place.configure({"a": {"mask": mask, "where": condition}, "b": {"mask": mask}})
    place.works("bootstrap", "contract", "deploy", "run")
    rows = "SELECT id, code, ip, ok, mail FROM bronze.raw_{} ORDER BY id"
    found = place.warehouse.rows(rows.format("a"))
    assert found == place.warehouse.rows(rows.format("b"))
    keys = keys_of(place.warehouse)
    assert found == [
        (1, hashed("ab", keys), hashed("10.0.0.1", keys), hashed("t", keys), "example.org"),
        (2, None, hashed("10.0.0.2", keys), None, None),
    ]


def test_table_of_which_only_the_number_of_rows_is_visible(place: Place) -> None:
    place.write("CREATE TABLE votes (choice text)", "INSERT INTO votes VALUES ('zqplain'), ('b')")
    place.configure({"votes": {"mask": {"choice": "redact"}}})
    place.works("bootstrap")
    place.write("GRANT SELECT ON votes TO warehouse_reader")  # no column is needed
    place.works("contract", "deploy", "run")
    place.write("INSERT INTO votes VALUES ('zqplain')")
    place.works("run")
    copies = "SELECT choice, _copies FROM bronze.raw_votes ORDER BY _run_id"
    assert place.warehouse.rows(copies) == [("***", 2), ("***", 3)]


def test_odd_names_conditions_and_masks_work_together(place: Place) -> None:
    place.write(
        """CREATE TABLE "it's {{ a }} $$ List" (
            "The Key" text PRIMARY KEY, "e-mail %s" text, "$do$" int, at timestamptz
        )""",
        """INSERT INTO "it's {{ a }} $$ List"
        SELECT n::text, 'zqplain' || n || '@example.com', n, now()
        FROM generate_series(1, 9) AS n""",
    )
    place.configure(
        {
            "it's {{ a }} $$ List": {
                "watermark": "at",
                "exclude": "$do$",
                "mask": {"e-mail %s": "hash", "The Key": "hash"},
                "where": """"$do$" > 3 AND "it's {{ a }} $$ List"."e-mail %s" LIKE '%@example.com'
                    AND "The Key" <> '$$ {{ b }} %' -- the end""",
                "as": "odd",
            }
        }
    )
    place.works("bootstrap", "contract", "deploy", "run", "deploy", "run", "reconcile")
    keys = keys_of(place.warehouse)
    wanted = [(hashed(n, keys), hashed(f"zqplain{n}@example.com", keys)) for n in range(4, 10)]
    found = 'SELECT "The Key", "e-mail %s" FROM bronze.raw_odd'
    assert sorted(place.warehouse.rows(found)) == sorted(wanted)


def test_unit_tests_give_rows_as_the_warehouse_has_them(place: Place) -> None:
    place.configure({"people": {"watermark": "updated_at", "mask": {"pin": "hash"}}})
    for name, text in {
        "silver/clean_people.sql": "/*\ndescription: People.\ngrain: one person\nkey: id\n*/\n"
        "SELECT id, pin FROM bronze.raw_people\n",
        "tests/pins_stay_hashed.yaml": "model: silver.clean_people\n"
        "given:\n  bronze.raw_people: [{id: 1, pin: 0a1b}]\nexpect: [{id: 1, pin: 0a1b}]\n",
    }.items():
        path = place.root / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    place.works("bootstrap", "contract", "test", "deploy", "run")
    keys = keys_of(place.warehouse)
    pins = place.shop.rows("SELECT id, pin FROM people ORDER BY id")
    found = "SELECT id, pin FROM silver.clean_people ORDER BY id"
    assert place.warehouse.rows(found) == [(i, hashed(pin, keys)) for i, pin in pins] != []


def test_row_whose_key_is_masked_is_looked_up_and_forgotten_by_its_hash(place: Place) -> None:
    settings = {"watermark": "updated_at", "mask": {"email": "hash"}}
    place.configure({"accounts": settings})
    place.works("bootstrap", "contract", "deploy", "run")
    key = place.warehouse.value("SELECT etl.mask_hash('zqplain7@example.com')")
    assert key == hashed("zqplain7@example.com", keys_of(place.warehouse))
    found = f"SELECT balance FROM bronze.raw_accounts WHERE email = '{key}'"
    assert place.warehouse.column(found) == [7]
    place.warehouse.call(f"etl.forget('production.accounts', '{key}')", role="owner")
    place.works("reconcile")
    assert place.warehouse.column(found) == []
    for role in ("loader", "analyst", "orchestrator"):
        with failing("42501"):
            place.warehouse.rows("SELECT etl.mask_hash('a')", role=role)
