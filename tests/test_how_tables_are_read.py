"""`status` and `explain` say in a phrase how a run reads a table of production."""

import json

from tests.clinic import Clinic, with_tables
from tests.command import Command

READ = {
    "views": "all rows in every run; identical rows are counted, as it has no key",
    "log_lines": "rows whose id is larger than before; updates and deletions by reconciliation",
}


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
    told = [line for line in said if " reads " in line]
    assert told == [f"bronze.raw_{name} reads {how}" for name, how in sorted(READ.items())]
    tables = {
        t["table"]: t["kept_up"] for t in json.loads(command.works("status", "--json"))["tables"]
    }
    for name, how in READ.items():
        assert tables[f"bronze.raw_{name}"] == how
        assert command.works("explain", f"bronze.raw_{name}") == f"bronze.raw_{name}: {how}\n"
    assert "changed_at shows as changed" in command.works("explain", "bronze.raw_visits", "--json")
