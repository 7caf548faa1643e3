"""G5 history is kept: bronze evolves with its contract and loses nothing."""

from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from tests.clinic import CONFIG, Clinic, with_tables


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
    with pytest.raises(
        FdwarehouseError, match=r"several versions of the same \(number\) in one run"
    ):
        clinic.warehouse.deploy(clinic.root, source="clinic")


@pytest.mark.parametrize("settings", [{"mode": "snapshot"}, {"watermark": "at"}])
def test_g1_column_whose_history_is_kept_under_another_name_is_read_again(
    clinic: Clinic, settings: dict[str, str]
) -> None:
    config = with_tables({"doses": settings})
    clinic.write(
        "CREATE TABLE doses (id int PRIMARY KEY, amount numeric(6, 3), "
        "at timestamptz NOT NULL DEFAULT clock_timestamp())",
        "GRANT SELECT ON doses TO warehouse_reader",
        "INSERT INTO doses VALUES (1, 0.125), (2, 7)",
    )
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    clinic.write("UPDATE doses SET amount = 0.1, at = clock_timestamp() WHERE id = 1")
    clinic.warehouse.run()
    clinic.write("ALTER TABLE doses ALTER amount TYPE numeric(6, 2)")
    clinic.configure(config)
    with pytest.raises(FdwarehouseError, match=r"amount cannot become numeric\(6,2\)"):
        clinic.warehouse.deploy(clinic.root, source="clinic")
    folder = clinic.root / "migrations"
    folder.mkdir()
    (folder / "0001_amount.sql").write_text(
        "ALTER TABLE bronze.raw_doses RENAME COLUMN amount TO amount_before;\n"
    )
    clinic.warehouse.deploy(clinic.root, source="clinic")
    assert clinic.run("doses", "id, amount::text") == [(1, "0.10"), (2, "7.00")]
    assert clinic.run("doses", "id") == []
