"""G3: the least integer, which cannot be negated, can be subtracted from a sum."""

from pathlib import Path

import pytest

from tests.harness import Warehouse
from tests.test_identity_in_gold import HEADER, THINGS, assert_is_defined, mount_things

LEAST = {
    "smallint": "-32768",
    "integer": "-2147483648",
    "bigint": "-9223372036854775808",
}
# half is an integer if the type of the sum is
SUMS = f"""
SELECT cat, sum(v) AS total, sum(v) / 2 AS half, avg(v) AS mean, min(v) AS least, count(v) AS number
FROM {THINGS} WHERE NOT is_deleted GROUP BY cat
"""


@pytest.mark.parametrize("kind", LEAST)
def test_g3_least_value_comes_and_goes(warehouse: Warehouse, project: Path, kind: str) -> None:
    least = LEAST[kind]
    mount_things(warehouse, project, kind, {"sums": HEADER.format(key="cat") + SUMS})
    stamp = "updated_at = clock_timestamp()"
    for change in (
        f"INSERT INTO things VALUES (1, 'x', 1, {least}), (2, 'x', 1, 1), (3, 'y', 1, {least})",
        f"UPDATE things SET v = 2, {stamp} WHERE id = 1",
        f"UPDATE things SET cat = 'z', {stamp} WHERE id = 3",
        f"UPDATE things SET v = {least}, {stamp} WHERE id = 2",
        "DELETE FROM things WHERE id = 2",
    ):
        warehouse.shop.execute(change)
        warehouse.reconcile()
        assert_is_defined(warehouse, "sums")
    assert warehouse.rows("SELECT cat, total FROM gold.sums ORDER BY 1") == [
        ("x", 2),
        ("z", int(least)),
    ]
