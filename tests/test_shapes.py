"""Databases that nobody here made: from `fdwarehouse init` to a mirror equal row by row, unedited.

Each file of `shapes` has the shape of a well-known database: its tables, then changes that a run
sees, then changes that only a reconciliation sees. They hold what is marked "here".
Where each shape of a table is held, in all its variants:

    a time of change that is never null      here (pagila), test_mirror
    ... that may be null                     here (sakila, erp), test_nullable_watermarks
    ... with time zone, without, a date      here (pagila, sakila), test_mirror
    no time of change                        here (chinook), test_mirror
    a rising number                          test_rising_numbers
    no key, identical rows                   here (northwind, erp), test_multisets
    a unique index instead of a primary key  here (northwind, erp)
    a key of several columns, of text        here (northwind, erp), test_mirror
    a key that changes                       here (all)
    an inheritance parent, ONLY or all       here (sakila, erp), test_inheritance
    a partitioned table                      here (pagila), test_kinds_of_relations
    a view, with and without a watermark     test_kinds_of_relations
    a materialized view, one without data    test_kinds_of_relations, test_unpopulated_views
    row security                             here, test_row_security
    ten schemas, equal names in them         here (erp), test_chosen_tables, test_init_schemas
    names of 60 bytes, quoted, with spaces   here (chinook, northwind, erp), test_odd_names
    tables by pattern, exclusions            test_chosen_tables
    chosen columns, conditions               test_chosen_columns
    masks                                    test_masks, test_masks_of_any_table
    a table that cannot be read, beside      test_isolation
    enums, domains, composites, arrays       here (pagila, sakila, erp), test_types
    every other type, bytea, documents       here (northwind, erp), test_types
    infinite times, NaN, -0, BC              here (northwind, sakila, erp), test_types
    identity and generated columns           here (pagila, erp)
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.place import Place

SHAPES = Path(__file__).parent / "shapes"
# The tables that `init` leaves out, and why.
LEFT_OUT = {
    "pagila": {
        "actor_info": "a view",
        "3 partitions of public.payment": "their rows are read through it",
        "rental_by_category": "a view",
        "staff_list": "a view",
    },
    "chinook": {},
    "northwind": {"Alphabetical list of products": "a view"},
    "sakila": {"nicer_but_slower_film_list": "a view"},
    "erp": {
        "reporting.turnover": "a view",
        "reporting.no_columns": "it has no columns",
        "audit.secret": "row security hides rows from the reader",
    },
}


def shape_of(name: str) -> list[str]:
    """Return what creates a database, and its changes."""
    return re.split(r"^-- === .*\n", (SHAPES / f"{name}.sql").read_text(), flags=re.MULTILINE)


def require_equal(place: Place) -> int:
    """Compare the mirror of every table with production, row by row; return their number."""
    source = yaml.safe_load((place.root / "warehouse.yaml").read_text())["sources"]["production"]
    for name, settings in source["tables"].items():
        schema, table = name.split(".", 1) if "." in name else (source["schema"], name)
        plain = table if schema == source["schema"] else f"{schema}_{table}"
        mirror = f'silver."{settings.get("as", plain)}"'
        there = f'"{schema}"."{table}"'
        columns = ", ".join(
            place.shop.column(
                "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass "
                "AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                [there],
            )
        )
        only = "ONLY " if settings.get("inherit") == "only" else ""
        copies = ", generate_series(1, copies)" if settings.get("mode") == "multiset" else ""
        row = f"(ROW({columns}))::text"
        wanted = place.shop.column(f"SELECT {row} FROM {only}{there} ORDER BY 1")
        found = place.warehouse.column(
            f"SELECT {row} FROM {mirror}{copies} WHERE NOT is_deleted ORDER BY 1"
        )
        assert found == wanted, name
    return len(source["tables"])


def left_out(place: Place) -> dict[str, str]:
    """Return the tables that are comments in warehouse.yaml, with the first reason."""
    text = (place.root / "warehouse.yaml").read_text()
    found: list[Any] = re.findall(r"# not read: (.+?): (.+?)(?:: .*)?$", text, re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_mirror_of_a_database_that_nobody_here_made_equals_it_row_by_row(
    place: Place, name: str
) -> None:
    shape, seen_by_a_run, seen_by_a_reconciliation = shape_of(name)
    place.write(shape)
    which = ["--all-schemas"] if name == "erp" else ["--schema", "public"]
    # as the administrator: the reader may read nothing before bootstrap
    url = ["--url", place.shop.urls["admin"]]
    said = place.command("init", str(place.root), "--name", name, *url, *which)
    assert said.exit_code == 0, said.err
    assert left_out(place) == LEFT_OUT[name]
    place.works("bootstrap", "contract", "deploy", "run")
    assert require_equal(place) >= 10
    place.write(seen_by_a_run)
    place.works("run")
    require_equal(place)
    place.write(seen_by_a_reconciliation)
    place.works("reconcile")
    require_equal(place)


def test_rows_behind_row_security_are_mirrored_if_the_reader_is_exempt(place: Place) -> None:
    place.write(
        "CREATE TABLE tenants (id int PRIMARY KEY, name text)",
        "ALTER TABLE tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "INSERT INTO tenants SELECT n, 'tenant ' || n FROM generate_series(1, 9) AS n",
        "ALTER ROLE warehouse_reader BYPASSRLS",
    )
    try:
        before = place.command("init", str(place.root), "--url", place.shop.urls["admin"])
        assert before.exit_code == 0, before.err
        place.works("bootstrap", "contract", "deploy", "run")
        assert require_equal(place) == 1
        place.write("DELETE FROM tenants WHERE id = 1", "UPDATE tenants SET id = 20 WHERE id = 2")
        place.works("run")
        require_equal(place)
    finally:
        place.write("ALTER ROLE warehouse_reader NOBYPASSRLS")


def test_every_module_that_holds_a_shape_exists() -> None:
    named = re.findall(r"\b(test_\w+)", __doc__ or "")
    assert len(set(named)) >= 15
    assert [n for n in named if not (SHAPES.parent / f"{n}.py").exists()] == []
