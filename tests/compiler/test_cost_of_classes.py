"""The cost in rows and pages depends on the change, for every incremental class of SELECT.

Each shape is maintained in two databases, one ten times as large as the other. The same few rows of
each table change in both, and the writers must read as much in the large one as in the small one.
"""

from __future__ import annotations

import psycopg
import pytest

from tests.compiler.shapes import SHAPES
from tests.compiler.volumes import Cost, Volume
from tests.servers import Servers

SIZES = {"small": 2_000, "large": 20_000}

# The classes of docs/incremental.md, with shapes. A cross join is not among them: a changed row
# affects all rows of the other table.
BY_CLASS = {
    "inner join": "german_items comma_join sale_codes key_of_two_tables",
    "left join": "fact_sales orders_wide orders_in_euro unpaid_orders both_schemas",
    "right join": "right_join",
    "self join": "antijoin_null odd_aliases",
    "join on an expression": "join_on_expression case_of_lookups",
    "as-of join": "two_versions orders_as_of members_as_of asof_range known_orders",
    "GROUP BY, counted": "daily_sales lifetime_value product_performance status_of_known referrals",
    "GROUP BY, several columns": "cte_names_counted running_balance",
    "GROUP BY, read again": "order_lines scores agg_order amount_sums jsonb_group",
    "GROUP BY of groups": "ledger order_balance",
    "HAVING": "good_customers having_distinct",
    "DISTINCT": "bought_together churn",
    "DISTINCT ON": "latest_order distinct_on_desc",
    "window": "order_numbers nth_order null_partitions frames sessions window_over_group",
    "top of each": "top_of_month deduplicated",
    "UNION ALL": "timeline star_union constants",
    "UNION, INTERSECT": "active_in_both intersect_all",
    "EXCEPT": "never_paid except_all",
    "EXISTS": "open_orders",
    "IN": "vip_orders",
    "ALL": "dearer_than_all",
    "scalar subquery": "subqueries next_order",
    "LATERAL": "lateral_cte lateral_group lateral_limit_ties event_tags",
    "CTE": "overpaid_orders star_ctes cte_names",
    "derived table": "totals_filtered order_funnel",
    "VALUES": "values_join mapped_lookup",
    "view": "over_a_view state_of_customers",
    "types without equality": "json_body jsonb_cols arrays",
    "table of another SELECT": "items_of_fact names_of_good",
}
WANTED = dict.fromkeys(name for names in BY_CLASS.values() for name in names.split())
BEFORE = [name for name in SHAPES if any(SHAPES[wanted].reads(name) for wanted in WANTED)]


DROPPED = ("silver.clean_orders", "customer_id")
WITHOUT_INDEX = ("latest_order", "nth_order", "agg_order", "known_orders")
"""Some of what needs it."""

Costs = dict[str, dict[str, Cost]]


@pytest.fixture(scope="module")
def costs(servers: Servers) -> Costs:
    found: Costs = {}
    for size, rows in SIZES.items():
        name = servers.create_database("warehouse", "bare")
        url = servers.url("warehouse", "admin", name)
        with psycopg.connect(url, autocommit=True) as connection:
            volume = Volume(connection, rows, dict.fromkeys([*BEFORE, *WANTED]))
            found[size] = {shape: volume.cost(shape) for shape in volume.kept}
            if size == "small":
                wrong = {n: d for n, k in volume.kept.items() if (d := volume.keeper.difference(k))}
                assert wrong == {}
            # The same changes again: everything is up to date, but must be looked up to know.
            volume.drop_indexes(*DROPPED)
            found[f"{size} without index"] = {s: volume.cost(s) for s in WITHOUT_INDEX}
        servers.drop_database("warehouse", name)
    return found


def follows_the_change(small: Cost, large: Cost) -> bool:
    """Check for growth beyond the cost of a deeper index.

    In small tables a writer may read all of a few pages instead of looking rows up; so there is a
    limit besides the ratio. A row that an index finds costs up to four pages.
    """
    are_few = large.all_rows <= min(1.5 * small.all_rows + 20, SIZES["large"] / 10)
    return are_few and large.pages <= max(1.5 * small.pages + 50, 4 * large.all_rows + 100)


@pytest.mark.parametrize("shape", WANTED)
def test_a_writer_reads_no_more_in_larger_tables(costs: Costs, shape: str) -> None:
    small, large = costs["small"][shape], costs["large"][shape]
    assert follows_the_change(small, large), (small, large)


@pytest.mark.parametrize("shape", WITHOUT_INDEX)
def test_an_index_left_out_is_seen(costs: Costs, shape: str) -> None:
    small, large = costs["small without index"][shape], costs["large without index"][shape]
    assert not follows_the_change(small, large)
