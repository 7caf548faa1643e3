"""G1 complete, for a production that is no shop: any key, any column type, each mode of reading."""

from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import yaml

from fdwarehouse.config import load_config
from fdwarehouse.contract import contract_path, dump_contract
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.inspect_source import inspect
from fdwarehouse.render import render_project
from tests.harness import Row, Shop, Warehouse
from tests.test_reconciliation import is_hashed_remotely

SCHEMA = """
CREATE SCHEMA "clinic 'A'";
SET search_path = "clinic 'A'";
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE visits (
    visit uuid PRIMARY KEY,
    report json,
    findings jsonb,
    tags text [],
    letter xml,
    "Mood" mood,
    "order" point,
    dose numeric,
    scan bytea,
    stay tsrange,
    device inet,
    lasted interval,
    changed_at timestamptz NOT NULL
);
CREATE TABLE readings (
    sensor text,
    number bigint,
    value double precision,
    received_at timestamp(3) NOT NULL,
    PRIMARY KEY (number, sensor)
);
CREATE TABLE wards (ward char(3) PRIMARY KEY, beds smallint);
CREATE TABLE diary (entry int PRIMARY KEY, said text, changed_on date NOT NULL);
GRANT USAGE ON SCHEMA "clinic 'A'"TO warehouse_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA "clinic 'A'"TO warehouse_reader;
"""
CONFIG: dict[str, Any] = {
    "project": "hospital",
    "sources": {
        "clinic": {
            "schema": "clinic 'A'",
            "source_system": "it's the clinic",
            "overlap": "0 seconds",
            "tables": {
                "visits": {"watermark": "changed_at"},
                "readings": {"mode": "append", "watermark": "received_at"},
                "wards": {"mode": "snapshot"},
                "diary": {"key": ["entry"], "watermark": "changed_on"},
            },
        }
    },
}


class Clinic:
    """A production with another schema, and a warehouse of it that has only bronze."""

    def __init__(self, shop: Shop, warehouse: Warehouse, root: Path) -> None:
        self.shop = shop
        self.warehouse = warehouse
        self.root = root
        with psycopg.connect(shop.urls["admin"]) as connection:
            connection.execute(SCHEMA.encode())
        self.configure(CONFIG)
        warehouse.deploy(root, source="clinic")

    def configure(self, config: dict[str, Any]) -> None:
        """Write warehouse.yaml, and the contract as the tool does."""
        (self.root / "warehouse.yaml").write_text(yaml.safe_dump(config))
        source = load_config(self.root).sources["clinic"]
        urls = self.warehouse.urls["owner"], self.shop.urls["reader"]
        path = contract_path(self.root, "clinic")
        path.parent.mkdir(exist_ok=True)
        path.write_text(dump_contract(inspect(urls[0], "clinic", source, urls[1])))

    def write(self, *statements: str) -> None:
        """Change production."""
        with self.shop.connect() as connection:
            connection.execute("""SET search_path = "clinic 'A'" """)
            for statement in statements:
                connection.execute(statement.encode())

    def run(self, table: str, columns: str) -> list[Row]:
        """Run the pipeline, and return what it appended to a table."""
        query = f"SELECT {columns} FROM bronze.raw_{table} WHERE _run_id = %s ORDER BY 1"
        return self.warehouse.rows(query, [self.warehouse.run()])


