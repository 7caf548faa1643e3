"""G1 complete, for productions other than the shop: any key, any column type, every mode."""

from uuid import UUID

import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.rendering.render import render_project
from tests.clinic import CONFIG, Clinic, with_tables
from tests.test_reconciliation import is_hashed_remotely

# Two values of a column, as PostgreSQL writes them; the embedded server does not support xml.
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
    "lasted": ["1 mon", "30 days"],  # equal, but not identical
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
