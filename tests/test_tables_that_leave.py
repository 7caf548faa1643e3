"""A table that leaves the project keeps its rows, and the deploy says so."""

from tests.clinic import Clinic, with_tables
from tests.command import Command


def test_table_that_leaves_the_project_is_kept_and_not_called_removed(
    command: Command, clinic: Clinic
) -> None:
    clinic.write("INSERT INTO diary VALUES (1, 'noon', current_date)")
    config = with_tables({})
    config["sources"]["clinic"]["mirror"] = True
    clinic.configure(config)
    command.project(clinic.root)
    command.use(
        {
            "WAREHOUSE_URL": clinic.warehouse.urls["owner"],
            "CLINIC_URL": clinic.shop.urls["reader"],
        }
    )
    command.works("deploy")
    command.works("run")
    del config["sources"]["clinic"]["tables"]["diary"]
    clinic.configure(config)
    told = command.works("deploy")
    removed = told[told.index("Removed") :].splitlines()
    assert any("load_raw_diary" in line for line in removed)
    for table in ("bronze.raw_diary", "silver.diary"):
        assert f"{table} is kept, but nothing writes it" in told
        assert clinic.warehouse.value(f"SELECT count(*) FROM {table}") == 1
        name = table.partition(".")[2]
        assert not any(name in line.replace(",", "").split() for line in removed)