def with_tables(tables: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with further tables."""
    config = deepcopy(CONFIG)
    config["sources"]["clinic"]["tables"] |= tables
    return config


@pytest.fixture
def clinic(shop: Shop, bootstrapped_warehouse: Warehouse, tmp_path: Path) -> Clinic:
    return Clinic(shop, bootstrapped_warehouse, tmp_path)


# Two values of a column, as PostgreSQL writes them; the embedded server has no values of xml.
VALUES = {
    "report": ['{"a": 1, "a":  2}', '{"a":1,"a":2}'],
    "findings": ['{"b": [1, null]}', "null"],
    "tags": ['{x,NULL,"y z"}', "{}"],
    '"Mood"': ["good", "bad"],
    '"order"': ["(1,2)", "(1,3)"],
    "dose": ["1.0", "NaN"],
    "scan": [r"\x00ff", r"\x"],
    "stay": ['["2020-01-01 00:00:00",)', "empty"],
    "device": ["10.0.0.1/8", "::1/64"],
    "lasted": ["1 mon", "30 days"],  # equal, and yet not the same
}


def test_g1_change_of_a_column_of_any_type_makes_a_version(clinic: Clinic) -> None:
    visits = {column: UUID(int=n) for n, column in enumerate(VALUES)}
    for visit in visits.values():
        clinic.write(f"INSERT INTO visits (visit, changed_at) VALUES ('{visit}', now())")
    value = f"visit, coalesce({', '.join(f'{column}::text' for column in VALUES)})"
    assert clinic.run("visits", value) == [(visit, None) for visit in visits.values()]
    for step in (0, 1):
        for column, visit in visits.items():
            clinic.write(
                f"UPDATE visits SET changed_at = now(), {column} = '{VALUES[column][step]}' "
                f"WHERE visit = '{visit}'"
            )
        expected = [(visit, VALUES[column][step]) for column, visit in visits.items()]
        assert clinic.run("visits", value) == expected
        assert clinic.run("visits", value) == []
    for column in VALUES:
        clinic.write(f"UPDATE visits SET changed_at = now(), {column} = NULL")
    assert clinic.run("visits", value) == [(visit, None) for visit in visits.values()]


def test_g1_keys_of_several_columns_are_compared_as_a_whole(clinic: Clinic) -> None:
    for sensor, number, value in (("a", 1, 0.1), ("b", 1, 0.2), ("a", 2, 0.3)):
        clinic.write(f"INSERT INTO readings VALUES ('{sensor}', {number}, {value}, now())")
    columns = "sensor, number, value"
    assert clinic.run("readings", columns) == [("a", 1, 0.1), ("a", 2, 0.3), ("b", 1, 0.2)]
    clinic.write("UPDATE readings SET value = 0.4, received_at = now() WHERE number = 2")
    assert clinic.run("readings", columns) == [("a", 2, 0.4)]


def test_g1_rows_without_time_stamp_are_compared_as_a_whole(clinic: Clinic) -> None:
    columns = "ward, beds, _is_deleted"
    clinic.write("INSERT INTO wards VALUES ('A', 10), ('B', 20)")
    assert clinic.run("wards", columns) == [("A  ", 10, False), ("B  ", 20, False)]
    clinic.write(
        "UPDATE wards SET beds = 11 WHERE ward = 'A'", "DELETE FROM wards WHERE ward = 'B'"
    )
    assert clinic.run("wards", columns) == [("A  ", 11, False), ("B  ", 20, True)]
    assert clinic.run("wards", columns) == []
    clinic.write("INSERT INTO wards VALUES ('B', 20)")
    assert clinic.run("wards", columns) == [("B  ", 20, False)]


def test_g1_rows_stamped_with_a_date_are_seen_the_same_day(clinic: Clinic) -> None:
    clinic.write("INSERT INTO diary VALUES (1, 'morning', current_date)")
    assert clinic.run("diary", "entry, said") == [(1, "morning")]
    clinic.write(
        "INSERT INTO diary VALUES (2, 'noon', current_date)",
        "UPDATE diary SET said = 'evening' WHERE entry = 1",
    )
    assert clinic.run("diary", "entry, said") == [(1, "evening"), (2, "noon")]


def test_g5_column_added_to_production_is_added_to_bronze_and_history_stays(clinic: Clinic) -> None:
    clinic.write("INSERT INTO wards VALUES ('A', 10)")
    assert clinic.run("wards", "ward") == [("A  ",)]
    clinic.write("ALTER TABLE wards ADD floor int NOT NULL DEFAULT 2, DROP beds")
    clinic.configure(CONFIG)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    assert clinic.run("wards", "ward, floor, beds") == [("A  ", 2, None)]
    query = "SELECT ward, floor, beds FROM bronze.raw_wards ORDER BY _run_id"
    assert clinic.warehouse.rows(query) == [("A  ", None, 10), ("A  ", 2, None)]


def test_g5_change_of_type_keeps_history_where_no_value_is_lost(clinic: Clinic) -> None:
    clinic.write(
        "INSERT INTO wards VALUES ('A', 10)", "INSERT INTO readings VALUES ('a', 1, 0.5, now())"
    )
    clinic.warehouse.run()
    clinic.write(
        "ALTER TABLE wards ALTER ward TYPE text, ALTER beds TYPE numeric(6, 2)",
        "UPDATE wards SET ward = 'A', beds = 10.25",
        "ALTER TABLE readings ALTER number TYPE numeric",
    )
    clinic.configure(CONFIG)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    assert clinic.run("wards", "ward, beds::text") == [("A", "10.25")]
    assert clinic.run("wards", "ward") == []
    query = "SELECT ward, beds::text FROM bronze.raw_wards ORDER BY _run_id"
    assert clinic.warehouse.rows(query) == [("A", "10.00"), ("A", "10.25")]
    assert clinic.run("readings", "number") == []


def test_g5_time_that_is_given_a_zone_was_in_that_of_the_source(clinic: Clinic) -> None:
    clinic.write(f"ALTER DATABASE {clinic.shop.name} SET timezone = 'Asia/Tokyo'")
    clinic.configure(CONFIG)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.write("INSERT INTO readings VALUES ('a', 1, 0.5, '2024-01-01 09:00')")
    clinic.warehouse.run()
    clinic.write(
        "SET timezone = 'Asia/Tokyo'", "ALTER TABLE readings ALTER received_at TYPE timestamptz"
    )
    clinic.configure(CONFIG)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    query = "SELECT received_at = '2024-01-01 00:00+00' FROM bronze.raw_readings"
    assert clinic.warehouse.column(query) == [True]


def test_g5_change_of_type_that_would_lose_a_value_is_refused(
    clinic: Clinic, tmp_path: Path
) -> None:
    clinic.write("INSERT INTO wards VALUES ('A', 300)", "INSERT INTO diary VALUES (1, 'x', now())")
    clinic.warehouse.run()
    clinic.write("ALTER TABLE diary DROP said, ADD said smallint", "UPDATE wards SET beds = 2")
    clinic.configure(CONFIG)
    with pytest.raises(FdwarehouseError, match=r"bronze\.raw_diary\.said cannot become smallint"):
        clinic.warehouse.deploy(clinic.root, source="clinic")
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/0001_said.sql").write_text(
        "ALTER TABLE bronze.raw_diary RENAME COLUMN said TO said_before;\n"
    )
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    query = "SELECT said, said_before FROM bronze.raw_diary ORDER BY _run_id"
    assert clinic.warehouse.rows(query) == [(None, "x")]


def test_g5_another_key_keeps_history(clinic: Clinic) -> None:
    clinic.write("INSERT INTO readings VALUES ('a', 1, 0.5, now()), ('b', 1, 0.6, now())")
    clinic.warehouse.run()
    clinic.write("ALTER TABLE readings DROP CONSTRAINT readings_pkey, ADD PRIMARY KEY (sensor)")
    clinic.configure(CONFIG)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.write("UPDATE readings SET number = 2, received_at = now() WHERE sensor = 'a'")
    assert clinic.run("readings", "sensor, number") == [("a", 2)]
    clinic.write("DELETE FROM readings", "ALTER TABLE readings DROP CONSTRAINT readings_pkey")
    clinic.write("ALTER TABLE readings ADD PRIMARY KEY (number)")
    clinic.configure(CONFIG)
    with pytest.raises(FdwarehouseError, match=r"several versions of one \(number\) in one run"):
        clinic.warehouse.deploy(clinic.root, source="clinic")


def test_source_system_is_what_the_configuration_says(clinic: Clinic) -> None:
    clinic.write("INSERT INTO wards VALUES ('A', 10)")
    assert clinic.run("wards", "_source_system") == [("it's the clinic",)]


def test_table_without_key_is_refused(clinic: Clinic) -> None:
    clinic.write("ALTER TABLE wards DROP CONSTRAINT wards_pkey")
    clinic.configure(CONFIG)
    with pytest.raises(FdwarehouseError, match=r"clinic\.wards: it has no primary key"):
        render_project(clinic.root)


HASHED = (
    "int2 1|int4 2|int8 3|float4 1.5|float8 2.5|numeric 3.5|text a|varchar(9) b|char(3) c|name d|"
    "bool true|oid 7|timestamp now|timestamptz now|date now|time now|timetz now|interval 1s|"
    "bytea x|jsonb {}|inet ::1|cidr ::/0|macaddr 000000000001|macaddr8 000000000001|int[] {1,NULL}|"
    "text[] {a}|daterange empty|int4range empty|uuid 00000000-0000-0000-0000-000000000001"
)


def test_g1_columns_of_every_common_type_are_hashed_by_the_source(clinic: Clinic) -> None:
    types, samples = zip(*(column.split() for column in HASHED.split("|")), strict=True)
    columns = ", ".join(f"c{n} {type_}" for n, type_ in enumerate(types))
    values = ", ".join(f"'{sample}'" for sample in samples)
    clinic.write(
        f"CREATE TABLE wide (k serial PRIMARY KEY, at timestamptz NOT NULL, {columns})",
        f"INSERT INTO wide SELECT n, now(), {values} FROM generate_series(1, 50) AS n",
        "GRANT SELECT ON wide TO warehouse_reader",
    )
    clinic.configure(with_tables({"wide": {"watermark": "at"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    assert is_hashed_remotely(clinic.warehouse, "wide")
    for n in range(len(types)):
        clinic.write(f"UPDATE wide SET c{n} = NULL WHERE k = {n + 1}")
    clinic.warehouse.reconcile()
    counts = clinic.warehouse.step_counts(clinic.warehouse.last_run())
    assert counts["bronze.raw_wide.reconciliation"][1] == len(types)


def test_g1_what_the_source_cannot_hash_is_compared_row_by_row(clinic: Clinic) -> None:
    clinic.write("INSERT INTO visits (visit, changed_at) VALUES (gen_random_uuid(), now())")
    clinic.write("CREATE TABLE moods (mood mood PRIMARY KEY, at timestamptz NOT NULL)")
    clinic.write(
        "GRANT SELECT ON moods TO warehouse_reader", "INSERT INTO moods VALUES ('bad', now())"
    )
    clinic.configure(with_tables({"moods": {"watermark": "at"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    for column, values in VALUES.items():
        clinic.write(f"UPDATE visits SET {column} = '{values[1]}'")
        run_id = clinic.warehouse.reconcile()
        query = f"SELECT {column}::text FROM bronze.raw_visits WHERE _run_id = %s"
        assert clinic.warehouse.column(query, [run_id]) == [values[1]]
    clinic.write("DELETE FROM moods")
    run_id = clinic.warehouse.reconcile()
    query = "SELECT mood FROM bronze.raw_moods WHERE _is_deleted AND _run_id = %s"
    assert clinic.warehouse.column(query, [run_id]) == ["bad"]
