"""G1: values that differ have different hashes, so that a change of one is never missed."""

import pytest

from fdwarehouse.project.contract import Column
from fdwarehouse.project.hashing import hashed_columns
from tests.harness import Shop

# 0, and all sums and differences of two powers of two: a hash that folds halves of a number, or
# leaves its sign out, takes some of these for the same.
_NUMBERS = """
    SELECT DISTINCT s.sign * ((1::bigint << a) + b.sign * (1::bigint << c)) AS n
    FROM generate_series(0, {bits}) AS a,
        generate_series(0, {bits}) AS c,
        (VALUES (-1), (1)) AS s (sign),
        (VALUES (-1), (0), (1)) AS b (sign)
"""
_AT = "'2000-01-01'::{type} + make_interval(secs => n / 1e6)"
# The type, the bits of n, and a value for each n.
VALUES = {
    "smallint": (13, "n::smallint"),
    "integer": (29, "n::integer"),
    "bigint": (61, "n"),
    "numeric(18,2)": (50, "(n / 100.0)::numeric(18,2)"),
    "numeric(18,-2)": (50, "(n * 100.0)::numeric(18,-2)"),
    "numeric": (61, "n / 1000.0"),
    "real": (23, "n::real"),
    "double precision": (52, "n::double precision"),
    "timestamp without time zone": (56, _AT.format(type="timestamp")),
    "timestamp with time zone": (56, _AT.format(type="timestamptz")),
    "date": (20, "'2000-01-01'::date + n::integer"),
    "time without time zone": (35, "'00:00'::time + make_interval(secs => abs(n) / 1e6)"),
    "time with time zone": (35, "'00:00+02'::timetz + make_interval(secs => abs(n) / 1e6)"),
    "interval": (56, "make_interval(secs => n / 1e6)"),
    "int4range": (29, "int4range(n::integer, NULL)"),
    "int8range": (61, "int8range(NULL, n)"),
    "numrange": (61, "numrange(n, NULL)"),
    "tsrange": (56, f"tsrange(NULL, {_AT.format(type='timestamp')})"),
    "tstzrange": (56, f"tstzrange({_AT.format(type='timestamptz')}, NULL)"),
    "daterange": (20, "daterange('2000-01-01'::date + n::integer, NULL)"),
    "xid8": (61, "abs(n)::text::xid8"),
    "oid": (30, "abs(n)::oid"),
    "jsonb": (61, "to_jsonb(n)"),
    "text": (61, "n::text"),
    "bytea": (61, "int8send(n)"),
    "inet": (30, "'0.0.0.0'::inet + abs(n)"),
}


def hash_of(type_: str) -> str:
    (column,) = hashed_columns({"v": Column(type=type_)})
    return column.hash("x")


@pytest.mark.parametrize("type_", VALUES)
def test_g1_values_that_differ_have_different_hashes(shop: Shop, type_: str) -> None:
    bits, value = VALUES[type_]
    (found,) = shop.rows(
        f"SELECT count(DISTINCT x.v), count(DISTINCT {hash_of(type_)}) "
        f"FROM (SELECT {value} AS v FROM ({_NUMBERS.format(bits=bits)}) AS n) AS x"
    )
    values, hashes = found
    assert hashes == values > bits


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("numeric(9,2)", ["NaN", "0", "1", "-1"]),
        ("numeric", ["NaN", "0", "0.0", "Infinity", "-Infinity", "1", "1.00", "-1"]),
        ("double precision", ["NaN", "0", "-0", "Infinity", "-Infinity"]),
        ("timestamp without time zone", ["infinity", "-infinity", "2000-01-01"]),
        ("timestamp with time zone", ["infinity", "-infinity", "2000-01-01"]),
        ("date", ["infinity", "-infinity", "2000-01-01", "2000-01-02", "2000-01-03"]),
        ("time without time zone", ["00:00", "24:00", "01:11:34.967295"]),
        ("time with time zone", ["12:00+00", "13:00+01", "14:00+02"]),
        ("tsrange", ["empty", "[,]", "[-infinity,infinity]", "(,2000-01-01)", "(,2000-01-01]"]),
        ("interval", ["1 year", "360 days", "12 months 1 day", "8640 hours"]),
        ("bpchar", ["a", "a ", "b"]),
    ],
)
def test_g1_values_that_are_special_or_equal_in_several_forms_differ(
    shop: Shop, type_: str, values: list[str]
) -> None:
    rows = ", ".join(f"('{value}'::{type_})" for value in values)
    assert shop.rows(f"SELECT count(DISTINCT {hash_of(type_)}) FROM (VALUES {rows}) AS x (v)") == [
        (len(values),)
    ]
