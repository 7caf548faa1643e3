"""Headers: what is read, and how mistakes are reported."""

from __future__ import annotations

import pytest

from fdwarehouse.compiler.tables.definition import is_definition, read_definition
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.header import Header

GOOD = """\
/*
description: Sales.
grain: one order item
key: order_item_id
columns:
  customer_key: {references: gold.dim_customers}
  order_id: The order.
  total_amount: {description: Revenue of the item., unit: EUR, check: total_amount >= 0}
*/

WITH live_items AS (SELECT * FROM silver.clean_order_items)

SELECT i.order_item_id FROM live_items AS i INNER JOIN silver.clean_orders AS o USING (order_id);
"""


def test_a_header_and_its_select_are_read() -> None:
    definition = read_definition("sql/gold/fact_sales.sql", GOOD)
    assert definition.header.key == ("order_item_id",)
    assert definition.header.columns["order_id"].description == "The order."
    assert definition.header.columns["total_amount"].comment == "Revenue of the item. Unit: EUR."
    assert definition.first_line == 11
    assert definition.select.startswith("WITH live_items")
    assert not definition.select.endswith(";")
    assert definition.reads == {("silver", "clean_order_items"), ("silver", "clean_orders")}


@pytest.mark.parametrize("text", ["-- Sales.\nSELECT 1", "/* Sales. */\nSELECT 1", "WITH a AS"])
def test_a_select_without_a_header_is_told_what_it_lacks(text: str) -> None:
    assert is_definition(text)
    with pytest.raises(FdwarehouseError, match=r"^sql/gold/sales\.sql, line 1: .*header"):
        read_definition("sql/gold/sales.sql", text)


@pytest.mark.parametrize(
    "text", ["-- SELECT\nCREATE VIEW a", "{{ gold.as_of('dim') }}", "/* SELECT */\nCREATE VIEW a"]
)
def test_a_template_is_no_definition(text: str) -> None:
    assert not is_definition(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("grain: one", "grian: one"), "line 2: grain: it is missing"),
        (
            ("{references: gold.dim", "{referencs: gold.dim"),
            "line 6: columns.customer_key.referencs",
        ),
        (
            ("references: gold.dim_customers", "references: dim"),
            "line 6: columns.customer_key.references",
        ),
        (("key: order_item_id", "key: []"), "name each column of the key once"),
        (("unit: EUR", "unit: [EUR]"), "line 8: columns.total_amount.unit"),
        (("grain: one order item", "grain: one: two"), "line 3: mapping values"),
        (("SELECT i.order_item_id FROM", "SELECT FROM FROM"), "line 13: syntax error"),
        (("SELECT i.order_item_id FROM live", "DELETE FROM live"), "line 13: syntax error"),
        (("silver.clean_orders AS", "clean_orders AS"), "line 13: clean_orders has no schema"),
        (("grain: one order item", "grain: one order item\ntype2: [a]"), "kind: dimension"),
        (("key: order_item_id", "key: a\npartitions: {by: b}"), "line 5: partitions.every: "),
        (("key: order_item_id", "key: a\npartitions: {every: year}"), "line 5: partitions.by: "),
        (("key: order_item_id", "key: a\npartitions: b"), "line 5: partitions: "),
        (("unit: EUR", "accepted_values: [yes, x]"), "YAML reads one of them as True"),
        (("unit: EUR", "accepted_values: x"), "write a list"),
        (("unit: EUR", "type: texxt("), "columns.total_amount.type: texxt( is not a type"),
        (("unit: EUR", "type: text; DROP"), "columns.total_amount.type: text; DROP is not a type"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(change: tuple[str, str], message: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(FdwarehouseError) as error:
        read_definition("sql/gold/fact_sales.sql", GOOD.replace(*change))
    assert str(error.value).startswith("sql/gold/fact_sales.sql")
    assert message in str(error.value)


def test_a_name_leaves_room_for_those_that_are_made_of_it() -> None:
    read_definition(f"sql/gold/{'a' * 52}.sql", GOOD)
    with pytest.raises(FdwarehouseError, match="at most 52 characters"):
        read_definition(f"sql/gold/{'a' * 53}.sql", GOOD)


def test_two_statements_are_refused() -> None:
    with pytest.raises(
        FdwarehouseError, match="line 11: after the header there must be one SELECT"
    ):
        read_definition("sql/gold/fact_sales.sql", GOOD + "SELECT 1")


def test_editors_get_a_json_schema() -> None:
    schema = Header.model_json_schema()
    assert set(schema["required"]) == {"description", "grain", "key"}
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Partitions"]["properties"]["every"]["enum"] == ["year", "month"]
