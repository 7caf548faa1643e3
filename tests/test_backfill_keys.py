"""Keys of any type are divided into ranges of any size; a duplicate key is refused."""

import pytest

from tests.clinic import Clinic, with_tables
from tests.harness import Shop, Warehouse, failing
from tests.test_models import sell

KEYS = {
    "uuid": "md5(n::text)::uuid",
    "text": "chr(64 + n % 58) || n",
    "timestamptz": "now() + n * interval '1 day'",
    "numeric(10, 2)": "n / 3.0",
    "date": "date '2020-01-01' + n",
    "bytea": "decode(md5(n::text), 'hex')",
    "inet": "inet '10.0.0.0' + n",
    "citext": "(CASE n % 2 WHEN 0 THEN 'x' ELSE 'Y' END || n)::citext",
    "size": "(CASE WHEN n < 40 THEN 'small' ELSE 'large' END)::size",
}


@pytest.mark.parametrize("type_", KEYS)
def test_key_of_any_type_is_divided(clinic: Clinic, type_: str) -> None:
    clinic.shop.execute("CREATE EXTENSION citext SCHEMA public", role="admin")
    clinic.write(
        "SET search_path = \"clinic 'A'\", public",
        "CREATE TYPE size AS ENUM ('small', 'large')",
        f"CREATE TABLE items (key {type_}, number int, changed_at timestamptz NOT NULL)",
        f"INSERT INTO items SELECT {KEYS[type_]}, n, now() FROM generate_series(1, 60) AS n",
        "INSERT INTO items VALUES (NULL, 61, now())",
        "GRANT SELECT ON items TO warehouse_reader",
        "ANALYZE items",
    )
    clinic.configure(with_tables({"items": {"key": ["key", "number"], "watermark": "changed_at"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.call("etl.backfill(6)")
    chunks = clinic.warehouse.value(
        "SELECT count(*) FROM etl.chunks WHERE model = 'bronze.raw_items'"
    )
    assert chunks == 1 if type_ in ("size", "citext") else chunks >= 9
    assert clinic.warehouse.column("SELECT number FROM bronze.raw_items ORDER BY 1") == [
        *range(1, 61)
    ]
    rejected = "SELECT reasons, rejected_row ->> 'number' FROM silver.rejected_rows"
    assert clinic.warehouse.rows(rejected) == [(["key is null"], "61")]
    run_id = clinic.warehouse.run()
    counts = clinic.warehouse.step_counts(run_id)["bronze.raw_items.reconciliation"]
    assert counts[1:4] == (0, 0, 0)
    assert clinic.warehouse.rows(rejected) == [(["key is null"], "61")]


def test_g1_rows_of_one_key_are_refused(clinic: Clinic) -> None:
    clinic.write(
        "CREATE TABLE items (key int, changed_at timestamptz NOT NULL)",
        "INSERT INTO items SELECT n % 59, now() FROM generate_series(1, 60) AS n",
        "GRANT SELECT ON items TO warehouse_reader",
        "ANALYZE items",
    )
    clinic.configure(with_tables({"items": {"key": ["key"], "watermark": "changed_at"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    with failing("DW014", "bronze.raw_items: the source has duplicate keys"):
        clinic.warehouse.call("etl.backfill(6)")


def test_chunk_may_be_larger_than_any_table(shop: Shop, warehouse: Warehouse) -> None:
    for number in range(1, 9):
        sell(shop, number)
    shop.execute("ANALYZE")
    warehouse.call("etl.backfill(9223372036854775807)")
    chunks = "SELECT DISTINCT count(*) FROM etl.chunks GROUP BY model"
    assert warehouse.column(chunks) == [1]
