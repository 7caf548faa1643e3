"""Columns that are left out, and conditions: what is not taken never leaves production."""

import pytest

from fdwarehouse.project.chosen_columns import columns_of_filter
from fdwarehouse.project.contract import load_contract
from tests.place import Place
from tests.test_reconciliation import is_hashed_remotely

PRODUCTION = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE people (
    id int PRIMARY KEY,
    name text,
    email text,
    body text,
    is_test boolean NOT NULL DEFAULT false,
    mood mood,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE notes (LIKE people INCLUDING ALL);
INSERT INTO people SELECT n, 'name ' || n, n || '@example.com', 'secret ' || n, n % 5 = 0
FROM generate_series(1, 100) AS n;
INSERT INTO notes SELECT * FROM people;
"""
FOREIGN_COLUMNS = """
    SELECT a.attname FROM pg_attribute AS a
    INNER JOIN pg_foreign_table AS f ON a.attrelid = f.ftrelid
    WHERE a.attrelid::regclass::text ~ %s AND a.attnum > 0 ORDER BY a.attnum
"""
PEOPLE = "SELECT (id, name, email, updated_at)::text FROM people WHERE NOT is_test ORDER BY id"
IN_BRONZE = """
    SELECT (id, name, email, updated_at)::text FROM (
        SELECT DISTINCT ON (id) * FROM bronze.raw_people ORDER BY id, _run_id DESC
    ) AS t WHERE NOT _is_deleted ORDER BY id
"""


@pytest.fixture(autouse=True)
def _people(place: Place) -> None:
    place.write(PRODUCTION)


def configure(place: Place, **tables: object) -> None:
    """Write warehouse.yaml, and have the tables read."""
    place.configure(tables)
    place.works("bootstrap", "contract", "deploy", "run")


def test_columns_that_are_left_out_are_never_read_and_never_missed(place: Place) -> None:
    configure(
        place,
        people={"columns": ["id", "name", "updated_at"], "watermark": "updated_at"},
        notes={"exclude": ["body", "email"]},
    )
    contract = load_contract(place.root, "production")
    assert [*contract.tables["people"].columns] == ["id", "name", "updated_at"]
    rest = ["id", "name", "is_test", "mood", "updated_at"]
    assert [*contract.tables["notes"].columns] == rest
    assert place.warehouse.column(FOREIGN_COLUMNS, ["notes"]) == rest
    place.write(
        "UPDATE people SET name = 'changed', updated_at = clock_timestamp() WHERE id = 7",
        "UPDATE people SET body = 'more secret', name = 'silent' WHERE id = 8",
        "ALTER TABLE people DROP body, ADD phone text",
        "ALTER TABLE notes DROP body, ADD phone text",
    )
    place.works("run", "reconcile")
    for table, columns in (("people", "id, name, updated_at"), ("notes", ", ".join(rest))):
        there = place.shop.column(f"SELECT ({columns})::text FROM {table} ORDER BY id")
        here = f"""
            SELECT ({columns})::text FROM (
                SELECT DISTINCT ON (id) * FROM bronze.raw_{table} ORDER BY id, _run_id DESC
            ) AS t WHERE NOT _is_deleted ORDER BY id
        """
        assert place.warehouse.column(here) == there != []
    # of a list of columns nothing else is missed; of exclusions only those
    assert place.warehouse.rows("SELECT subject, difference FROM etl.drift") == [
        ("notes.phone", "a new column, which is not read")
    ]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"exclude": ["id"]}, "column id is of the key, and cannot be left out"),
        ({"columns": ["name"]}, "column id is of the key, and cannot be left out"),
        (
            {"exclude": ["updated_at"], "watermark": "updated_at"},
            "column updated_at is the watermark, and cannot be left out",
        ),
        ({"exclude": ["boddy"]}, "exclude: production has no column boddy"),
        ({"columns": ["id", "nmae"]}, "columns: production has no column nmae"),
        ({"mask": {"emial": "hash"}}, "mask: production has no column emial"),
    ],
)
def test_column_that_is_needed_or_unknown_is_an_error(
    place: Place, settings: dict[str, object], problem: str
) -> None:
    place.configure({"people": settings, "notes": {}})
    place.works("bootstrap")
    said = place.command("contract")
    assert said.exit_code == 2
    assert f"warehouse.yaml: production.people: {problem}" in said.err


def test_columns_of_a_pattern_apply_to_the_tables_that_have_them(place: Place) -> None:
    place.write("CREATE TABLE plain (id int PRIMARY KEY)", "INSERT INTO plain VALUES (1)")
    configure(place, **{"*": {"exclude": ["body"], "watermark": "updated_at"}})
    contract = load_contract(place.root, "production")
    assert {name: "body" in table.columns for name, table in contract.tables.items()} == {
        "notes": False,
        "people": False,
        "plain": False,
    }
    assert place.warehouse.rows("SELECT * FROM etl.drift") == []
    place.require_equal({"plain": "plain"})


def test_contract_that_has_what_is_left_out_now_is_refused(place: Place) -> None:
    place.configure({"people": {}, "notes": {}})
    place.works("bootstrap", "contract")
    place.configure({"people": {"exclude": ["body"]}, "notes": {}})
    said = place.command("render")
    assert said.exit_code == 2
    assert "column body of the contract is left out by warehouse.yaml" in said.err
    assert "fdwarehouse contract" in said.err


def test_rows_are_filtered_in_production_by_a_column_that_is_not_taken(place: Place) -> None:
    configure(
        place,
        people={
            "columns": ["id", "name", "email", "updated_at"],
            "where": "NOT is_test",
            "watermark": "updated_at",
        },
    )

    def require_equal() -> None:
        assert place.warehouse.column(IN_BRONZE) == place.shop.column(PEOPLE) != []

    require_equal()
    assert is_hashed_remotely(place.warehouse, "people")
    plan = "\n".join(place.warehouse.column("EXPLAIN (VERBOSE) SELECT * FROM production.people"))
    assert "WHERE ((NOT is_test))" in plan
    assert "Filter" not in plan
    place.write(
        "UPDATE people SET name = 'new', updated_at = clock_timestamp() WHERE id IN (1, 5)",
        "UPDATE people SET is_test = true, updated_at = clock_timestamp() WHERE id = 2",
        "UPDATE people SET is_test = false, updated_at = clock_timestamp() WHERE id = 10",
    )
    place.works("run")
    # a row that no longer satisfies the condition is gone with the next reconciliation
    place.write("UPDATE people SET name = 'silent' WHERE id = 3")
    place.works("reconcile")
    require_equal()
    gone = "SELECT id FROM bronze.raw_people WHERE _is_deleted"
    assert place.warehouse.column(gone) == [2]
    place.configure({"people": {"where": "id > 50"}})
    place.works("bootstrap", "contract", "deploy")
    assert place.command("run").exit_code == 1  # half of the rows seem gone
    place.warehouse.execute("CALL etl.allow_deletions('people')")
    place.works("run")
    found = (
        "SELECT DISTINCT ON (id) id, _is_deleted FROM bronze.raw_people ORDER BY id, _run_id DESC"
    )
    assert place.warehouse.rows(found) == [
        (n, n <= 50) for n in range(1, 101) if n > 50 or n % 5 or n == 10
    ]


@pytest.mark.parametrize(
    "where", ["updated_at < now()", "mood IN ('good', 'x')", "random() < 2", "1 = 2"]
)
def test_condition_that_the_source_cannot_evaluate_is_refused_at_deploy(
    place: Place, where: str
) -> None:
    place.configure({"people": {"where": where}})
    place.works("bootstrap", "contract")
    said = place.command("deploy")
    assert said.exit_code == 1
    assert "where of production.people cannot be sent to the source" in said.err
    assert "now() and functions of your own are not sent" in said.err


def test_condition_that_is_wrong_is_named(place: Place) -> None:
    place.configure({"people": {"where": "is_tset"}})
    place.works("bootstrap", "contract")
    said = place.command("deploy")
    assert said.exit_code != 0
    assert "is_tset" in said.err
    assert "warehouse.yaml: where or mask of production.people" in said.err


def test_columns_of_a_condition_are_its_names_but_not_its_texts() -> None:
    columns = {"a", "b", "A B", "c"}
    assert columns_of_filter("""A > 1 AND people."A B" = 'b' AND x.c IS NULL""", columns) == {
        *("a", "A B", "c"),
    }
    assert columns_of_filter(None, columns) == set()


def test_reader_may_read_only_what_is_taken(place: Place) -> None:
    place.write(
        "CREATE TABLE notes_archive (LIKE notes)", "CREATE TABLE other (id int PRIMARY KEY)"
    )
    place.configure(
        {
            "people": {
                "columns": ["id", "name", "email"],
                "mask": {"email": "redact"},
                "where": "NOT is_test",
            },
            "*": {"exclude": ["body"]},
        },
        exclude=["*_archive"],
    )
    place.works("bootstrap")
    said = place.command("bootstrap")
    assert "production: of people, only id, name, is_test" in said.out
    assert "production: not notes_archive" in said.out
    columns = """
        SELECT c.relname || '.' || a.attname FROM pg_attribute AS a
        INNER JOIN pg_class AS c ON a.attrelid = c.oid
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0
            AND has_column_privilege('warehouse_reader', a.attrelid, a.attnum, 'SELECT')
        ORDER BY c.relname, a.attnum
    """
    assert place.shop.column(columns) == [
        *(f"notes.{c}" for c in ("id", "name", "email", "is_test", "mood", "updated_at")),
        "other.id",
        *(f"people.{c}" for c in ("id", "name", "is_test")),
    ]
    place.works("contract", "deploy", "run", "reconcile")
    found = "SELECT id, name, email FROM bronze.raw_people ORDER BY id"
    there = "SELECT id, name, '***' FROM people WHERE NOT is_test ORDER BY id"
    assert place.warehouse.rows(found) == place.shop.rows(there) != []
    place.configure({"people": {}, "notes": {}})
    place.works("bootstrap", "contract", "deploy", "run")
    assert "people.body" in place.shop.column(columns)


def test_reader_that_may_read_all_of_a_table_all_the_same_is_a_warning(place: Place) -> None:
    place.write("GRANT SELECT ON people TO PUBLIC")
    place.configure({"people": {"exclude": ["body"]}})
    said = place.command("bootstrap")
    assert said.exit_code == 0
    assert "warehouse_reader still may read all of public.people" in said.out + said.err


def test_condition_applies_to_the_rows_of_a_parent_alone(place: Place) -> None:
    place.write(
        "CREATE TABLE staff () INHERITS (people)",
        "INSERT INTO staff (id, name, is_test) VALUES (201, 'of staff', false)",
    )
    configure(place, people={"where": "NOT is_test AND id < 500", "inherit": "only"})
    ids = "SELECT id FROM bronze.raw_people WHERE NOT _is_deleted ORDER BY 1"
    there = "SELECT id FROM ONLY people WHERE NOT is_test ORDER BY 1"
    assert place.warehouse.column(ids) == place.shop.column(there) != []


def test_column_that_is_left_out_later_is_not_read_any_more(place: Place) -> None:
    place.configure({"people": {"watermark": "updated_at"}}, mirror=True)
    place.works("bootstrap", "contract", "deploy", "run")
    place.configure({"people": {"watermark": "updated_at", "exclude": "body"}}, mirror=True)
    place.works("bootstrap", "contract", "deploy", "run")
    place.write(
        "UPDATE people SET body = 'new', name = 'b', updated_at = clock_timestamp() WHERE id = 1"
    )
    place.works("run", "reconcile")
    live = "SELECT (id, name, email)::text FROM silver.people WHERE NOT is_deleted ORDER BY id"
    assert place.warehouse.column(live) == place.shop.column(
        "SELECT (id, name, email)::text FROM people ORDER BY id"
    )
    assert "body" not in place.warehouse.column(FOREIGN_COLUMNS, ["people"])
