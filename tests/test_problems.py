"""etl.problems: what is wrong right now, until it is over."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fdwarehouse.alerts.messages import Message
from tests.clinic import Clinic, with_tables
from tests.harness import Shop, Warehouse, failing
from tests.place import Place
from tests.test_isolation import FAULTS
from tests.test_models import sell
from tests.test_publish import add_check


def problems(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Read the problems as who watches does, by their ids."""
    rows = warehouse.rows("SELECT to_jsonb(p) FROM etl.problems AS p", role="orchestrator")
    found = {row["problem"]: row for (row,) in rows}
    assert len(found) == len(rows), "an id is not unique"
    for row in found.values():
        assert row["problem"] == f"{row['kind']}:{row['subject']}"
        assert row["severity"] in ("error", "warn")
        assert all(row[name] for name in ("since", "message", "hint")), row
    return found


def run(warehouse: Warehouse) -> int:
    """Run the pipeline, whether it succeeds or not."""
    with suppress(psycopg.Error):
        warehouse.run()
    return warehouse.last_run()


@pytest.fixture
def built(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


def test_warehouse_that_was_never_filled_says_so_until_it_is(
    shop: Shop, warehouse: Warehouse
) -> None:
    assert list(problems(warehouse)) == ["never_ran:pipeline"]
    warehouse.call("etl.start_run()")  # a run in progress is not idle
    assert problems(warehouse) == {}
    run_id = warehouse.last_run()
    warehouse.call(f"etl.extract_and_load_bronze({run_id})")
    warehouse.call("etl.finish_run()")
    assert problems(warehouse) == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_table_that_fails_is_a_problem_until_it_is_built(built: Warehouse, fault: str) -> None:
    assert problems(built) == {}
    make, _, model = FAULTS[fault]
    make(built)
    first = run(built)
    found = problems(built)
    assert list(found) == ["run_failed:pipeline", f"step_failed:{model}"]
    assert found[f"step_failed:{model}"]["message"].startswith(f"{model} cannot be brought up to")
    assert [p["run_id"] for p in found.values()] == [first, first]
    of_run, of_step = (p["hint"] for p in found.values())
    if of_step.startswith("SELECT"):
        assert of_run == (
            f"Fix it: SELECT model, error FROM etl.steps WHERE run_id = {first}; "
            "Then run the pipeline again."
        )
    else:
        assert of_run == f"{of_step} Then run the pipeline again."

    second = run(built)
    again = problems(built)
    assert list(again) == list(found)
    assert [p["run_id"] for p in again.values()] == [second, second]
    assert [p["since"] for p in again.values()] == [p["since"] for p in found.values()]

    built.call("etl.run_selection('{gold.dim_customers}')")  # another kind, and not this table
    assert list(problems(built)) == list(found)
    with suppress(psycopg.Error):
        built.execute(f"ALTER TABLE {model} DROP CONSTRAINT few")
    built.shop.execute(
        "GRANT SELECT ON order_items TO warehouse_reader",
        "DELETE FROM order_items WHERE ctid IN (SELECT max(ctid) FROM order_items "
        "GROUP BY order_item_id HAVING count(*) > 1)",
    )
    run(built)
    assert problems(built) == {}


def test_step_that_succeeds_in_a_run_in_progress_is_a_problem_no_longer(built: Warehouse) -> None:
    FAULTS["no right"][0](built)
    run(built)
    assert "step_failed:bronze.raw_order_items" in problems(built)
    built.shop.execute("GRANT SELECT ON order_items TO warehouse_reader")
    built.call("etl.start_run()")
    built.call("etl.extract_and_load_bronze()")
    assert list(problems(built)) == ["run_failed:pipeline"]
    for step in ("build_silver", "build_gold", "finish_run"):
        built.call(f"etl.{step}()")
    assert problems(built) == {}


def test_lost_production_is_one_problem_of_the_run_and_one_of_the_fence(built: Warehouse) -> None:
    built.execute("ALTER SERVER production OPTIONS (SET port '1')")
    run(built)
    found = problems(built)
    assert list(found) == ["run_failed:pipeline", "step_failed:production.fence"]
    fence = found["step_failed:production.fence"]
    assert fence["message"].startswith("The fence of production cannot be read: ")
    assert "Is its server running?" in fence["hint"]


def test_transaction_that_fails_as_a_whole_is_one_problem(built: Warehouse) -> None:
    built.execute(
        "CREATE OR REPLACE FUNCTION etl.require_same_source(p_run_id bigint, p_expected jsonb) "
        "RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
        "IF EXISTS (SELECT FROM etl.steps WHERE run_id = p_run_id AND layer = 'gold') "
        "THEN RAISE 'all of it'; END IF; END; $$",
    )
    run(built)
    failed = "SELECT count(*) FROM etl.steps WHERE status = 'failed' AND error_code IS NOT NULL"
    assert built.value(failed) > 1
    assert list(problems(built)) == ["run_failed:pipeline"]


@pytest.mark.parametrize("severity", ["error", "warn"])
def test_check_is_a_problem_until_it_passes(
    shop: Shop, warehouse: Warehouse, project: Path, severity: str
) -> None:
    add_check(project, "gold", severity, "gold.fact_sales")
    warehouse.deploy(project)
    sell(shop, 1)
    run(warehouse)
    assert problems(warehouse) == {}
    shop.force("UPDATE order_items SET unit_price = 0.5, updated_at = now()")
    first = run(warehouse)
    found = problems(warehouse)
    kind = "check_failed" if severity == "error" else "check_warned"
    others = ["run_failed:pipeline"] if severity == "error" else []
    assert list(found) == [*others, f"{kind}:no_bargains"]
    if others:
        assert found[others[0]]["hint"] == (
            "Correct the rows in production, or the check: SELECT * FROM etl.check_no_bargains(0); "
            "Then run the pipeline again."
        )
    problem = found[f"{kind}:no_bargains"]
    assert problem["message"] == (
        "Check no_bargains found 1 row. It promises: Nothing is given away."
    )
    assert (problem["severity"], problem["run_id"]) == (severity, first)
    assert problem["sample_rows"] == [{"order_item_id": 1, "unit_price": 0.5}]

    shop.force("UPDATE order_items SET updated_at = now()")
    second = run(warehouse)
    (again,) = (p for p in problems(warehouse).values() if p["subject"] == "no_bargains")
    assert (again["since"], again["run_id"]) == (problem["since"], second)
    shop.force("UPDATE order_items SET unit_price = 5, updated_at = now()")
    run(warehouse)
    assert problems(warehouse) == {}


def test_rejected_rows_are_one_problem_of_each_table(clinic: Clinic) -> None:
    clinic.write(
        "CREATE TABLE notes (k int, at timestamptz NOT NULL DEFAULT now(), note text)",
        *(f"INSERT INTO notes (note) VALUES ('{n}')" for n in range(7)),
        "GRANT SELECT ON notes TO warehouse_reader",
    )
    clinic.configure(with_tables({"notes": {"key": "k", "watermark": "at"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    run(clinic.warehouse)
    found = problems(clinic.warehouse)
    problem = found["rows_rejected:bronze.raw_notes"]
    assert problem["message"] == "7 rows are kept out of bronze.raw_notes: k is null."
    assert len(problem["sample_rows"]) == 5
    clinic.write("DELETE FROM notes WHERE note <> '0'", "UPDATE notes SET k = 1")
    clinic.warehouse.call("etl.reconcile()")
    assert "rows_rejected:bronze.raw_notes" not in problems(clinic.warehouse)


def kill(warehouse: Warehouse) -> None:
    """Begin a run and end its session before the end of the run."""
    with warehouse.connect("owner") as owner:
        owner.execute("LOCK TABLE silver.clean_orders")
        session = warehouse.begin("etl.run_pipeline()")
        session.wait_until_blocked()
        assert problems(warehouse) == {}
        warehouse.rows("SELECT pg_terminate_backend(%s)", [session.pid], role="admin")
        with suppress(psycopg.Error):
            session.result()


def lease(warehouse: Warehouse) -> None:
    """Begin a run that spans sessions and let its lease expire."""
    warehouse.call("etl.start_run()")
    assert problems(warehouse) == {}
    warehouse.execute("UPDATE etl.runs SET lease_until = now() WHERE status = 'running'")


@pytest.mark.parametrize("lose", [kill, lease])
def test_g4_run_without_a_session_is_lost_until_a_run_succeeds(
    built: Warehouse, lose: Callable[[Warehouse], None]
) -> None:
    lose(built)
    (lost,) = problems(built).values()
    assert lost["problem"] == "run_lost:pipeline"
    assert "no session works on it" in lost["message"]
    FAULTS["no right"][0](built)
    run(built)  # it marks the lost run as abandoned, and fails
    assert "run_failed:pipeline" in problems(built)
    built.shop.execute("GRANT SELECT ON order_items TO warehouse_reader")
    run(built)
    assert problems(built) == {}


def test_failure_of_another_kind_of_run_stays_until_one_of_its_kind_succeeds(
    built: Warehouse,
) -> None:
    constraint = "ALTER TABLE silver.clean_order_items {} CONSTRAINT few"
    FAULTS["constraint in silver"][0](built)
    run(built)
    with failing("23514"):
        built.call("etl.rebuild()")
    assert "run_failed:rebuild" in problems(built)
    built.execute(constraint.format("DROP"))
    run(built)
    assert list(problems(built)) == ["run_failed:rebuild"]
    built.call("etl.rebuild()")
    assert problems(built) == {}


def test_values_of_masked_columns_are_in_no_problem(place: Place) -> None:
    place.write(
        "CREATE TABLE people (id int PRIMARY KEY, email text, age int, at timestamptz NOT NULL "
        "DEFAULT now())",
        "INSERT INTO people VALUES (1, 'a@example.com', 30)",
        "CREATE TABLE pets (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
        "INSERT INTO pets VALUES (1)",
    )
    place.configure(
        {
            "people": {"watermark": "at", "mask": {"email": "hash"}},
            "pets": {"watermark": "at"},
        }
    )
    silver = place.root / "sql/silver/clean_people.sql"
    silver.parent.mkdir(parents=True, exist_ok=True)
    silver.write_text(
        "/*\ndescription: People.\ngrain: one person\nkey: id\nreject:\n"
        "  too young: age < 18\n*/\nSELECT id, email, age FROM bronze.raw_people\n"
    )
    checks = place.root / "sql/checks"
    checks.mkdir(parents=True, exist_ok=True)
    selects = {
        "none_is_old": "SELECT id, email, email AS alias FROM silver.clean_people",
        "none_at_the_source": "SELECT 1 AS id, email AS age FROM production.people",
        "none_is_rejected": "SELECT r.key FROM silver.rejected_rows AS r "
        "CROSS JOIN (SELECT count(*) FROM silver.clean_people) AS p",
        "no_pet": "SELECT id, count(*) AS pets FROM bronze.raw_pets GROUP BY id",
    }
    for name, select in selects.items():
        header = "-- layer: silver\n-- severity: warn\n-- scope: full\n-- None.\n"
        (checks / f"{name}.sql").write_text(f"{header}{select}\n")
    place.works("bootstrap", "contract", "deploy", "run")
    place.write("INSERT INTO people VALUES (2, 'b@example.com', 3)")
    place.works("run", "check")
    hashes = place.warehouse.column("SELECT email FROM bronze.raw_people")
    found = problems(place.warehouse)
    for value in (*hashes, "@example.com"):
        assert value not in str(found)
    assert {p["subject"]: p["sample_rows"] for p in found.values()} == {
        "none_is_old": None,
        "none_at_the_source": None,
        "none_is_rejected": None,
        "no_pet": [{"id": 1, "pets": 1}],
        "silver.clean_people": [{"id": 2, "age": 3}],
    }
    told = Message("p", list(found.values()), [])
    for value in (*hashes, "@example.com"):
        assert value not in told.text + str(told.document)
