"""A source sends as many rows per fetch as fit into memory, according to its statistics."""

from typing import Any

import pytest

from tests.clinic import Clinic, with_tables

FETCH_SIZE = """
    SELECT o.option_value::integer
    FROM pg_foreign_table AS t, pg_options_to_table(t.ftoptions) AS o
    WHERE t.ftrelid = 'clinic.scans'::regclass AND o.option_name = 'fetch_size'
"""

# The rows of a table, and the limits of the rows per fetch.
TABLES = {
    "narrow": ("n, NULL, NULL", 10_000, 10_000),
    "of a megabyte each": ("n, image(1_000_000), NULL", 10, 60),
    "one in ten of a megabyte": (
        "n, CASE WHEN n % 10 = 0 THEN image(1_000_000) END, NULL",
        10,
        200,
    ),
    "wide, not stored aside": ("n, NULL, repeat(md5(n::text), 200)", 500, 5_000),
    "that compresses well": ("n, NULL, repeat('x', 1_000_000)", 10, 1_000),
}


def loaded(clinic: Clinic, rows: str, count: int, **settings: Any) -> Clinic:
    clinic.write(
        "CREATE FUNCTION image(bytes integer) RETURNS bytea LANGUAGE sql VOLATILE AS $$ "
        "SELECT decode(string_agg(md5(random()::text), ''), 'hex') "
        "FROM generate_series(1, bytes / 16) $$",
        "CREATE TABLE scans (scan integer PRIMARY KEY, image bytea, note text)",
        "ALTER TABLE scans ALTER image SET STORAGE EXTERNAL",
        "GRANT SELECT ON scans TO warehouse_reader",
        f"INSERT INTO scans SELECT {rows} FROM generate_series(1, {count}) AS n",
        "ANALYZE scans",
    )
    clinic.configure(with_tables({"scans": {"mode": "snapshot"} | settings}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    return clinic


@pytest.mark.parametrize("kind", TABLES)
def test_rows_of_a_fetch_are_bounded_by_their_size(clinic: Clinic, kind: str) -> None:
    rows, least, most = TABLES[kind]
    loaded(clinic, rows, 60 if "mega" in kind or "compresses" in kind else 3000)
    assert least <= clinic.warehouse.value(FETCH_SIZE) <= most
    clinic.warehouse.run()
    assert clinic.warehouse.value("SELECT count(*) FROM bronze.raw_scans") >= 60


def test_project_says_how_many_rows_are_fetched(clinic: Clinic) -> None:
    loaded(clinic, "n, NULL, NULL", 10, fetch_size=7)
    assert clinic.warehouse.value(FETCH_SIZE) == 7


def test_table_of_which_nothing_is_known_is_taken_for_one_of_large_rows(clinic: Clinic) -> None:
    loaded(clinic, "n, NULL, NULL", 0)
    assert clinic.warehouse.value(FETCH_SIZE) == 500
