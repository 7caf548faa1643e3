"""Equality is not identity: a value that equals the old one but looks different is a change."""

from pathlib import Path
from typing import Any

import pytest

from tests.clinic import Clinic, with_tables
from tests.harness import Warehouse

# type in production, value, another that its `=`, or its hash function, holds equal
EQUALS = {
    "interval": ("interval", "'360 days'", "'1 year'"),
    "interval of hours": ("interval", "'24 hours'", "'1 day'"),
    "numeric": ("numeric", "1.0", "1.00"),
    "double": ("double precision", "0", "'-0'"),
    "real": ("real", "'-0'", "0"),
    "bpchar": ("bpchar", "'a'", "'a  '"),
    "jsonb": ("jsonb", "'{\"a\": 1.0}'", "'{\"a\": 1.00}'"),
    "json": ("json", "'{\"a\":1}'", "'{\"a\": 1}'"),
    "numrange": ("numrange", "'[1.0,2)'", "'[1.00,2)'"),
    "intervals": ("interval[]", "'{360 days}'", "'{1 year}'"),
    "numbers": ("numeric[]", "'{1.0}'", "'{1.00}'"),
    "doubles": ("double precision[]", "'{0}'", "'{-0}'"),
    "bounds": ("integer[]", "'{7,8}'", "'[0:1]={7,8}'"),
    "citext": ("citext", "'Ab'", "'aB'"),
    "domain": ("span", "'30 days'", "'1 month'"),
    "point": ("point", "'(1,2)'", "'(1,2.0000001)'"),
    "box": ("box", "'(1,4),(0,0)'", "'(2,2),(0,0)'"),
    "timetz": ("timetz", "'12:00+00'", "'13:00+01'"),
    "unsigned": ("bigint", "-1", "4294967295"),
    "flags": ("bigint[]", "'{1}'", "'{4294967296}'"),
    "range": ("int8range", "'[-1,)'", "'[4294967295,)'"),
    "not a number": ("numeric(4, 1)[]", "'{NaN}'", "'{NULL}'"),
    "composite": ("pair", "'(1.0,a)'", "'(1.00,a)'"),
}


@pytest.fixture(params=EQUALS)
def subscriptions(request: pytest.FixtureRequest, clinic: Clinic) -> tuple[Clinic, str, str]:
    """A table with one row, loaded, and the two values of its column that are equal."""
    type_, old, new = EQUALS[request.param]
    schema = "\"clinic 'A'\""
    clinic.shop.execute(
        "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public",
        f"CREATE DOMAIN {schema}.span AS interval",
        f"CREATE TYPE {schema}.pair AS (a numeric, b text)",
    )
    type_ = {"span": f"{schema}.span", "pair": f"{schema}.pair", "citext": "public.citext"}.get(
        type_, type_
    )
    clinic.write(
        f"CREATE TABLE subs (sub integer PRIMARY KEY, period {type_}, "
        "changed_at timestamptz NOT NULL)",
        "GRANT SELECT ON subs TO warehouse_reader",
        f"INSERT INTO subs SELECT n, {old}, now() FROM generate_series(1, 3) AS n",
    )
    clinic.configure(with_tables({"subs": {"watermark": "changed_at"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    return clinic, old, new


def latest(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        "SELECT DISTINCT ON (sub) sub, period::text FROM bronze.raw_subs ORDER BY sub, _run_id DESC"
    )


def in_production(clinic: Clinic) -> list[tuple[Any, ...]]:
    with clinic.shop.connect() as connection:
        connection.execute("""SET search_path = "clinic 'A'" """)
        return connection.execute("SELECT sub, period::text FROM subs ORDER BY sub").fetchall()


def test_g1_silent_change_to_an_equal_value_is_found(
    subscriptions: tuple[Clinic, str, str],
) -> None:
    clinic, _, new = subscriptions
    clinic.write(f"UPDATE subs SET period = {new} WHERE sub = 2")
    clinic.warehouse.reconcile()
    assert latest(clinic.warehouse) == in_production(clinic)
    versions = clinic.warehouse.value("SELECT count(*) FROM bronze.raw_subs WHERE sub = 2")
    assert versions == 2
    before = clinic.warehouse.row_versions("bronze")
    clinic.warehouse.reconcile()
    assert clinic.warehouse.row_versions("bronze") == before


def test_g1_loud_change_to_an_equal_value_is_a_version(
    subscriptions: tuple[Clinic, str, str],
) -> None:
    clinic, _, new = subscriptions
    clinic.write(f"UPDATE subs SET period = {new}, changed_at = clock_timestamp() WHERE sub = 3")
    clinic.warehouse.run()
    assert latest(clinic.warehouse) == in_production(clinic)


COLUMNS = ["period", "share", "weight", "code", "extra"]
FIRST = {
    "period": "'360 days'::interval",
    "share": "1.0::numeric",
    "weight": "0::double precision",
    "code": "'a'::bpchar",
    "extra": "'{\"a\": 1.0}'::jsonb",
}
SECOND = {
    "period": "'1 year'",
    "share": "1.00",
    "weight": "'-0'",
    "code": "'a '",
    "extra": "'{\"a\": 1.00}'",
}


@pytest.fixture
def plans(warehouse: Warehouse, project: Path) -> Warehouse:
    """Products of the shop that have a column of each coarse type, up to a dimension."""
    types = {"period": "interval", "share": "numeric", "weight": "double precision"} | {
        "code": "bpchar",
        "extra": "jsonb",
    }
    warehouse.shop.execute(
        *(f"ALTER TABLE products ADD COLUMN {name} {type_}" for name, type_ in types.items()),
        "INSERT INTO products (name, category, price, " + ", ".join(COLUMNS) + ") "
        f"SELECT 'Plan', 'plans', 1, {', '.join(FIRST.values())}",
    )
    contract = project / "contracts/production.yaml"
    first = "      product_id: {type: 'integer', not_null: true}\n"
    added = "".join(f"      {name}: {{type: '{type_}'}}\n" for name, type_ in types.items())
    contract.write_text(contract.read_text().replace(first, first + added, 1))
    listed = "".join(f"    {name},\n" for name in COLUMNS)
    for file in ("sql/silver/clean_products.sql", "sql/gold/dim_products.sql"):
        text = (project / file).read_text()
        assert "    price,\n" in text
        text = text.replace("    price,\n", f"    price,\n{listed}")
        text = text.replace("price, created_at]", f"price, {', '.join(COLUMNS)}, created_at]")
        (project / file).write_text(text)
    warehouse.deploy(project)
    warehouse.run()
    return warehouse


@pytest.mark.parametrize("column", COLUMNS)
def test_g3_equal_value_reaches_silver_and_makes_a_version(plans: Warehouse, column: str) -> None:
    # a cast to text strips the blanks
    shown = "octet_length(code)::text" if column == "code" else f"{column}::text"
    silver = f"SELECT {shown} FROM silver.clean_products"
    gold = f"SELECT {shown}, is_current FROM gold.dim_products WHERE product_id = 1 ORDER BY 2"
    (before,) = plans.rows(silver)
    plans.shop.execute(f"UPDATE products SET {column} = {SECOND[column]}")
    plans.run()
    (after,) = plans.rows(silver)
    assert before != after
    assert after == plans.shop.rows(f"SELECT {shown} FROM products")[0]
    assert plans.rows(gold) == [(before[0], False), (after[0], True)]
    rows = plans.row_versions()
    plans.run()
    plans.call("etl.rebuild('all')")
    assert plans.row_versions() == rows
