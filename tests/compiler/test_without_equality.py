"""Derived tables without a key that have columns of types without equality, such as json, point.

Changes of such a table are identified by the columns that can be compared.
"""

from pathlib import Path

import pytest

from tests.harness import Warehouse
from tests.test_identity_in_gold import HEADER, THINGS, assert_is_defined, mount_things

TWICE = (
    f"(SELECT id, 1 AS part, cat, one, v FROM {THINGS} WHERE NOT is_deleted "
    f"UNION ALL SELECT id, 2, cat, one, v FROM {THINGS} WHERE id > 1)"
)
TABLES = {
    "keys_of_two": (
        "key",
        f"""
        SELECT q.id || '-' || q.part || coalesce(a.cat, '') AS key, q.v AS value
        FROM {TWICE} AS q INNER JOIN {THINGS} AS a ON a.id = q.one
        """,
    ),
    "groups_of_two": (
        "cats",
        f"""
        SELECT coalesce(q.cat, '') || coalesce(a.cat, '') AS cats, count(*) AS row_count,
            string_agg(q.v::text, ',' ORDER BY q.v::text) AS all_of_it
        FROM {TWICE} AS q INNER JOIN {THINGS} AS a ON a.id = q.one GROUP BY 1
        """,
    ),
    "computed": (
        "cats",
        f"""
        SELECT q.cat || a.cat AS cats, string_agg(q.said::text, ',' ORDER BY q.said::text) AS said
        FROM (
            SELECT cat, one, json_build_object('v', v::text) AS said
            FROM {THINGS} CROSS JOIN generate_series(1, 2)
        ) AS q
        LEFT JOIN {THINGS} AS a ON a.id = q.one WHERE a.cat IS NOT NULL GROUP BY 1
        """,
    ),
}


@pytest.mark.parametrize(
    ("kind", "values"),
    [("json", ("'[1]'", "'[2]'", "'[1 ]'")), ("point", ("'(1,1)'", "'(2,1)'", "'(1,2)'"))],
    ids=["json", "point"],
)
def test_g3_derived_table_without_a_key_is_followed(
    warehouse: Warehouse, project: Path, kind: str, values: tuple[str, ...]
) -> None:
    selects = {n: HEADER.format(key=key) + f"{select}\n" for n, (key, select) in TABLES.items()}
    mount_things(warehouse, project, kind, selects)
    for name in TABLES:
        said = warehouse.value(f"SELECT obj_description('gold.{name}'::regclass)")
        assert "incremental by" in said
    warehouse.shop.execute(
        *(
            f"INSERT INTO things VALUES ({n}, 'c{n % 2}', {1 + n % 3}, {values[n % 2]})"
            for n in range(1, 6)
        )
    )
    warehouse.run()
    for number, value in enumerate([values[2], values[0]], start=1):
        warehouse.shop.execute(
            f"UPDATE things SET v = {value}, one = 1 + one % 3, cat = 'c{number}', "
            f"updated_at = clock_timestamp() WHERE id IN ({number}, 5)"
        )
        warehouse.run()
        for name in TABLES:
            assert warehouse.value(f"SELECT count(*) FROM gold.{name}") > 0
            assert_is_defined(warehouse, name)
