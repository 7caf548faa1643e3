"""Values of rows are not in what is told of failures: problems, alerts, files, pages, LISTEN."""

import json
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from fdwarehouse.alerts.messages import Message
from fdwarehouse.database.observation.everything import observe
from fdwarehouse.site.writing import write_site
from tests.harness import Warehouse
from tests.place import Place

VALUE = "zqvalue"
# How PostgreSQL quotes a value, as one of its messages in each way.
FAILING = {
    "quoted at the end": f"SELECT '{VALUE}'::text::integer",
    "quoted within": f"SELECT now() AT TIME ZONE '{VALUE}'",
    "quoted at the beginning": f"SELECT ('1e9999' || '{VALUE}')::text::double precision",
    "out of range": "SELECT '1e9999'::text::double precision",
    "of an enum": f"SELECT '{VALUE}'::text::mood",
    "with quotes": f"""SELECT '{VALUE} "a" {VALUE}'::text::integer""",
    "with a line break": f"SELECT E'{VALUE}\\n{VALUE}'::text::integer",
    "with a quote and a line break": f"""SELECT E'a "b" {VALUE}\\n {VALUE}'::text::integer""",
    "of a table": f"SELECT '{VALUE}'::text::regclass",
    "of a type": f"SELECT '{VALUE}'::text::regtype",
    "of a setting": f"SELECT current_setting('{VALUE}')",
    "of JSON": f"SELECT '{VALUE}'::text::jsonb",
    "of an array": f"SELECT '{VALUE}'::text::integer[]",
    "of a date": f"SELECT to_date('{VALUE}', 'Mon')",
    "of a unit": f"SELECT date_trunc('{VALUE}', now())",
    "of base64": f"SELECT decode('{VALUE}!', 'base64')",
    "of a key": f"INSERT INTO t VALUES ('{VALUE}', 1), ('{VALUE}', 1)",
    "of a row": f"INSERT INTO t VALUES ('{VALUE}', -1)",
    "of a reference": f"INSERT INTO u VALUES ('{VALUE}')",
    "of a null": f"INSERT INTO t VALUES ('{VALUE}', NULL)",
    "raised": f"DO $$ BEGIN RAISE 'bad {VALUE}' USING HINT = 'not {VALUE}'; END $$",
    "raised as another": f"DO $$ BEGIN RAISE 'bad {VALUE}' USING ERRCODE = '22012'; END $$",
    "raised as a right": f"DO $$ BEGIN RAISE 'bad {VALUE}' USING ERRCODE = '42501'; END $$",
    "raised as its own": f"DO $$ BEGIN RAISE '{VALUE}' USING ERRCODE = 'AB123'; END $$",
    "asserted": f"DO $$ BEGIN ASSERT false, '{VALUE}'; END $$",
    "raised in a call": f"DO $$ BEGIN PERFORM fail('{VALUE}'); END $$",
}
SCHEMA = """
CREATE TYPE mood AS ENUM ('ok');
CREATE TABLE t (a text PRIMARY KEY, b integer NOT NULL CONSTRAINT positive CHECK (b > 0));
CREATE TABLE u (a text REFERENCES t);
CREATE FUNCTION fail(p text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION USING MESSAGE = p, ERRCODE = '22023'; END $$;
"""
WITHOUT = "SELECT etl.without_values(%s, %s, %s)"


def failure(connection: psycopg.Connection, statement: str) -> tuple[str, str | None, str | None]:
    """Return the error of a statement as a run logs it, its code, and its hint."""
    with pytest.raises(psycopg.Error) as caught, connection.transaction():
        connection.execute(statement.encode())
    said = caught.value.diag
    parts = (said.message_primary, said.message_detail, said.context)
    return "\n".join(filter(None, parts)), said.sqlstate, said.message_hint


