"""G2 atomic publish: gold changes in one commit, if all checks pass, and readers never wait."""

from pathlib import Path

import psycopg
import pytest

from tests.harness import Row, Shop, Warehouse, failing
from tests.test_models import GOLD, sell

BARGAINS = "SELECT order_item_id, unit_price FROM {} WHERE unit_price < 1"


def add_check(project: Path, layer: str, severity: str, table: str) -> None:
    header = f"-- layer: {layer}\n-- severity: {severity}\n-- Nothing is given away.\n"
    (project / "sql/checks/no_bargains.sql").write_text(header + BARGAINS.format(table))


def result_of(warehouse: Warehouse, check: str) -> Row:
    query = """
        SELECT severity, offending_rows, sample_rows, passed FROM etl.check_results
        WHERE run_id = %s AND check_name = %s
    """
    (row,) = warehouse.rows(query, [warehouse.last_run(), check])
    return row


@pytest.mark.parametrize(
    ("layer", "table"), [("gold", "gold.fact_sales"), ("silver", "silver.clean_order_items")]
)
def test_g2_failing_check_of_severity_error_keeps_the_old_star(
    shop: Shop, warehouse: Warehouse, project: Path, layer: str, table: str
) -> None:
    add_check(project, layer, "error", table)
    warehouse.deploy(project)
    sell(shop, 1)
    warehouse.run()
    assert result_of(warehouse, "no_bargains") == ("error", 0, [], True)
    star = warehouse.row_versions("gold")

    shop.force("UPDATE order_items SET unit_price = 0.5, updated_at = now()")
    sell(shop, 2)
    with failing("DW002", 'no_bargains: 1 rows, such as {"unit_price": 0.50, "order_item_id": 1}'):
        warehouse.run()
    assert warehouse.row_versions("gold") == star
    sample = [{"order_item_id": 1, "unit_price": 0.5}]
    assert result_of(warehouse, "no_bargains") == ("error", 1, sample, False)
    steps = warehouse.rows(
        """
        SELECT layer, status, error_code, error LIKE '%%no_bargains%%', count(*) FROM etl.steps
        WHERE run_id = %s GROUP BY 1, 2, 3, 4 ORDER BY min(position)
        """,
        [warehouse.last_run()],
    )
    assert steps == [
        ("source", "succeeded", None, None, 1),
        ("bronze", "succeeded", None, None, 4),
        ("silver", "succeeded", None, None, 4),
        ("gold", "rolled_back", None, True, len(GOLD)),
    ]
    query = "SELECT status, error LIKE 'check no_bargains failed%%' FROM etl.runs WHERE run_id = %s"
    assert warehouse.rows(query, [warehouse.last_run()]) == [("failed", True)]

    shop.execute("UPDATE order_items SET unit_price = 7 WHERE order_item_id = 1")
    warehouse.run()
    assert warehouse.rows("SELECT order_item_id, unit_price FROM gold.fact_sales ORDER BY 1") == [
        (1, 7),
        (2, 5),
    ]


