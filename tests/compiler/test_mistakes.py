"""Mistakes in tables that are one SELECT are reported with file and line, or by the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from tests.compiler.test_deployed import LINES, TOTALS, write
from tests.harness import Shop, Warehouse, failing
from tests.test_models import sell


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LINES.replace("o.status,", "o.state,"), "line 13: column o.state does not exist"),
        (LINES.replace("silver.clean_orders", "silver.clean_order"), "does not exist"),
        (
            LINES.replace("key: order_item_id", "key: item_id"),
            "key: the SELECT has no column item_id",
        ),
        (LINES.replace("o.status,", "'today'::date AS day, o.status,"), "the day of the deploy"),
        (
            LINES.replace("o.status,", "o.order_date < 'yesterday' AS is_old, o.status,"),
            "line 13: 'yesterday' would be the day of the deploy",
        ),
        (
            LINES.replace("o.status,", "random() AS chance, o.status,"),
            "line 13: random() is volatile",
        ),
        (LINES.replace("o.status,", "o.status, 1 + 1,"), "of the SELECT has no name"),
        (LINES.replace("silver.clean_orders", "gold.order_lines"), "depends on itself"),
        (
            LINES.replace("i.order_item_id,", "to_json(i.order_item_id) AS order_item_id,"),
            "key: data type json has no default operator class",
        ),
        (LINES.replace("o.status,", "o.status, 1 AS sign,"), "a reserved name"),
        (
            LINES.replace("JOIN silver.clean_orders", "JOIN gold.customer_totals"),
            "depend on one another",
        ),
        (LINES.replace("amount >= 0", "amounts >= 0"), "amounts"),
    ],
)
def test_a_mistake_is_told_and_nothing_deployed(
    warehouse: Warehouse, project: Path, text: str, message: str
) -> None:
    write(project, order_lines=text, customer_totals=TOTALS)
    with pytest.raises(FdwarehouseError) as error:
        warehouse.deploy(project)
    assert message in str(error.value)
    assert "sql/gold/" in str(error.value)
    assert warehouse.rows("SELECT to_regclass('gold.order_lines')") == [(None,)]


def test_a_key_that_the_select_has_twice_is_told_in_a_first_build_too(
    warehouse: Warehouse, project: Path, shop: Shop
) -> None:
    write(project, order_lines=LINES.replace("key: order_item_id", "key: status"))
    warehouse.deploy(project)
    sell(shop, 1)
    sell(shop, 2)
    with failing("DW014", "gold.order_lines"):
        warehouse.run()
