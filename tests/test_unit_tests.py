"""Unit tests of models: what passes, what fails, and that nothing that is deployed notices."""

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

SHOP_TESTS = sorted(path.stem for path in (ROOT / "sql/tests").glob("*.yaml"))
DAILY = """\
model: gold.daily_sales
description: Cancelled sales are no revenue.
given:
  gold.fact_sales:
    - {order_item_id: 1, order_id: 1, date_key: 20260102, total_amount: 20}
    - {order_item_id: 2, order_id: 2, date_key: 20260102, total_amount: 9, is_cancelled: true}
expect:
  - {date_key: 20260102, orders: 1, revenue: 20.00}
"""


@pytest.fixture
def local(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> tuple[Command, Path]:
    """The command in a copy of the shop, with a warehouse that has nothing, and no production."""
    command.use({"WAREHOUSE_URL": bootstrapped_warehouse.urls["owner"]})
    command.project(project)
    for path in (project / "sql/tests").glob("*.yaml"):
        path.unlink()
    return command, project


def write(project: Path, text: str, name: str = "it_holds") -> None:
    (project / f"sql/tests/{name}.yaml").write_text(text)


def replace(project: Path, file: str, old: str, new: str) -> None:
    path = project / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_unit_tests_of_the_shop_pass_and_are_reported_as_junit(
    command: Command, bootstrapped_warehouse: Warehouse, tmp_path: Path
) -> None:
    command.use({"WAREHOUSE_URL": bootstrapped_warehouse.urls["owner"]})  # and no production
    lines = command.works("test", "--junit", str(tmp_path / "new/junit.xml")).splitlines()
    assert [line.split()[:2] for line in lines[:-2]] == [["✓", name] for name in SHOP_TESTS]
    assert lines[-1].startswith(f"{len(SHOP_TESTS)} unit tests passed in ")
    suite = ET.parse(tmp_path / "new/junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == (str(len(SHOP_TESTS)), "0")
    assert [case.get("name") for case in suite] == SHOP_TESTS
    assert bootstrapped_warehouse.tables() == []


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


UNREADABLE = [
    ("model: [", "it_holds.yaml: line 1: "),
    ("expect: []\n", "it_holds.yaml, line 1: model is missing"),
    ("model: gold.daily_sales\n", "it_holds.yaml, line 1: it expects nothing"),
    (
        "model: gold.daily_sales\nexpects: []\n",
        "it_holds.yaml, line 2: there is no entry expects; expect?",
    ),
    (DAILY.replace("orders: 1,", "orders: 1, orders: 2,"), "line 8: orders is given twice"),
    (DAILY.replace("- {date_key: 20260102", "{date_key: 20260102"), "line 8: expect should be a"),
]
THEN_REMOVED = DAILY + "then:\n  - removed: {gold.fact_sales: [{REMOVED}]}\n"
UNFIT = [
    ("model: gold.daily_sale\nexpect: []\n", 1, "no table or view gold.daily_sale is built"),
    ("model: bronze.raw_orders\nexpect: []\n", 1, "bronze.raw_orders is not built from tables"),
    (
        DAILY.replace("gold.fact_sales", "silver.clean_customers"),
        4,
        "gold.daily_sales does not read silver.clean_customers",
    ),
    (
        DAILY.replace("total_amount: 20", "total_amont: 20"),
        5,
        "gold.fact_sales has no column total_amont; total_amount?",
    ),
    (
        DAILY.replace("total_amount: 20", "total_amount: many"),
        5,
        'total_amount: invalid input syntax for type numeric: "many"',
    ),
    (
        DAILY.replace("revenue: 2", "revenu: 2"),
        8,
        "gold.daily_sales has no column revenu; revenue?",
    ),
    (DAILY.replace("revenue: 20.00", "_run_id: 1"), 8, "_run_id is set by the run"),
    (DAILY.replace("total_amount: 20", "total_amount: -1"), 5, "gold.fact_sales refuses this row"),
    (
        DAILY.replace("order_item_id: 2", "order_item_id: 1"),
        6,
        "gold.fact_sales: a row with this key is given on line 5",
    ),
    (DAILY + "rejected: []\n", 1, "rejected: gold.daily_sales is not in silver"),
    (THEN_REMOVED.replace("REMOVED", "order_item_id: 7"), 10, "gold.fact_sales has no such row"),
    (THEN_REMOVED.replace("REMOVED", "order_id: 1"), 10, "name the key of the row too"),
]


@pytest.mark.parametrize(("text", "words"), UNREADABLE)
def test_file_that_cannot_be_read_is_named_with_its_line(
    local: tuple[Command, Path], text: str, words: str
) -> None:
    command, project = local
    write(project, text)
    assert words in command.fails(2, "test")


def test_what_does_not_fit_the_tables_is_named_with_its_line(local: tuple[Command, Path]) -> None:
    command, project = local
    for number, (text, _, _) in enumerate(UNFIT):
        write(project, text, f"wrong_{chr(ord('a') + number)}")
    said = command("test")
    assert said.exit_code == 2
    for number, (_, line, words) in enumerate(UNFIT):
        path = f"sql/tests/wrong_{chr(ord('a') + number)}.yaml"
        assert f"{path}, line {line}: {words}" in said.out


def test_all_that_is_wrong_in_a_file_is_told_at_once_beside_tests_that_pass(
    local: tuple[Command, Path],
) -> None:
    command, project = local
    write(project, DAILY, "a_good_one")
    write(project, DAILY.replace("20260102", "soon").replace("revenue", "turnover"), "a_bad_one")
    said = command("test")
    assert said.exit_code == 2
    assert "✓ a_good_one" in said.out
    for words in ("line 5: date_key: ", "line 6: date_key: ", "no column turnover"):
        assert words in said.out


def test_deploy_names_a_unit_test_by_a_wrong_name_and_deploys_none(
    command: Command, warehouse: Warehouse, project: Path
) -> None:
    command.use(warehouse.environment)
    command.project(project)
    assert "Nothing to change." in command.works("deploy")
    (project / "sql/tests/it_holds.sql").write_text("SELECT 1")
    (project / "sql/tests/It-holds.yaml").write_text(DAILY)
    said = command.fails(2, "deploy")
    assert "sql/tests/it_holds.sql: a unit test is a file that ends in .yaml" in said
    assert "sql/tests/It-holds.yaml: the name of a unit test consists of" in said


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


FORMS = """\
/*
description: Forms.
grain: one form
key: form_id
columns:
  state: {accepted_values: [open, closed], not_null: true}
*/
SELECT
    order_id AS form_id,
    string_to_array(status, ' ') AS words,
    jsonb_build_object('n', customer_id) AS attributes,
    status AS state,
    order_date::date AS day,
    1.50 AS price
FROM bronze.raw_orders
"""
READ = """\
/*
description: Forms, read.
grain: one form
key: form_id
{more}*/
SELECT form_id, words, attributes, state, day, price, is_deleted
FROM silver.forms
"""


def test_values_are_literals_of_their_type_and_columns_without_one_have_a_default(
    local: tuple[Command, Path],
) -> None:
    command, project = local
    (project / "sql/silver/forms.sql").write_text(FORMS)
    (project / "sql/gold/forms.sql").write_text(READ.replace("{more}", ""))
    write(
        project,
        """\
model: gold.forms
given:
  silver.forms:
    - {form_id: 7, words: [a b, null, '"'], attributes: {n: 1, m: [x]}, state: closed, price: 2.5}
    - {words: '{c}', attributes: '{"n": 2}', day: 2026-01-02}
expect:
  - {form_id: 2, state: open, words: [c], attributes: {"n": 2}, day: 2026-01-02, price: null}
  - {form_id: 7, state: closed, words: [a b, null, '"'], attributes: {m: [x], n: 1}, price: 2.50,
     day: null, is_deleted: false}
""",
    )
    command.works("test")


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
