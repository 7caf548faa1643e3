"""A check that found rows is a problem until it has passed over them, not over newer ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fdwarehouse.database.present_state import read_checks
from fdwarehouse.database.status import read_status
from tests.harness import Shop, Warehouse, failing
from tests.test_models import sell
from tests.test_problems import problems, run
from tests.test_publish import add_check

NAME = "no_bargains"
CHEAP = "UPDATE order_items SET unit_price = 0.5, updated_at = now() WHERE order_item_id = 1"
DEAR = "UPDATE order_items SET unit_price = 5, updated_at = now() WHERE order_item_id = 1"
TABLES = {
    "bronze": "bronze.raw_order_items",
    "silver": "silver.clean_order_items",
    "gold": "gold.fact_sales",
}


@pytest.fixture
def check(project: Path, warehouse: Warehouse) -> Callable[..., None]:
    def deploy(layer: str, severity: str, scope: str = "run") -> None:
        add_check(project, layer, severity, TABLES[layer])
        path = project / f"sql/checks/{NAME}.sql"
        text = path.read_text().replace("-- Nothing", f"-- scope: {scope}\n-- Nothing")
        path.write_text(text + " AND _run_id > p_since_run_id")
        warehouse.deploy(project)

    return deploy


def problem_of(warehouse: Warehouse) -> dict[str, Any] | None:
    """The problem of the check, after all that show its state were compared."""
    found = problems(warehouse).values()
    problem = next((each for each in found if each["subject"] == NAME), None)
    with warehouse.connect("orchestrator") as connection:
        (seen,) = (row for row in read_checks(connection) if row["name"] == NAME)
    described = read_status(warehouse.urls["owner"])
    (shown,) = (row for row in described["checks"] if row["name"] == NAME)
    metric = warehouse.value(
        "SELECT value FROM etl.metrics WHERE name = 'fdwarehouse_check_offending_rows' "
        "AND labels ->> 'check' = %s",
        [NAME],
    )
    assert {seen["passed"], shown["passed"], metric == 0} == {problem is None}
    if problem:
        assert problem["run_id"] == seen["run_id"] == shown["run_id"]
        assert f"found {metric:.0f} row" in problem["message"]
    return problem


def make_large(warehouse: Warehouse) -> None:
    """Let the statistics of the tables say that reading them is expensive."""
    warehouse.rows(
        "UPDATE pg_class SET reltuples = 1e6 WHERE oid = ANY(%s::regclass[]) RETURNING 1",
        [list(TABLES.values())],
        role="admin",
    )


@pytest.mark.parametrize("layer", ["bronze", "silver", "gold"])
def test_warning_stays_until_its_rows_are_correct(
    shop: Shop, warehouse: Warehouse, check: Callable[..., None], layer: str
) -> None:
    check(layer, "warn")
    sell(shop, 1)
    run(warehouse)
    assert problem_of(warehouse) is None
    shop.force(CHEAP)
    run(warehouse)
    found = problem_of(warehouse)
    assert found
    run(warehouse)
    sell(shop, 2)  # which passes
    last = run(warehouse)
    again = problem_of(warehouse)
    assert again
    assert (again["since"], again["run_id"]) == (found["since"], last)
    assert again["message"] == f"Check {NAME} found 1 row. It promises: Nothing is given away."
    if layer == "bronze":
        return  # its log keeps the version
    shop.force(DEAR)
    run(warehouse)
    assert problem_of(warehouse) is None
    ended = "SELECT since_run_id FROM etl.check_results WHERE check_name = %s ORDER BY run_id DESC"
    run(warehouse)
    assert warehouse.column(ended, [NAME])[0] == last + 1  # what changed, and no more


@pytest.mark.parametrize("how", ["check", "reconcile"])
def test_warning_of_a_large_table_stays_until_all_rows_are_looked_at(
    shop: Shop, warehouse: Warehouse, check: Callable[..., None], how: str
) -> None:
    check("gold", "warn")
    sell(shop, 1)
    run(warehouse)
    shop.force(CHEAP)
    first = run(warehouse)
    sell(shop, 2)
    make_large(warehouse)
    last = run(warehouse)
    stays = problem_of(warehouse)
    assert stays
    assert stays["run_id"] == first
    assert stays["message"] == (
        f"Check {NAME} found 1 row in run {first}; runs up to {last} looked only at newer rows. "
        "It promises: Nothing is given away."
    )
    assert f"Then `fdwarehouse check --select {NAME}` looks at all rows." in stays["hint"]
    looked_at = "SELECT since_run_id FROM etl.check_results WHERE run_id = %s AND check_name = %s"
    assert warehouse.value(looked_at, [last, NAME]) == first
    shop.force(DEAR)
    make_large(warehouse)
    run(warehouse)
    assert problem_of(warehouse)
    if how == "check":
        warehouse.call(f"etl.run_checks(p_checks => '{{{NAME}}}')")
    else:
        warehouse.call("etl.reconcile()")
    assert problem_of(warehouse) is None


def test_new_rows_of_a_large_table_do_not_shorten_what_must_be_looked_at_again(
    shop: Shop, warehouse: Warehouse, check: Callable[..., None]
) -> None:
    check("gold", "warn")
    sell(shop, 1)
    shop.force(CHEAP)
    run(warehouse)
    sell(shop, 2)
    shop.force(CHEAP.replace("= 1", "= 2"))
    make_large(warehouse)
    run(warehouse)
    shop.force(DEAR.replace("= 1", "= 2"))
    make_large(warehouse)
    run(warehouse)
    assert problem_of(warehouse)
    warehouse.call(f"etl.run_checks(p_checks => '{{{NAME}}}')")
    stays = problem_of(warehouse)
    assert stays
    assert stays["sample_rows"] == [{"order_item_id": 1, "unit_price": 0.5}]


def test_failed_check_of_bronze_fails_one_run_and_stays_until_its_rows_are_gone(
    shop: Shop, warehouse: Warehouse, check: Callable[..., None]
) -> None:
    check("bronze", "error")
    sell(shop, 1)
    run(warehouse)
    shop.force(CHEAP)
    with failing("DW002"):
        warehouse.run()
    assert list(problems(warehouse)) == ["run_failed:pipeline", f"check_failed:{NAME}"]
    shop.force(DEAR)
    warehouse.run()
    assert list(problems(warehouse)) == [f"check_failed:{NAME}"]
    with failing("DW002"):
        warehouse.call("etl.run_checks()")
    assert problem_of(warehouse)
    warehouse.execute("DELETE FROM bronze.raw_order_items WHERE unit_price < 1")
    warehouse.call("etl.run_checks()")
    assert problems(warehouse) == {}


def test_rows_that_are_published_do_not_keep_others_from_being_published(
    shop: Shop, warehouse: Warehouse, check: Callable[..., None]
) -> None:
    sell(shop, 1)
    shop.force(CHEAP)
    run(warehouse)
    check("gold", "error")
    with failing("DW002"):
        warehouse.call("etl.run_checks()")
    assert problem_of(warehouse)
    sell(shop, 2)
    warehouse.run()
    assert warehouse.value("SELECT count(*) FROM gold.fact_sales") == 2
    stays = problem_of(warehouse)
    assert stays
    assert (stays["kind"], "looks at all rows" in stays["hint"]) == ("check_failed", True)
    shop.force(DEAR)
    warehouse.run()
    warehouse.call("etl.run_checks()")
    assert problem_of(warehouse) is None


def test_check_that_is_removed_is_no_problem_and_one_that_is_changed_looks_again(
    shop: Shop, warehouse: Warehouse, check: Callable[..., None], project: Path
) -> None:
    check("gold", "warn")
    sell(shop, 1)
    shop.force(CHEAP)
    run(warehouse)
    path = project / f"sql/checks/{NAME}.sql"
    text = path.read_text()
    path.unlink()
    warehouse.deploy(project)
    assert problems(warehouse) == {}
    path.write_text(text)
    warehouse.deploy(project)
    run(warehouse)
    assert problem_of(warehouse)
    path.write_text(text.replace("< 1", "< 0.1"))
    warehouse.deploy(project)
    run(warehouse)
    assert problem_of(warehouse) is None


def test_check_that_has_become_full_stays_until_it_passes(
    shop: Shop, warehouse: Warehouse, check: Callable[..., None]
) -> None:
    check("gold", "warn")
    sell(shop, 1)
    shop.force(CHEAP)
    run(warehouse)
    check("gold", "warn", "full")
    shop.force(DEAR)
    run(warehouse)
    stays = problem_of(warehouse)
    assert stays
    assert "looks at all rows" in stays["hint"]
    warehouse.call("etl.run_checks()")
    assert problem_of(warehouse) is None


def test_check_that_does_not_name_the_run_always_looks_at_all_rows(
    seeded_warehouse: Warehouse,
) -> None:
    run(seeded_warehouse)
    run(seeded_warehouse)
    since: dict[str, int] = dict(
        seeded_warehouse.rows(
            "SELECT check_name, since_run_id FROM etl.check_results WHERE run_id = 2"
        )
    )
    assert since["no_rejected_rows"] == since["freshness"] == 0
    assert since["fact_sales_joins_dimensions"] == 1


def test_result_of_other_rows_in_the_same_run_does_not_hide_those_that_failed(
    seeded_warehouse: Warehouse,
) -> None:
    run(seeded_warehouse)

    def store(since_run_id: int, offending_rows: int) -> list[str]:
        seeded_warehouse.execute(
            f"""
            SELECT etl.store_check_results(1, '[{{
                "check_name": "fact_sales_joins_dimensions", "layer": "gold", "severity": "error",
                "since_run_id": {since_run_id}, "offending_rows": {offending_rows},
                "sample_rows": [], "duration": "1 ms"
            }}]')
            """
        )
        return list(problems(seeded_warehouse))

    failed = ["check_failed:fact_sales_joins_dimensions"]
    assert store(5, 2) == failed
    assert store(7, 0) == failed
    assert store(7, 1) == failed
    assert store(7, 0) == failed
    assert store(5, 0) == []
