"""Equality is not identity, in gold: changes to equal values that look different."""

from pathlib import Path

import pytest

from tests.extra_tables import mount_table
from tests.harness import Warehouse

# column: a value per row, and an equal value that looks different
COLUMNS = {
    "n": ("numeric", "{id}.0", "{id}.00"),
    "i": ("interval", "'{id} years'", "'{days} days'"),
    "d": ("double precision", "0 * {id}", "'-0'"),
    "b": ("bpchar", "'b{id}'", "'b{id}  '"),
    "j": ("jsonb", "'[{id}.0]'", "'[{id}.00]'"),
    "a": ("numeric[]", "'{{{id}.0}}'", "'{{{id}.00}}'"),
}
HEADER = "/*\ndescription: Tells what a value looks like.\ngrain: one\nkey: {key}\n*/\n"
THINGS = "silver.clean_things"
SHAPES = {
    "joined": (
        "id",
        (
            f"SELECT a.id, b.{{c}} AS other FROM {THINGS} AS a INNER JOIN {THINGS} AS b "
            "ON a.id + 1 = b.id WHERE NOT a.is_deleted AND NOT b.is_deleted"
        ),
    ),
    "within": (
        "id",
        (
            f"SELECT a.id, b.{{c}} AS other FROM {THINGS} AS a LEFT JOIN {THINGS} AS b "
            "ON b.id > a.id AND b.id < a.id + 2 AND b.cat >= '' WHERE NOT a.is_deleted"
        ),
    ),
    "looked_up": (
        "id",
        (
            f"SELECT a.id, (SELECT b.{{c}} FROM {THINGS} AS b WHERE b.id = a.id + 1) AS other "
            f"FROM {THINGS} AS a WHERE NOT a.is_deleted"
        ),
    ),
    "grouped": (
        "{c}, cat",
        (
            f"SELECT {{c}}, cat, count(*) AS row_count, sum(id) AS ids FROM {THINGS} "
            "WHERE NOT is_deleted GROUP BY {c}, cat"
        ),
    ),
    "listed": (
        "cat",
        (
            f"SELECT cat, array_agg({{c}} ORDER BY id) AS all_of_it FROM {THINGS} "
            "WHERE NOT is_deleted GROUP BY cat"
        ),
    ),
    "distinct_rows": ("{c}, cat", f"SELECT DISTINCT {{c}}, cat FROM {THINGS} WHERE NOT is_deleted"),
    "next_row": (
        "id",
        (
            f"SELECT id, lag({{c}}) OVER (PARTITION BY one ORDER BY id) AS other FROM {THINGS} "
            "WHERE NOT is_deleted"
        ),
    ),
}


def mount_things(warehouse: Warehouse, project: Path, kind: str, selects: dict[str, str]) -> None:
    """Deploy an empty table of production whose column `v` is of this type, and tables over it.

    Args:
        warehouse: mounts the shop, which gets the table.
        project: to be changed.
        kind: a type.
        selects: file of gold with its header, by its name.
    """
    columns = ("id integer", "cat text", "one integer", f"v {kind}")
    mount_table(warehouse.shop, project, "things", "id", *columns)
    (project / "sql/silver/clean_things.sql").write_text(
        HEADER.format(key="id") + "SELECT id, cat, one, v FROM bronze.raw_things\n"
    )
    for name, select in selects.items():
        (project / f"sql/gold/{name}.sql").write_text(select)
    warehouse.deploy(project)


def assert_is_defined(warehouse: Warehouse, name: str) -> None:
    """Compare a table of gold, as its values look, with its SELECT."""
    columns = warehouse.column(
        "SELECT attname FROM pg_attribute WHERE attnum > 0 "
        f"AND attrelid = 'gold.{name}_definition'::regclass ORDER BY attnum"
    )
    kept = f"SELECT t::text FROM (SELECT {', '.join(columns)} FROM gold.{name}) AS t ORDER BY 1"
    should_be = f"SELECT t::text FROM gold.{name}_definition AS t ORDER BY 1"
    assert warehouse.column(kept) == warehouse.column(should_be), name


@pytest.fixture(params=COLUMNS)
def things(request: pytest.FixtureRequest, warehouse: Warehouse, project: Path) -> tuple[str, ...]:
    """A column of four rows, each of a `cat` of its own, and a table of gold of every shape."""
    kind, old, new = COLUMNS[request.param]
    selects = {
        name: HEADER.format(key=f"[{key.format(c='v')}]") + select.format(c="v") + "\n"
        for name, (key, select) in SHAPES.items()
    }
    mount_things(warehouse, project, kind, selects)
    warehouse.shop.execute(
        *(
            f"INSERT INTO things SELECT {n}, 'c{n}', 1, {old.format(id=n, days=n * 360)}"
            for n in range(1, 5)
        )
    )
    warehouse.run()
    return old, new


def test_g3_equal_value_reaches_every_table_of_gold(
    warehouse: Warehouse, things: tuple[str, ...]
) -> None:
    for number, values in enumerate((things[1], things[0], things[1])):
        changed = 1 + number % 2
        value = values.format(id=changed, days=changed * 360)
        warehouse.shop.execute(
            f"UPDATE things SET v = {value}, updated_at = clock_timestamp() WHERE id = {changed}"
        )
        warehouse.run()
        for name in SHAPES:
            assert_is_defined(warehouse, name)
