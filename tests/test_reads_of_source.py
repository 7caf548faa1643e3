"""The query of a load on production has only the conditions that its arguments require."""

import re

import pytest

from tests.harness import Warehouse

PARAMETERS = {
    "p_run_id": "bigint",
    "p_since_run_id": "bigint",
    "p_chunk": "integer",
    "p_from_key": "text",
    "p_before_key": "text",
    "p_buckets": "bigint[]",
}
BUCKET = (
    "hash_array_extended(ARRAY[hashint4extended(order_id, 0::bigint)], 0::bigint) & 4095::bigint"
)


def sent(warehouse: Warehouse, table: str, arguments: str) -> str:
    """Return the WHERE clause that the append of a table sends, planned for its arguments."""
    body = warehouse.value(
        f"SELECT prosrc FROM pg_proc WHERE oid = 'bronze.append_raw_{table}'::regproc"
    )
    found = re.search(r"WITH read_rows AS MATERIALIZED \((.*?)\n\),", body, re.DOTALL)
    assert found
    query = found[1]
    for number, name in enumerate(PARAMETERS, start=1):
        query = re.sub(rf"\b{name}\b", f"${number}", query)
    with warehouse.connect() as connection:
        connection.execute("SET plan_cache_mode = force_custom_plan")
        connection.execute(f"PREPARE reads ({', '.join(PARAMETERS.values())}) AS {query}".encode())
        plan = connection.execute(f"EXPLAIN (VERBOSE) EXECUTE reads ({arguments})".encode())
        (remote,) = (line for (line,) in plan if "Remote SQL" in line)
    return str(remote.partition(" WHERE ")[2])


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ("2, 0, NULL, NULL, NULL, NULL", ""),
        ("2, 1, NULL, NULL, NULL, NULL", "((updated_at >= $1::timestamp without time zone))"),
        (
            "2, 0, 1, NULL, '7', NULL",
            "(((order_id < $1::integer) OR (order_id IS NULL)))",
        ),
        ("2, 0, 2, '7', '9', NULL", "((order_id >= $1::integer)) AND ((order_id < $2::integer))"),
        ("2, 0, 3, '9', NULL, NULL", "((order_id >= $1::integer))"),
        ("2, 0, NULL, NULL, NULL, '{}'", "((order_id IS NULL))"),
        (
            "2, 0, NULL, NULL, NULL, '{3, 5}'",
            f"(((order_id IS NULL) OR (({BUCKET}) = ANY ('{{3,5}}'::bigint[]))))",
        ),
    ],
)
def test_a_load_asks_production_for_no_more_than_its_arguments_say(
    seeded_warehouse: Warehouse, arguments: str, where: str
) -> None:
    assert sent(seeded_warehouse, "orders", arguments) == where


@pytest.mark.parametrize("table", ["customers", "products", "order_items"])
def test_a_chunk_is_a_range_of_keys_to_production(seeded_warehouse: Warehouse, table: str) -> None:
    where = sent(seeded_warehouse, table, "2, 0, 2, '7', '9', NULL")
    key = where.partition(" ")[0].strip("(")
    assert where == f"(({key} >= $1::integer)) AND (({key} < $2::integer))"
