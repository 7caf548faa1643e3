"""`--select` and `--exclude`: which tables they mean, and what run, check and rebuild then do."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.rendering.selection import Node, select
from tests.command import Command
from tests.harness import Warehouse, failing
from tests.test_models import sell


def node(name: str, *reads: str, tags: tuple[str, ...] = (), is_modified: bool = False) -> Node:
    return Node(name, name.partition(".")[0], frozenset(reads), tags, is_modified)


NODES = [
    node("bronze.raw_a"),
    node('bronze."raw_b c"'),
    node("silver.a", "bronze.raw_a", tags=("daily", "people")),
    node("silver.b", 'bronze."raw_b c"'),
    node("gold.dim_a", "silver.a", is_modified=True),
    node("gold.fact", "silver.b", "gold.dim_a", tags=("daily",)),
    node("gold.sums", "gold.fact"),
]


@pytest.mark.parametrize(
    ("chosen", "excluded", "expected"),
    [
        ("gold.fact", "", ["gold.fact"]),
        ("fact", "", ["gold.fact"]),
        ("gold.*", "", ["gold.dim_a", "gold.fact", "gold.sums"]),
        ("*_a", "", ["bronze.raw_a", "gold.dim_a"]),
        ("silver", "", ["silver.a", "silver.b"]),
        ('bronze."raw_b c"', "", ['bronze."raw_b c"']),
        ("sums,silver.a  fact", "", ["silver.a", "gold.fact", "gold.sums"]),
        ("+dim_a", "", ["bronze.raw_a", "silver.a", "gold.dim_a"]),
        ("dim_a+", "", ["gold.dim_a", "gold.fact", "gold.sums"]),
        (
            "+silver.b+",
            "",
            ['bronze."raw_b c"', "silver.b", "gold.fact", "gold.sums"],
        ),
        ("tag:daily", "", ["silver.a", "gold.fact"]),
        ("tag:peo*+", "sums", ["silver.a", "gold.dim_a", "gold.fact"]),
        ("state:modified", "", ["gold.dim_a"]),
        ("state:modified+", "gold.fact+", ["gold.dim_a"]),
        ("", "gold bronze", ["silver.a", "silver.b"]),
        ("gold", "gold", []),
    ],
)
def test_terms_select_names_layers_tags_and_neighbours(
    chosen: str, excluded: str, expected: list[str]
) -> None:
    assert select(NODES, [chosen], [excluded]) == expected


@pytest.mark.parametrize(
    ("term", "hint"),
    [
        ("gold.fakt", "gold.fact?"),
        ("platinum", "Name tables such as gold.fact_sales"),
        ("tag:hourly", "There are the tags daily, people."),
        ("state:new", "The only state is state:modified."),
        ("+", "Name tables such as gold.fact_sales"),
    ],
)
def test_term_that_selects_nothing_is_an_error_with_a_way_out(term: str, hint: str) -> None:
    for chosen, excluded in (([term], []), ([], [term])):
        with pytest.raises(FdwarehouseError, match="selects nothing") as caught:
            select(NODES, chosen, excluded)
        assert hint in str(caught.value.hint)


def test_unmodified_project_selects_nothing_and_is_no_error() -> None:
    assert select([node("gold.a")], ["state:modified"]) == []


# with a warehouse


def steps(warehouse: Warehouse) -> list[str]:
    """Name the steps of the last run."""
    return list(warehouse.step_counts(warehouse.last_run()))


def test_run_builds_the_selected_tables_in_one_run_with_fence_and_their_checks(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    sell(seeded_warehouse.shop, 9001)
    lines = command.works("run", "--select", "+clean_orders").splitlines()
    run_id = seeded_warehouse.last_run()
    assert run_id == 2
    assert steps(seeded_warehouse) == [
        "production.fence",
        "bronze.raw_orders",
        "silver.clean_orders",
    ]
    assert seeded_warehouse.step_counts(run_id)["silver.clean_orders"][1] == 1
    assert lines[-1].startswith("run 2 succeeded in ")
    checks = seeded_warehouse.column(
        "SELECT check_name FROM etl.check_results WHERE run_id = 2 ORDER BY 1"
    )
    assert "clean_orders__customer_id__references" in checks
    assert "clean_order_items__product_id__references" not in checks
    assert seeded_warehouse.value("SELECT max(order_id) FROM gold.fact_sales") < 9001

    command.works("run")  # catches up
    assert seeded_warehouse.value("SELECT max(order_id) FROM gold.fact_sales") == 9001
    seeded_warehouse.call("etl.rebuild()")
    counts = seeded_warehouse.step_counts(seeded_warehouse.last_run())
    assert {row[1:4] for row in counts.values()} == {(0, 0, 0)}


def test_dimension_is_downstream_of_the_table_that_its_select_names(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    command.works("run", "-s", "clean_customers+", "--exclude", "fact_sales+")
    assert steps(seeded_warehouse) == ["silver.clean_customers", "gold.dim_customers"]


def test_rebuild_computes_the_selected_tables_in_full(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    revenues = "SELECT date_key, revenue FROM gold.daily_sales ORDER BY 1"
    before = seeded_warehouse.rows(revenues)
    seeded_warehouse.execute("UPDATE gold.daily_sales SET revenue = 0", role="owner")
    command.works("rebuild", "--select", "+daily_sales", "--exclude", "gold.dim_* silver")
    assert steps(seeded_warehouse) == ["gold.order_years", "gold.fact_sales", "gold.daily_sales"]
    assert seeded_warehouse.value("SELECT bool_and(is_full) FROM etl.steps WHERE run_id = 2")
    assert seeded_warehouse.rows(revenues) == before
    assert "Nothing is selected." in command.works("rebuild", "-s", "bronze")


def test_modified_tables_are_those_that_the_deployed_warehouse_computes_otherwise(
    command: Command, seeded_warehouse: Warehouse, project: Path
) -> None:
    command.use(seeded_warehouse.environment)
    command.project(project)
    seeded_warehouse.run()
    assert "Nothing is selected." in command.works("run", "-s", "state:modified")
    path = project / "sql/gold/cohort_months.sql"
    text = path.read_text()
    assert "key:" in text
    path.write_text(text.rstrip() + "\nHAVING count(*) > 0\n")
    command.works("run", "-s", "state:modified+")
    assert steps(seeded_warehouse) == ["gold.cohort_months", "gold.cohort_retention"]


def test_check_runs_checks_by_name_and_by_the_tables_that_they_read(
    command: Command, seeded_warehouse: Warehouse, tmp_path: Path
) -> None:
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    results = (
        "SELECT check_name FROM etl.check_results "
        "WHERE run_id = (SELECT max(run_id) FROM etl.check_results) ORDER BY 1"
    )
    command.works("check", "-s", "dim_products no_rejected_rows")
    assert seeded_warehouse.column(results) == ["fact_sales_joins_dimensions", "no_rejected_rows"]
    command.works("check", "-s", "gold", "--exclude", "dim_date")
    assert seeded_warehouse.column(results) == ["metrics_match_sales"]

    seeded_warehouse.execute("UPDATE gold.daily_sales SET revenue = 0", role="owner")
    junit = tmp_path / "checks.xml"
    said = command.fails(1, "check", "-s", "daily_sales dim_date", "--junit", str(junit))
    assert "metrics_match_sales" in said
    failed, passed = sorted(ET.parse(junit).getroot()[0], key=len, reverse=True)
    assert (failed.get("name"), failed[0].tag) == ("metrics_match_sales", "failure")
    assert '"metric": "daily_sales"' in (failed[0].text or "")
    assert passed.get("name") == "fact_sales_joins_dimensions"


def test_unknown_names_begin_no_run(warehouse: Warehouse) -> None:
    for call in ("etl.run_selection('{gold.nothing}')", "etl.run_checks(NULL, '{nothing}')"):
        with failing("DW003", "nothing"):
            warehouse.call(call)
    assert warehouse.rows("SELECT FROM etl.runs") == []
