"""The indexes that writers need: as few as serve all lookups."""

import pytest

from fdwarehouse.compiler.deltas.indexes import Index, without_redundant
from tests.harness import Warehouse


def index(*columns: str, is_ordered: bool = False) -> Index:
    return Index("gold", "sales", columns, is_ordered=is_ordered)


@pytest.mark.parametrize(
    ("wanted", "made"),
    [
        ([index("a"), index("a", "b")], [("a", "b")]),
        ([index("b"), index("a", "b")], [("b", "a")]),
        ([index("c"), index("b", "c"), index("a", "b", "c")], [("c", "b", "a")]),
        ([index("a"), index("b"), index("a", "b")], [("a", "b"), ("b",)]),
        ([index("b"), index("a", "b", is_ordered=True)], [("a", "b"), ("b",)]),
        ([index("a", "b"), index("a", "b", is_ordered=True)], [("a", "b")]),
        ([index("a", "b"), index("b", "c")], [("a", "b"), ("b", "c")]),
    ],
)
def test_one_index_serves_lookups_of_which_each_has_the_columns_of_the_one_before(
    wanted: list[Index], made: list[tuple[str, ...]]
) -> None:
    assert sorted(i.columns for i in without_redundant(wanted).values()) == sorted(made)


def test_columns_that_others_decide_are_not_looked_up_by(warehouse: Warehouse) -> None:
    definitions = warehouse.column(
        "SELECT substring(pg_get_indexdef(indexrelid) from '\\((.*)\\)') FROM pg_index "
        "WHERE indrelid = ANY('{gold.fact_sales,silver.clean_order_items}'::regclass[]) "
        "AND NOT indisunique"
    )
    # The customer and the date of a sale are those of its order.
    assert sorted(definitions) == [
        *("_run_id", "_run_id", "customer_id, order_date", "date_key, customer_id", "order_id"),
        *("order_id, product_id", "product_id, customer_id", "product_id, order_date"),
    ]


def test_a_sale_as_of_a_time_has_one_version_of_its_customer(warehouse: Warehouse) -> None:
    body = warehouse.value("SELECT prosrc FROM pg_proc WHERE proname = 'write_fact_sales'")
    assert "duplicate_keys" not in body
