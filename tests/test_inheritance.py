"""Tables that others inherit from: with the rows of these, or without."""

from typing import Any

import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.contract import load_contract
from tests.clinic import Clinic, with_tables
from tests.harness import failing
from tests.test_reconciliation import is_hashed_remotely

SCHEMA = "\"clinic 'A'\""
STAFF = {"watermark": "changed_at", "reconcile": {"every": "1 day"}}


def deploy(clinic: Clinic, **staff: Any) -> None:
    config = with_tables({"staff": {"watermark": "changed_at", "key": "id"} | staff})
    config["sources"]["clinic"]["mirror"] = True
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")


@pytest.fixture
def parent(clinic: Clinic) -> Clinic:
    clinic.write(
        "CREATE TABLE staff (id int PRIMARY KEY, name text, changed_at timestamptz NOT NULL)",
        "CREATE TABLE doctors (field text, PRIMARY KEY (id)) INHERITS (staff)",
        "GRANT SELECT ON staff, doctors TO warehouse_reader",
        "INSERT INTO staff VALUES (1, 'Ana', now()), (2, 'Bo', now())",
        "INSERT INTO doctors VALUES (3, 'Cy', now(), 'eyes')",
    )
    return clinic


def require_equal(clinic: Clinic, read: str) -> None:
    there = clinic.shop.rows(f"SELECT id, name, changed_at FROM {read} ORDER BY 1, 2")
    here = "SELECT id, name, changed_at FROM silver.staff WHERE NOT is_deleted ORDER BY 1, 2"
    assert clinic.warehouse.rows(here) == there != []


@pytest.mark.parametrize(
    ("inherit", "read"), [("all", f"{SCHEMA}.staff"), ("only", f"ONLY {SCHEMA}.staff")]
)
def test_parent_is_read_with_or_without_the_rows_of_its_children(
    parent: Clinic, inherit: str, read: str
) -> None:
    deploy(parent, inherit=inherit)
    parent.warehouse.run()
    require_equal(parent, read)
    parent.write(
        "UPDATE staff SET name = 'renamed', changed_at = now()",  # those of doctors too
        "INSERT INTO doctors VALUES (4, 'Di', now(), 'ears')",
        "INSERT INTO staff VALUES (5, 'Ed', now())",
    )
    parent.warehouse.run()
    require_equal(parent, read)
    parent.write("DELETE FROM staff WHERE id IN (2, 3)", "UPDATE staff SET name = 'x'")
    parent.warehouse.reconcile()
    require_equal(parent, read)
    assert is_hashed_remotely(parent.warehouse, "staff")
    parent.write("UPDATE staff SET name = 'y'")
    parent.warehouse.call("etl.rebuild('all')")
    parent.warehouse.call("etl.run_model('bronze.raw_staff', p_is_full => true)")
    parent.warehouse.run()
    require_equal(parent, read)


def test_all_is_the_default_and_a_key_in_both_tables_is_an_error_that_only_avoids(
    parent: Clinic,
) -> None:
    parent.write("INSERT INTO doctors VALUES (1, 'Flo', now(), 'skin')")
    deploy(parent)
    with failing("DW014", "the source has duplicate keys") as caught:
        parent.warehouse.run()
    assert "inherit: only" in str(caught.value.diag.message_hint)
    deploy(parent, inherit="only")
    parent.warehouse.run()
    require_equal(parent, f"ONLY {SCHEMA}.staff")


def test_own_rows_are_loaded_in_chunks(parent: Clinic) -> None:
    parent.write(
        "INSERT INTO staff SELECT n, 'x', now() FROM generate_series(10, 3000) AS n",
        "ANALYZE staff",
    )
    deploy(parent, inherit="only")
    parent.warehouse.call("etl.backfill(p_chunk_rows => 500)")
    assert parent.warehouse.value("SELECT count(*) > 1 FROM etl.chunks WHERE model ~ 'staff'")
    parent.warehouse.run()
    require_equal(parent, f"ONLY {SCHEMA}.staff")


def test_contract_notes_that_tables_inherit_from_a_table(parent: Clinic) -> None:
    deploy(parent)
    tables = load_contract(parent.root, "clinic").tables
    assert {name for name, table in tables.items() if table.has_children} == {"staff"}


def test_only_of_a_table_without_children_is_refused(parent: Clinic) -> None:
    parent.write("DROP TABLE doctors")
    with pytest.raises(FdwarehouseError) as caught:
        deploy(parent, inherit="only")
    assert "inherit: only, but no table inherits from it" in caught.value.message
