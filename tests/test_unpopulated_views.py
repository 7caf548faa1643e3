"""A materialized view that is not populated is named, and the other tables are loaded."""

from copy import deepcopy

import pytest

from tests.clinic import CONFIG, Clinic
from tests.command import Command

FILLED = "CREATE MATERIALIZED VIEW {} AS SELECT entry, said FROM diary"


@pytest.mark.parametrize("names", [["digest"], ["digest", "It's \n late"]])
def test_materialized_view_without_data_is_named_and_the_others_are_deployed(
    clinic: Clinic, command: Command, names: list[str]
) -> None:
    config = deepcopy(CONFIG)
    tables = config["sources"]["clinic"]["tables"]
    for name in names:
        quoted = '"' + name + '"'
        clinic.write(
            f"{FILLED.format(quoted)} WITH NO DATA", f"GRANT SELECT ON {quoted} TO warehouse_reader"
        )
        view = {name: {"mode": "snapshot", "key": "entry", "as": name.split()[0].replace("'", "")}}
        config["sources"]["clinic"]["tables"] = tables = view | tables  # first of all
    clinic.write("INSERT INTO diary VALUES (1, 'noon', current_date)")
    clinic.configure(config)
    (clinic.root / "contracts/clinic.yaml").unlink()
    command.project(clinic.root)
    command.use(
        {"WAREHOUSE_URL": clinic.warehouse.urls["owner"], "CLINIC_URL": clinic.shop.urls["reader"]}
    )
    for arguments in (["contract"], ["deploy"]):
        said = command(*arguments)
        assert said.exit_code == 0
        assert said.err.count("Warning: ") == len(names)
        assert said.err.count("cannot be read yet") == len(names)
        assert said.err.count("REFRESH MATERIALIZED VIEW fills it in production") == len(names)
    for name in names:
        clinic.write(f'REFRESH MATERIALIZED VIEW "{name}"')
    clinic.warehouse.run()
    assert clinic.warehouse.rows("SELECT entry, said FROM bronze.raw_digest") == [(1, "noon")]
    assert clinic.warehouse.rows("SELECT entry FROM bronze.raw_diary") == [(1,)]


@pytest.mark.parametrize("settings", [{"mode": "snapshot"}, {"watermark": "changed_on"}])
def test_view_that_loses_its_data_keeps_its_rows_and_is_a_warning(
    clinic: Clinic, command: Command, settings: dict[str, str]
) -> None:
    clinic.write(
        "CREATE MATERIALIZED VIEW digest AS SELECT * FROM diary",
        "GRANT SELECT ON digest TO warehouse_reader",
        "INSERT INTO diary VALUES (1, 'noon', current_date)",
        "REFRESH MATERIALIZED VIEW digest",
    )
    config = deepcopy(CONFIG)
    config["sources"]["clinic"]["tables"]["digest"] = {"key": "entry"} | settings
    config["sources"]["clinic"]["mirror"] = True
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    command.project(clinic.root)
    command.use(clinic.warehouse.environment | {"CLINIC_URL": clinic.shop.urls["reader"]})
    rows = "SELECT entry, said FROM silver.digest WHERE NOT is_deleted ORDER BY 1"
    watermark = "SELECT run_id FROM etl.watermarks WHERE model = 'bronze.raw_digest'"
    clinic.write(
        "REFRESH MATERIALIZED VIEW digest WITH NO DATA",
        "INSERT INTO diary VALUES (2, 'night', current_date)",
    )
    for words in (["run"], ["reconcile"]):
        said = command(*words)
        assert said.exit_code == 0
        assert 'it keeps its rows: materialized view "digest" has not been' in said.err
        assert clinic.warehouse.rows(rows) == [(1, "noon")]
        assert clinic.warehouse.column(watermark) == [1]
        assert clinic.warehouse.column("SELECT entry FROM silver.diary ORDER BY 1") == [1, 2]
    error = "SELECT error FROM etl.steps WHERE model = 'bronze.raw_digest' ORDER BY run_id DESC"
    assert "has not been populated" in clinic.warehouse.column(error)[0]
    clinic.write("REFRESH MATERIALIZED VIEW digest")
    command.works("run")
    assert clinic.warehouse.rows(rows) == [(1, "noon"), (2, "night")]


def test_backfill_of_a_view_without_data_warns_loads_the_others_and_ends(
    clinic: Clinic, command: Command
) -> None:
    clinic.write(
        "CREATE MATERIALIZED VIEW digest AS SELECT * FROM diary WITH NO DATA",
        "GRANT SELECT ON digest TO warehouse_reader",
        "INSERT INTO diary VALUES (1, 'noon', current_date)",
    )
    config = deepcopy(CONFIG)
    config["sources"]["clinic"]["tables"]["digest"] = {"key": "entry", "watermark": "changed_on"}
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    command.project(clinic.root)
    command.use(clinic.warehouse.environment | {"CLINIC_URL": clinic.shop.urls["reader"]})
    for _ in range(2):
        said = command("backfill")
        assert said.exit_code == 0
        assert 'bronze.raw_digest: materialized view "digest" has not been populated' in said.err
    assert clinic.warehouse.column("SELECT status FROM etl.runs") == ["succeeded"] * 2
    assert clinic.warehouse.column("SELECT entry FROM bronze.raw_diary") == [1]
    clinic.write("REFRESH MATERIALIZED VIEW digest")
    assert command("backfill").err == ""
    assert clinic.warehouse.column("SELECT entry FROM bronze.raw_digest") == [1]