def test_what_is_left_of_an_error_has_no_value(warehouse: Warehouse) -> None:
    with warehouse.connect("owner") as owner:
        owner.execute(b"CREATE SCHEMA ill; SET search_path = ill, pg_catalog;" + SCHEMA.encode())
        for name, statement in FAILING.items():
            error, code, hint = failure(owner, statement)
            for known in (code, None):
                left = warehouse.value(WITHOUT, [error, known, error])
                assert (name, left, VALUE in left) == (name, left, False)
                assert (name, "1e9999" in left) == (name, False)
            assert VALUE not in (warehouse.value(WITHOUT, [hint, code, error]) or "")


@pytest.mark.parametrize(
    ("error", "code", "left"),
    [
        ('invalid input syntax for type integer: "x"', "22P02", None),
        ('time zone "x y" not recognized', "22023", 'time zone "..." not recognized'),
        (
            '"1e999" is out of range for type double precision',
            *("22003", '"..." is out of range for type double precision'),
        ),
        (
            "date field value out of range: 2026-13-45",
            "22008",
            "date field value out of range: ...",
        ),
        ("ungültige Eingabesyntax für Typ integer: »x«", "22P02", None),
        ("division by zero\nmore", "22012", "division by zero"),
        ("permission denied for table t", "42501", "permission denied for table t"),
        ('could not connect to server "s": it is off', "08001", "="),
        ('new row for relation "t" violates check constraint "c"', "23514", "="),
        ("check c failed\nc: 1 rows", None, "check c failed"),
        (
            "raw_x has duplicate keys\nPL/pgSQL function etl.f() line 1 at RAISE",
            "DW014",
            "raw_x has duplicate keys",
        ),
        (
            "no\nPL/pgSQL function gold.f() line 1 at RAISE",
            *("22000", "a function raised an exception (22000)"),
        ),
        ("no\nPL/pgSQL function etl.f() line 1 at RAISE", None, "no"),
        (None, None, None),
    ],
)
def test_what_is_left_of_an_error_says_what_it_can(
    warehouse: Warehouse, error: str | None, code: str | None, left: str | None
) -> None:
    shown = warehouse.value(WITHOUT, [error, code, error])
    if code == "22P02":
        left = (error or "").rpartition(" ")[0] + ' "..."'
    assert shown == (error if left == "=" else left)


def write(place: Place, name: str, key: str, select: str) -> None:
    """Add a table that is one SELECT."""
    path = place.root / f"sql/{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = f"/*\ndescription: A table.\ngrain: one row\nkey: {key}\n*/\n"
    path.write_text(f"{header}{select}\n")


def check(place: Place, name: str, select: str) -> None:
    """Add a check that warns."""
    path = place.root / f"sql/checks/{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = "-- layer: silver\n-- severity: warn\n-- scope: run\n-- None.\n"
    path.write_text(f"{header}{select}\n")


@pytest.fixture
def people(place: Place) -> Place:
    """People whose emails are masked, and pets, which have nothing to hide."""
    place.write(
        "CREATE TABLE people (id int PRIMARY KEY, email text, full_name text, "
        "at timestamptz NOT NULL DEFAULT now())",
        "INSERT INTO people VALUES (1, 'a@example.com', 'Lars Dubois'), (2, 'b@example.com', NULL)",
        "CREATE TABLE pets (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
        "INSERT INTO pets VALUES (1)",
    )
    place.configure(
        {"people": {"watermark": "at", "mask": {"email": "hash"}}, "pets": {"watermark": "at"}}
    )
    write(
        *(place, "silver/clean_people", "id"),
        "SELECT id, email, full_name, at FROM bronze.raw_people",
    )
    return place


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".woff2", ".png")
    }


