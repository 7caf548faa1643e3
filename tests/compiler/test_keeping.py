"""G3 for tables that are one SELECT: after every run, a table equals its SELECT, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from fdwarehouse.compiler.tables.plan import Method
from tests.compiler.cases import CASES, Case, wrong_after
from tests.compiler.keeping import Keeper
from tests.compiler.lint import problems_of
from tests.compiler.mutants import MUTANTS, Mutant, mutated, wrong_shapes
from tests.compiler.shapes import CLASSES, SHAPES
from tests.servers import Servers

# Eight series; `pytest --hypothesis-profile=thorough` runs three hundred.
SERIES = 8 if settings.default is None or settings.default.max_examples < 100 else 300
# Lines that are too long, and layouts that sqlfluff reports.
NOT_CLEAN_YET = {
    *("cohorts", "calendar", "sessions", "subqueries", "last_payment", "event_tags", "ledger"),
    *("key_of_two_tables", "daily_sales", "lifetime_value", "nullable_groups"),
    *("product_performance", "revenue_by_country", "category_months", "good_customers"),
    *("stock", "referrals", "status_of_known"),
}


@pytest.fixture(scope="module", params=["counted", "computed"])
def keeper(servers: Servers, request: pytest.FixtureRequest) -> Iterator[Keeper]:
    url = servers.url("warehouse", "admin", servers.create_database("warehouse", "bare"))
    with psycopg.connect(url, autocommit=True) as connection:
        yield Keeper(connection, counts=request.param == "counted")


def test_there_are_shapes_of_every_kind(keeper: Keeper) -> None:
    full = {n for n, k in keeper.kept.items() if k.plan.method is Method.FULL}
    assert full == {n for n, s in SHAPES.items() if s.is_full}
    assert len(SHAPES) - len(full) >= 70


@pytest.mark.parametrize("seed", range(SERIES))
def test_g3_a_table_kept_up_is_its_select(keeper: Keeper, seed: int) -> None:
    result = keeper.series(seed)
    assert result.wrong == {}
    assert result.refreshes > 200


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.shape)
def test_g3_changes_that_chance_seldom_makes(keeper: Keeper, case: Case) -> None:
    assert wrong_after(keeper, case) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_rule_can_be_left_out(mutant: Mutant, tmp_path: Path) -> None:
    assert mutated(mutant, tmp_path) == tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_rule_left_out_is_seen(mutant: Mutant, servers: Servers, tmp_path: Path) -> None:
    name = servers.create_database("warehouse", "bare")
    assert wrong_shapes(mutant, servers.url("warehouse", "admin", name), tmp_path) != []
    servers.drop_database("warehouse", name)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("full_join", "full: FULL JOIN (line 2)"),
        ("everything", "full: an aggregate over everything (line 1)"),
        ("latest_three", "full: LIMIT or OFFSET over everything (line 1)"),
        ("global_rank", "full: a window without PARTITION BY (line 1)"),
        ("rollup", "full: GROUPING SETS, ROLLUP or CUBE (line 3)"),
        (
            "names_of_good",
            "incremental by customer_id from gold.good_customers, silver.clean_customers",
        ),
        ("nth_order", "incremental by customer_id from silver.clean_orders"),
    ],
)
def test_a_plan_says_how_and_why(keeper: Keeper, shape: str, said: str) -> None:
    assert keeper.kept[shape].plan.describe() == said


@pytest.mark.parametrize("shape", ["fact_sales", "latest_order", "product_performance", "ledger"])
def test_an_update_of_what_is_not_read_affects_nothing(keeper: Keeper, shape: str) -> None:
    keeper.reset()
    kept = keeper.kept[shape]
    keeper.refresh(kept, 1, 0)
    assert keeper.refresh(kept, 2, 1) == 0


@pytest.mark.parametrize("shape", sorted(set(CLASSES) - NOT_CLEAN_YET)[::6])
def test_a_writer_reads_as_if_written_by_hand(keeper: Keeper, shape: str) -> None:
    functions = keeper.kept[shape].sql.split("CREATE FUNCTION ")[1:]
    assert [problems_of(f"CREATE FUNCTION {text}") for text in functions] == [[]] * len(functions)
