"""`status` and `explain` say in a phrase how a run reads a table of production."""

import json

from tests.clinic import Clinic, with_tables
from tests.command import Command

READ = {
    "views": "every run compares all rows; identical rows are counted, as it has no key",
    "log_lines": "a rising number, id: larger ones are new; updates and deletions are found when "
    "it is compared as a whole every 1 day",
}


def kept_up(name: str) -> str:
    return f"appended from clinic.{name}: {READ[name]}"


def test_tables_without_a_key_and_rising_numbers_are_told(clinic: Clinic, command: Command) -> None:
    clinic.write(
        "CREATE TABLE views (page text)",
        "CREATE TABLE log_lines (id bigint PRIMARY KEY, said text)",
        "COMMENT ON TABLE log_lines IS 'What was said.'",
        "GRANT SELECT ON views, log_lines TO warehouse_reader",
    )
    clinic.configure(with_tables({"views": {"mode": "multiset"}, "log_lines": {"watermark": "id"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    command.project(clinic.root)
    command.use(clinic.warehouse.environment | {"CLINIC_URL": clinic.shop.urls["reader"]})
    said = command.works("status").splitlines()
    told = [line for line in said if " is appended from " in line]
    assert told == [f"bronze.raw_{name} is {kept_up(name)}" for name in sorted(READ)]
    tables = {
        t["table"]: t["kept_up"] for t in json.loads(command.works("status", "--json"))["tables"]
    }
    for name, how in READ.items():
        assert tables[f"bronze.raw_{name}"] == kept_up(name)
        assert command.works("explain", f"bronze.raw_{name}") == f"bronze.raw_{name}: {how}\n"
    assert "by changed_at, compared" in command.works("explain", "bronze.raw_visits", "--json")
