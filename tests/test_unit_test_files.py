"""Unit tests: what their files can say, and what is wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import Command
from tests.harness import Warehouse
from tests.unit_test_project import DAILY, write

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
