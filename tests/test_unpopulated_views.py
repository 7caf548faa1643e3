"""A materialized view that is not populated is named, and the other tables are loaded."""

from copy import deepcopy

import pytest

from tests.clinic import CONFIG, Clinic
from tests.command import Command
from tests.harness import failing

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


def test_run_names_the_view_and_the_way_out(clinic: Clinic) -> None:
    clinic.write(FILLED.format("digest"), "GRANT SELECT ON digest TO warehouse_reader")
    config = deepcopy(CONFIG)
    config["sources"]["clinic"]["tables"]["digest"] = {"mode": "snapshot", "key": "entry"}
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.write("REFRESH MATERIALIZED VIEW digest WITH NO DATA")
    with failing("55000", "REFRESH MATERIALIZED VIEW") as caught:
        clinic.warehouse.run()
    assert "bronze.raw_digest" in str(caught.value)
