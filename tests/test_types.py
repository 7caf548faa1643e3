"""Values of any type of PostgreSQL arrive unchanged, or the contract says why not."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project import contract
from fdwarehouse.rendering.render import render_project
from tests.clinic import Clinic, with_tables
from tests.harness import Row, Shop, Warehouse
from tests.servers import Servers
from tests.test_old_production import _old_port, old_shop  # noqa: F401
from tests.test_old_production import pytestmark as needs_the_old_server

# Modifiers, as they are written: "bit" without one is not bit, which is bit(1).
MODIFIERS = {
    "bpchar": ("character(3)", "character"),
    "varchar": ("character varying(3)",),
    "bit": ("bit(3)", "bit"),
    "varbit": ("bit varying(5)",),
    "numeric": ("numeric(10,2)", "numeric(3,-2)", "numeric(2,5)", "numeric(1000,1000)"),
    "time": ("time(0)", "time(3)"),
    "timetz": ("timetz(2)",),
    "timestamp": ("timestamp(0)", "timestamp(6)"),
    "timestamptz": ("timestamptz(3)",),
    "interval": (
        *("interval(0)", "interval year", "interval year to month", "interval day to second(2)"),
        *("interval second(3)", "interval hour to minute", "interval minute to second"),
    ),
}
# A value of each base type; the embedded server is built without XML.
VALUES = {
    "bit": "101",
    "numeric": "0.00012",
    "bpchar": "a",
    "char": r"\377",
    "bytea": r"\x00ff",
    "json": r'{"a": "\u0000", "a":  1e999999}',
    "timestamp": "0044-03-15 12:00:00 BC",
    "timestamptz": "infinity",
    "date": "-infinity",
    "time": "24:00:00",
    "timetz": "12:00:00.5+05:30",
    "interval": "1 year 2 mons -3 days 04:05:06.789",
    "name": "n" * 63,
    "uuid": "00000000-0000-0000-0000-00000000000a",
    "float4": "-0",
    "float8": "NaN",
    "money": "12.34",
    "point": "(1,2)",
    "line": "{1,2,3}",
    "lseg": "[(0,0),(1,1)]",
    "path": "[(0,0),(1,1)]",
    "box": "(1,1),(0,0)",
    "polygon": "((0,0),(1,1),(2,0))",
    "circle": "<(0,0),1>",
    "inet": "10.1.2.3/8",
    "cidr": "10.0.0.0/8",
    "macaddr": "08:00:2b:01:02:03",
    "macaddr8": "08:00:2b:01:02:03:04:05",
    "tid": "(1,2)",
    "pg_lsn": "16/B374D848",
    "pg_snapshot": "10:20:10,14",
    "txid_snapshot": "10:20:10,14",
    "tsquery": "'a' & 'b'",
    "jsonpath": '$."a"',
    "regprocedure": "now()",
    "regproc": "now",
    "regoper": "||/",
    "regoperator": "+(integer,integer)",
    "regclass": "pg_class",
    "regtype": "integer",
    "regcollation": '"C"',
    "regrole": "postgres",
    "regnamespace": "pg_catalog",
    "regconfig": "simple",
    "regdictionary": "simple",
    "aclitem": "=r/pg_monitor",
    "bool": "t",
    "daterange": "[2020-01-01,2020-02-01)",
    "tsrange": "empty",
    "tstzrange": '["2020-01-01 00:00:00+00",)',
    "jsonb": "[null]",
}
WITHOUT_VALUE = {"xml", "gtsvector"}
# User-defined types, with a value; without a built-in base type, values arrive as text.
MADE = """
    CREATE SCHEMA "Other S";
    CREATE TYPE "Other S"."En'um" AS ENUM ('a', 'b c');
    CREATE TYPE "Other S".pair AS (a integer, "b x" text);
    CREATE DOMAIN "Other S".code AS varchar(4);
    CREATE DOMAIN "Other S"."Code 2" AS "Other S".code;
    CREATE DOMAIN amounts AS numeric(4, 1)[];
    CREATE DOMAIN any_bit AS "bit";
    CREATE DOMAIN padded AS bpchar;
    CREATE DOMAIN "Feel" AS "Other S"."En'um";
    CREATE DOMAIN pair_or_none AS "Other S".pair;
    CREATE DOMAIN minutes AS interval minute;
    CREATE TYPE "Floats" AS RANGE (subtype = float8);
    CREATE TYPE "text" AS ENUM ('q');
    CREATE FUNCTION same(anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $1';
    GRANT USAGE ON SCHEMA "Other S" TO warehouse_reader;
"""
OF_MADE = {
    '"Other S"."En\'um"': "b c",
    '"Other S"."En\'um"[]': '{a,"b c"}',
    '"Other S".pair': '(1,"x y")',
    '"Other S".pair[]': '{"(1,x)"}',
    '"Other S"."Code 2"': "abcd",
    '"Other S".code[]': "{abcd}",
    "amounts": "{1.5}",
    "any_bit": "10101",
    "padded": "ab  ",
    '"Feel"': "a",
    '"Feel"[]': "{a}",
    "pair_or_none": "(1,)",
    "minutes": "00:01:00",
    '"Floats"': "[1,2)",
    '"Floats"[]': '{"[1,2)"}',
    "\"clinic 'A'\".text": "q",
    "information_schema.sql_identifier": "it's",
    "information_schema.yes_or_no": "YES",
    "pg_catalog.pg_class": None,
    "pg_catalog.pg_type[]": None,
    "visits": None,
}


def value_of(type_name: str) -> str | None:
    """Give a value of a base type."""
    if type_name in WITHOUT_VALUE or type_name.startswith(("pg_node", "pg_n", "pg_d", "pg_b")):
        return None
    if type_name == "pg_mcv_list":
        return None
    if type_name.endswith("multirange"):
        return "{}"
    return VALUES.get(type_name, "empty" if type_name.endswith("range") else "1")


def supports_xml(shop: Shop) -> bool:
    """Say whether a server was built with libxml: Debian's are, the embedded one is not."""
    try:
        shop.value("SELECT '<a/>'::xml")
    except psycopg.errors.FeatureNotSupported:
        return False
    return True


def columns_of(shop: Shop) -> dict[str, str | None]:
    """List every built-in type of the server, with modifiers and as an array."""
    columns: dict[str, str | None] = {}
    for name, array in shop.rows(
        """
        SELECT typname, typarray <> 0 FROM pg_type
        WHERE typnamespace = 'pg_catalog'::regnamespace
            AND typtype IN ('b', 'r', 'm') AND typcategory <> 'A'
        ORDER BY typname
        """
    ):
        value = "<a>1</a>" if name == "xml" and supports_xml(shop) else value_of(name)
        for type_ in (f'pg_catalog."{name}"', *MODIFIERS.get(name, ())):
            columns[type_] = "1" if type_ == "bit" else value
            if array:
                columns[f"{type_}[]"] = shop.value(
                    f"SELECT ARRAY[NULL, %s]::{type_}[]::text", [columns[type_]]
                )
    return columns


def check_all(shop: Shop, warehouse: Warehouse, root: Path) -> None:
    """Load a table of all types, and a view of it without modifiers."""
    columns = list((columns_of(shop) | OF_MADE).items())
    assert len(columns) > 200
    clinic = Clinic(shop, warehouse, root)
    names = [f"c{n}" for n in range(len(columns))]
    parts = [(f'"t{n}"', range(n, min(n + 60, len(columns)))) for n in range(0, len(columns), 60)]
    clinic.write(MADE)
    for table, numbers in parts:
        clinic.write(
            f"CREATE TABLE {table} (k pg_catalog.int4 PRIMARY KEY, "
            f"{', '.join(f'{names[n]} {columns[n][0]}' for n in numbers)})",
            f"INSERT INTO {table} VALUES (1), (2)",
            f"CREATE VIEW v_{table[1:-1]} AS SELECT k, "
            f"{', '.join(f'same({names[n]}) AS {names[n]}' for n in numbers)} FROM {table}",
        )
        with shop.connect() as connection:
            connection.execute("""SET search_path = "clinic 'A'" """)
            for n in numbers:
                update = f"UPDATE {table} SET {names[n]} = %s WHERE k = 1"
                connection.execute(update.encode(), [columns[n][1]])
    clinic.write("""GRANT SELECT ON ALL TABLES IN SCHEMA "clinic 'A'" TO warehouse_reader""")
    tables = [name for table, _ in parts for name in (table[1:-1], f"v_{table[1:-1]}")]
    clinic.configure(with_tables({t: {"mode": "snapshot", "key": "k"} for t in tables}))
    warehouse.deploy(root, source="clinic")
    assert warehouse.deploy(root, source="clinic").is_empty
    warehouse.run()
    for table, numbers in parts:
        listed = ", ".join(f"{names[n]}::pg_catalog.text" for n in numbers)
        for name in (table[1:-1], f"v_{table[1:-1]}"):

            def rows(database: Any, relation: str, listed: str = listed) -> list[Row]:
                return list(database.rows(f"SELECT {listed} FROM {relation} ORDER BY k"))

            assert rows(warehouse, f"bronze.raw_{name}") == rows(shop, f"\"clinic 'A'\".{name}")
    warehouse.run()
    written = "SELECT sum(rows_inserted) FROM etl.steps WHERE run_id = %s AND layer = 'bronze'"
    assert [warehouse.value(written, [run]) for run in (1, 2)] == [2 * len(tables), 0]


def test_g1_columns_of_every_type_arrive(
    shop: Shop, bootstrapped_warehouse: Warehouse, tmp_path: Path
) -> None:
    check_all(shop, bootstrapped_warehouse, tmp_path)


@needs_the_old_server
def test_g1_columns_of_every_type_of_version_15_arrive(
    old_shop: Shop,  # noqa: F811
    servers: Servers,
    tmp_path: Path,
) -> None:
    name = servers.create_database("warehouse", "for_old_types")
    servers.bootstrap("warehouse", name)
    roles = ("owner", "loader", "admin")
    warehouse = Warehouse({r: servers.url("warehouse", r, name) for r in roles}, old_shop)
    try:
        check_all(old_shop, warehouse, tmp_path)
    finally:
        warehouse.close()
        servers.drop_database("warehouse", name)


@pytest.mark.parametrize(
    ("type_", "value"), [("refcursor", "c"), ("refcursor[]", "{c}"), ("gtsvector[]", "{}")]
)
def test_key_of_a_type_without_order_is_refused(clinic: Clinic, type_: str, value: str) -> None:
    clinic.write(
        f"CREATE TABLE odd (k {type_})",
        f"INSERT INTO odd VALUES ('{value}')",
        "GRANT SELECT ON odd TO warehouse_reader",
    )
    clinic.configure(with_tables({"odd": {"mode": "snapshot", "key": "k"}}))
    with pytest.raises(FdwarehouseError) as caught:
        render_project(clinic.root)
    assert "clinic.odd: column k is of type" in caught.value.message
    assert "whose values cannot be sorted" in caught.value.message


@pytest.mark.parametrize(
    "type_",
    [
        "text; DROP TABLE x",
        "int4",
        "interval century",
        "bit varying()",
        "public.mood",
        "numeric(a)",
    ],
)
def test_type_that_postgresql_does_not_write_is_refused(type_: str) -> None:
    with pytest.raises(ValueError, match="is not a built-in type of PostgreSQL"):
        contract.Column(type=type_)