def test_g2_a_failed_table_names_itself_at_those_that_it_rolls_back_or_prevents(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    warehouse.execute("ALTER TABLE gold.fact_sales ADD CONSTRAINT broken CHECK (false)")
    with failing("23514", "broken"):
        warehouse.run()
    steps = warehouse.rows(
        "SELECT status, position < min(position) FILTER (WHERE model = 'gold.fact_sales') OVER (), "
        "model = 'gold.fact_sales', error LIKE '%broken%', error, error_code "
        "FROM etl.steps WHERE layer = 'gold'"
    )
    assert {row[:4] for row in steps} == {
        ("rolled_back", True, False, False),
        ("failed", False, True, True),
        ("skipped", False, False, False),
    }
    reason = ("gold.fact_sales failed", None)
    assert {row[4:] for row in steps if row[0] != "failed"} == {reason}
    warehouse.execute("ALTER TABLE gold.fact_sales DROP CONSTRAINT broken")
    warehouse.run()
    assert set(warehouse.column("SELECT status FROM etl.steps WHERE run_id = 2")) == {"succeeded"}


def test_g2_a_check_that_cannot_be_evaluated_rolls_back_what_was_right(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    warehouse.execute(
        "CREATE OR REPLACE FUNCTION etl.check_fact_sales_joins_dimensions(p_since_run_id bigint) "
        "RETURNS SETOF jsonb LANGUAGE sql STABLE AS 'SELECT to_jsonb(1 / (p_since_run_id * 0))'"
    )
    with failing("22012", "check fact_sales_joins_dimensions cannot be evaluated"):
        warehouse.run()
    reason = "check fact_sales_joins_dimensions cannot be evaluated: division by zero"
    states = warehouse.rows("SELECT DISTINCT status, error FROM etl.steps WHERE layer = 'gold'")
    assert states == [("rolled_back", reason)]


def test_g2_a_run_of_several_sessions_names_the_check_and_holds_back_what_reads_rolled_back_rows(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    add_check(project, "gold", "error", "gold.fact_sales")
    warehouse.deploy(project)
    sell(shop, 1)
    shop.force("UPDATE order_items SET unit_price = 0.5, updated_at = now()")
    warehouse.call("etl.start_run()")
    warehouse.call("etl.extract_and_load_bronze()")
    warehouse.call("etl.build_silver()")
    with failing("DW002", "no_bargains"):
        warehouse.call("etl.build_gold()")
    with failing("DW020", "held back by gold."):
        warehouse.call("gold.build_daily_sales()")
    with failing("DW007", "check no_bargains failed"):
        warehouse.call("etl.finish_run()")
    assert warehouse.column("SELECT error FROM etl.runs")[0].startswith("check no_bargains failed")


def test_failing_check_of_severity_warn_is_only_noted(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    add_check(project, "gold", "warn", "gold.fact_sales")
    warehouse.deploy(project)
    for number in range(1, 8):
        sell(shop, number)
    shop.force("UPDATE order_items SET unit_price = 0.5")
    warehouse.run()
    severity, offending_rows, sample, passed = result_of(warehouse, "no_bargains")
    assert (severity, offending_rows, passed) == ("warn", 7, False)
    sampled = {row["order_item_id"] for row in sample}
    assert len(sampled) == 5
    assert sampled < {1, 2, 3, 4, 5, 6, 7}
    assert warehouse.value("SELECT status FROM etl.runs") == "succeeded"
    assert warehouse.value("SELECT sum(total_amount) FROM gold.fact_sales") == 7


def test_checks_of_a_run_look_at_what_it_changed_and_on_their_own_at_everything(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    add_check(project, "gold", "warn", "gold.fact_sales")
    check = project / "sql/checks/no_bargains.sql"
    check.write_text(check.read_text() + " AND _run_id > p_since_run_id")
    warehouse.deploy(project)
    sell(shop, 1)
    shop.force("UPDATE order_items SET unit_price = 0.5")
    warehouse.run()
    assert result_of(warehouse, "no_bargains")[1] == 1
    warehouse.execute("DELETE FROM etl.check_results")  # it does not look again at what it found
    warehouse.run()
    assert result_of(warehouse, "no_bargains")[1] == 0
    warehouse.call("etl.run_checks()")
    assert result_of(warehouse, "no_bargains")[1] == 1
    everything = warehouse.column("SELECT check_name FROM etl.checks")
    run = "SELECT check_name, since_run_id FROM etl.check_results WHERE run_id = %s"
    results: dict[str, int] = dict(warehouse.rows(run, [warehouse.last_run()]))
    assert results == dict.fromkeys(everything, 0)


@pytest.mark.parametrize("loads_before", [0, 1])
def test_g2_readers_see_the_old_star_until_the_new_one_is_there_and_never_wait(
    shop: Shop, warehouse: Warehouse, loads_before: int
) -> None:
    def star(reader: psycopg.Connection) -> dict[str, list[Row]]:
        return {
            table: reader.execute(f"SELECT t FROM gold.{table} AS t ORDER BY 1").fetchall()
            for table in GOLD
        }

    for number in range(loads_before):
        sell(shop, number + 1)
        warehouse.run()
    sell(shop, 3, date="2023-05-05")
    with (
        warehouse.connect("analyst", autocommit=True) as reader,
        warehouse.connect("analyst") as long_reader,
        warehouse.connect("admin") as holder,
    ):
        reader.execute("SET lock_timeout = '200ms'")
        long_reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = star(reader)
        assert star(long_reader) == before
        if not loads_before:
            long_reader.rollback()  # a first load waits a while for sessions that read nothing
        last = "SELECT FROM etl.pipeline_steps WHERE model = 'gold.cohort_retention' FOR UPDATE"
        holder.execute(last)  # its step waits for it
        run = warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        assert star(reader) == before
        holder.rollback()
        run.result()
        after = star(reader)
        assert {table for table in GOLD if after[table] == before[table]} == set()
        if loads_before:
            assert star(long_reader) == before


def test_g2_what_a_constraint_refuses_at_the_end_is_logged_as_an_error(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.execute(
        "CREATE TABLE gold.ours (date_key int PRIMARY KEY)",
        "ALTER TABLE gold.daily_sales ADD CONSTRAINT ours FOREIGN KEY (date_key) "
        "REFERENCES gold.ours DEFERRABLE INITIALLY DEFERRED",
    )
    warehouse.run()
    sell(shop, 1)
    with failing("23503", "ours"):
        warehouse.run()
    assert warehouse.rows("SELECT * FROM gold.fact_sales") == []
    failed = "SELECT status, error LIKE '%%violates foreign key%%' FROM etl.runs WHERE run_id = %s"
    assert warehouse.rows(failed, [warehouse.last_run()]) == [("failed", True)]
    warehouse.execute("DROP TABLE gold.ours CASCADE")
    warehouse.run()
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10]


def test_key_check_finds_twins_and_nulls_in_what_changed_and_in_everything(
    shop: Shop, bootstrapped_warehouse: Warehouse, by_hand: Path
) -> None:
    warehouse = bootstrapped_warehouse
    warehouse.deploy(by_hand)
    sell(shop, 1)
    first = warehouse.run()
    sell(shop, 2)
    second = warehouse.run()
    for statement in (
        "DROP CONSTRAINT clean_orders_pkey",
        "ALTER order_id DROP NOT NULL",
    ):
        warehouse.execute(f"ALTER TABLE silver.clean_orders {statement}")
    warehouse.execute(
        "INSERT INTO silver.clean_orders TABLE silver.clean_orders",
        f"UPDATE silver.clean_orders SET order_id = NULL WHERE order_id = 1 AND _run_id = {first}",
    )
    sold_twice, without = [("2", "2")], [(None, "1"), (None, "1")]
    found = """
        SELECT r ->> 'order_id', r ->> 'rows_with_it'
        FROM etl.check_clean_orders_key(%s) AS r ORDER BY 1
    """
    assert warehouse.rows(found, [first]) == sold_twice
    assert warehouse.rows(found, [0]) == sold_twice + without
    assert warehouse.rows(found, [second]) == []
