"""Unit tests: in which ways a table is built, what differs, and that no one notices."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import psycopg
import pytest

from fdwarehouse.database.apart import deployed_apart
from fdwarehouse.database.connections import connect
from fdwarehouse.database.testing.tested_models import Subject
from fdwarehouse.database.testing.ways import UnitTestResult, run_unit_test
from fdwarehouse.embedded import lifecycle
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.unit_tests import UnitTest
from fdwarehouse.rendering.render import render_project
from tests.command import Command
from tests.harness import ROOT, Warehouse
from tests.test_models import sell
from tests.unit_test_project import DAILY, replace, write


def test_example_of_the_documentation_passes(local: tuple[Command, Path]) -> None:
    command, project = local
    page = (ROOT / "docs/testing.md").read_text()
    ((name, text),) = re.findall(
        r"^```yaml\n# sql/tests/(\w+)\.yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    write(project, text, name)
    command.works("test", name)


def test_wrong_cell_is_shown_with_what_is_expected_for_every_way_to_build_it(
    local: tuple[Command, Path], tmp_path: Path
) -> None:
    command, project = local
    write(project, DAILY.replace("orders: 1", "orders: 2"))
    said = command("test", "--junit", str(tmp_path / "junit.xml"))
    assert said.exit_code == 1
    assert "it_holds: Cancelled sales are no revenue." in said.out
    ways_named = "(SELECT, full load, incremental change)"
    assert f"sql/tests/it_holds.yaml, line 8: gold.daily_sales {ways_named}" in said.out
    assert re.search(r"different +20260102 +1 \(expected 2\)  +20 *$", said.out, re.MULTILINE)
    assert "0 unit tests passed, 1 failed" in said.out
    (case,) = ET.parse(tmp_path / "junit.xml").getroot()[0]
    assert "1 (expected 2)" in (case[0].text or "")
    assert (case[0].tag, case[0].get("message")) == (
        "failure",
        "it_holds: Cancelled sales are no revenue.",
    )


def test_missing_and_unexpected_rows_are_shown_by_their_key(local: tuple[Command, Path]) -> None:
    command, project = local
    write(project, DAILY.replace("{date_key: 20260102, orders", "{date_key: 20260103, orders"))
    said = command("test")
    assert re.search(r"missing +20260103 +1  +20 *$", said.out, re.MULTILINE)
    assert re.search(r"not expected +20260102 +1  +20 *$", said.out, re.MULTILINE)


def test_files_are_tested_as_they_are_now_and_not_as_deployed(
    command: Command, seeded_warehouse: Warehouse, project: Path
) -> None:
    command.use(seeded_warehouse.environment)
    command.project(project)
    command.works("test", "a_cancelled_order_is_no_revenue")
    replace(
        project,
        "sql/gold/daily_sales.sql",
        "sum(quantity) FILTER (WHERE NOT",
        "sum(quantity) FILTER (WHERE",
    )
    said = command("test", "a_cancelled_order_is_no_revenue")
    assert said.exit_code == 1
    assert "(expected 3)" in said.out


@pytest.mark.parametrize(
    ("broken", "failing_ways"),
    [
        ("p_since_run_id = 0", "(full load)"),
        ("p_since_run_id > 0", "(incremental change)"),
    ],
)
def test_writer_that_is_wrong_in_one_way_fails(
    local: tuple[Command, Path],
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    failing_ways: str,
) -> None:
    """The function that writes is replaced by one that does nothing in one of the two ways."""
    command, project = local
    write(project, DAILY)

    def with_broken_writer(
        warehouse: psycopg.Connection, test: UnitTest, subject: Subject
    ) -> UnitTestResult:
        source = "gold.write_daily_sales(bigint, bigint)"
        ((text,),) = warehouse.execute(
            "SELECT pg_get_functiondef(%s::regprocedure)", [source]
        ).fetchall()
        warehouse.execute(text.replace("write_daily_sales", "right_writer").encode())
        warehouse.execute(
            "CREATE OR REPLACE FUNCTION gold.write_daily_sales(p_run_id bigint, "
            "p_since_run_id bigint) RETURNS etl.row_counts LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {broken} THEN RETURN NULL::etl.row_counts; END IF; "
            "RETURN gold.right_writer(p_run_id, p_since_run_id); END $$"
        )
        return run_unit_test(warehouse, test, subject)

    monkeypatch.setattr(
        "fdwarehouse.database.testing.project_tests.run_unit_test", with_broken_writer
    )
    said = command("test")
    assert said.exit_code == 1
    assert f"gold.daily_sales {failing_ways}" in said.out
    assert ("differs from its SELECT" in said.out) == ("> 0" in broken)


def test_runs_and_readers_work_and_a_deploy_waits_while_a_project_is_deployed_apart(
    seeded_warehouse: Warehouse, project: Path
) -> None:
    seeded_warehouse.run()
    before = seeded_warehouse.dump("silver", "gold")
    replace(
        project,
        "sql/gold/daily_sales.sql",
        "count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled) AS orders",
        "7::bigint AS orders",
    )
    rendered = render_project(project)
    with connect(seeded_warehouse.urls["owner"]) as owner:
        with deployed_apart(rendered, owner):
            assert owner.execute("SELECT count(*) FROM gold.fact_sales").fetchone() == (0,)
            assert seeded_warehouse.dump("silver", "gold") == before
            sell(seeded_warehouse.shop, 9001)
            run_id = seeded_warehouse.run()
            assert seeded_warehouse.step_counts(run_id)["gold.fact_sales"][1] == 1
            seeded_warehouse.call("etl.rebuild()")
            assert seeded_warehouse.rows(
                "SELECT count(*) > 0 FROM gold.fact_sales", role="analyst"
            ) == [(True,)]
            with pytest.raises(FdwarehouseError, match="the warehouse is in use"):
                seeded_warehouse.deploy(wait="0 seconds")
        assert owner.execute("SELECT count(*) > 1 FROM gold.fact_sales").fetchone() == (True,)
    assert seeded_warehouse.deploy().is_empty


def test_rejected_rows_are_compared_and_explain_what_is_missing(
    local: tuple[Command, Path],
) -> None:
    command, project = local
    text = (ROOT / "sql/tests/an_unknown_status_is_set_aside.yaml").read_text()
    write(project, text.replace("reasons: [unknown status]", "reasons: [unknown customer]"))
    said = command("test")
    assert said.exit_code == 1
    assert "rows in silver.rejected_rows (full load, incremental change)" in said.out
    assert "{unknown status} (expected {unknown customer})" in said.out.replace('"', "")
    write(
        project,
        "model: silver.clean_orders\n"
        "given: {bronze.raw_orders: [{order_id: 1, status: lost, customer_id: 1,"
        " order_date: 2026-01-01}]}\n"
        "expect: [{order_id: 1}]\n",
    )
    said = command("test")
    assert '{"order_id": 1} was rejected: unknown status' in said.out


def test_tests_are_chosen_by_name_and_by_table(local: tuple[Command, Path]) -> None:
    command, project = local
    write(project, DAILY, "sales")
    customers = (ROOT / "sql/tests/a_customer_has_a_version_per_change.yaml").read_text()
    write(project, customers, "customers")

    def run(*arguments: str) -> list[str]:
        lines = command.works("test", *arguments).splitlines()
        return [line.split()[1] for line in lines if line.startswith("✓")]

    assert run() == ["customers", "sales"]
    assert run("sales") == run("sql/tests/sales.yaml") == ["sales"]
    assert run("--select", "gold.fact_sales+") == ["sales"]
    assert run("--select", "+daily_sales") == ["customers", "sales"]
    assert run("--select", "state:modified") == ["customers", "sales"]  # nothing is deployed
    assert run("--exclude", "dim_customers") == ["sales"]
    assert "No unit test is selected." in command.works("test", "-s", "silver")
    assert "there is no unit test sale\nHint: sales?" in command.fails(2, "test", "sale")


def test_partitioned_table_can_be_given_and_tested(local: tuple[Command, Path]) -> None:
    command, project = local
    replace(
        project,
        "sql/gold/fact_sales.sql",
        "key: order_item_id\n",
        "key: order_item_id\npartitions: {by: order_date, every: year}\n",
    )
    given = "{order_item_id: 1, order_date: 2025-12-31"
    write(project, DAILY.replace("{order_item_id: 1", given), "given_rows")
    fact = (ROOT / "sql/tests/a_sale_keeps_the_customer_of_its_time.yaml").read_text()
    write(project, fact, "tested_rows")
    command.works("test")


def test_view_is_tested_with_what_is_built_below_it(local: tuple[Command, Path]) -> None:
    command, project = local
    (project / "sql/gold/big_days.sql").write_text(
        "/*\ndescription: Days.\ngrain: one day\nkey: date_key\nkind: view\n*/\n"
        "SELECT date_key, revenue FROM gold.daily_sales WHERE revenue > 10\n"
    )
    text = DAILY.replace("model: gold.daily_sales", "model: gold.big_days").replace(
        "orders: 1, ", ""
    )
    write(project, text)
    command.works("test")
    write(project, text.replace("revenue: 20.00", "revenue: 21"))
    said = command("test")
    assert "gold.big_days (SELECT)" in said.out
    assert "20 (expected 21)" in said.out


def test_embedded_servers_need_no_bootstrap(
    command: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newcomer has a checkout and nothing else."""
    command.project(project)
    command.secrets.clear()
    try:
        lines = command("test", "an_unknown_status_is_set_aside").out.splitlines()
    finally:
        lifecycle.remove(project / ".fdwarehouse")
    assert lines[0].startswith("✓ an_unknown_status_is_set_aside")