@pytest.mark.parametrize(
    "expression",
    [
        "email::integer",
        "at AT TIME ZONE email",
        "(email || E'\\nsecond line' || email)::integer",
        "email::regclass",
    ],
)
def test_masked_value_in_an_error_is_told_to_nobody(
    people: Place, tmp_path: Path, expression: str
) -> None:
    write(people, "gold/dated", "id", f"SELECT id, {expression} AS v FROM silver.clean_people")
    people.works("bootstrap", "contract", "deploy")
    listener = people.warehouse.connect("analyst", autocommit=True)
    listener.execute("LISTEN fdwarehouse")
    with suppress(psycopg.Error):
        people.warehouse.run()
    heard = [n.payload for n in listener.notifies(timeout=0.2)]
    assert [json.loads(payload)["event"] for payload in heard][:2] == ["run_ended", "problem_began"]

    # as a name it is truncated
    masked = people.warehouse.column("SELECT left(email, 50) FROM bronze.raw_people")
    logged = str(people.warehouse.column("SELECT error FROM etl.steps"))
    assert any(m in logged for m in masked)
    rows = people.warehouse.rows("SELECT to_jsonb(p) FROM etl.problems AS p", role="orchestrator")
    problems = [row for (row,) in rows]
    assert {p["kind"] for p in problems} >= {"run_failed", "step_failed"}
    told = Message("p", problems, [])
    people.works(f"artifacts --out {tmp_path / 'files'}")
    write_site(observe(people.warehouse.urls["owner"], {}), "p", tmp_path / "site")
    public = {
        "problems": str(problems),
        "LISTEN": str(heard),
        "alerts": told.text + str(told.document),
        **files(tmp_path),
    }
    assert "files/run_results.json" in public
    assert "files/openlineage.ndjson" in public
    shown = [(m, name) for m in masked for name, text in public.items() if m in text]
    assert shown == []


def test_values_are_told_to_nobody_who_may_read_no_row(people: Place, tmp_path: Path) -> None:
    people.configure({"people": {"watermark": "at"}, "pets": {"watermark": "at"}})
    write(people, "gold/ages", "id", "SELECT id, full_name::integer AS v FROM silver.clean_people")
    people.works("bootstrap", "contract", "deploy")
    listener = people.warehouse.connect("analyst", autocommit=True)
    listener.execute("LISTEN fdwarehouse")
    with suppress(psycopg.Error):
        people.warehouse.run()
    assert "Lars" in str(people.warehouse.column("SELECT error FROM etl.steps"))
    assert "Lars" not in str([n.payload for n in listener.notifies(timeout=0.2)])
    told = people.warehouse.rows("SELECT message, hint FROM etl.problems", role="monitor")
    assert [m for m, _ in told if m.endswith(': invalid input syntax for type integer: "..."')]
    assert "Lars" not in str(told)
    people.works(f"artifacts --out {tmp_path / 'files'}")
    people.works(f"site --no-samples --out {tmp_path / 'site'}")
    assert [name for name, text in files(tmp_path).items() if "Lars" in text] == []


CHECKS = {
    "aliased": "SELECT c.id, c.email AS full_name, to_jsonb(c) AS at FROM silver.clean_people AS c",
    "computed": "SELECT id, coalesce(full_name, email) AS full_name FROM silver.clean_people",
    "at_the_source": "SELECT id, email AS at FROM production.people",
    "in_the_log": "SELECT error FROM etl.steps",
    "of_nothing_masked": "SELECT id FROM bronze.raw_pets",
}


def test_check_shows_no_rows_of_a_table_with_masked_columns(people: Place, tmp_path: Path) -> None:
    for name, select in CHECKS.items():
        check(people, name, select)
    people.works("bootstrap", "contract", "deploy", "run", "run")
    found = {
        row["subject"]: row["sample_rows"]
        for (row,) in people.warehouse.rows("SELECT to_jsonb(p) FROM etl.problems AS p")
    }
    assert {name: found[name] for name in ("aliased", "computed", "at_the_source")} == {
        "aliased": None,
        "computed": None,
        "at_the_source": None,
    }
    assert found["in_the_log"] is None
    assert found["of_nothing_masked"] == [{"id": 1}]
    seen = observe(people.warehouse.urls["owner"], {})
    shown = {row["name"]: row["sample_rows"] for row in seen.checks if row["name"] in CHECKS}
    assert {name for name, rows in shown.items() if rows} == {"of_nothing_masked"}
    results = {row["check_name"] for row in seen.results if row["sample_rows"]}
    assert results == {"of_nothing_masked"}
