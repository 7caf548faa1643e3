"""What happens in the main deployment while an environment beside it reads its bronze."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from fdwarehouse.errors import FdwarehouseError
from tests.harness import Warehouse, failing, fence_alone
from tests.test_beside import Beside, dev
from tests.test_forgetting import traces
from tests.test_models import sell

__all__ = ["dev"]


def rename(warehouse: Warehouse, name: str) -> None:
    warehouse.shop.execute(f"UPDATE customers SET full_name = '{name}' WHERE customer_id = 1")


def names(warehouse: Warehouse) -> list[str]:
    """The present name of customer 1 in silver and gold of dev."""
    query = "SELECT full_name FROM {} WHERE customer_id = 1"
    return warehouse.column(query.format("dev_silver.clean_customers")) + warehouse.column(
        query.format("dev_gold.dim_customers") + " ORDER BY valid_from DESC LIMIT 1"
    )


@pytest.fixture
def sold(dev: Beside) -> Beside:
    """Both have read customer 1, Mona, who has bought something; customer 2 too."""
    sell(dev.warehouse.shop, 1)
    sell(dev.warehouse.shop, 2)
    rename(dev.warehouse, "Mona Lisa")
    dev.warehouse.run()
    dev.run()
    return dev


def test_no_run_begins_while_one_of_the_main_deployment_is_open(sold: Beside) -> None:
    warehouse = sold.warehouse
    with fence_alone(warehouse) as run_id:
        rename(warehouse, "Mona")
        with failing("DW001", f"run {run_id} of the main deployment is in progress"):
            sold.run()
        warehouse.call(f"etl.extract_and_load_bronze({run_id})")
    sold.run()
    assert names(warehouse) == ["Mona", "Mona"]
    warehouse.call("etl.start_run(p_lease => '0')")  # it could be continued
    with failing("DW001", "CALL etl.abandon_run"):
        sold.run()
    warehouse.call(f"etl.abandon_run({warehouse.last_run()})")
    sold.run()
    assert sold.differences() == []


def test_main_deployment_waits_for_no_run(sold: Beside) -> None:
    """Its run begins and ends while dev builds a table, which then has rows of one snapshot."""
    warehouse = sold.warehouse
    rename(warehouse, "Mona")
    warehouse.run()
    with warehouse.connect("owner") as blocking:
        blocking.execute("LOCK TABLE dev_silver.clean_customers IN EXCLUSIVE MODE")
        waiting = warehouse.begin("dev_etl.run_pipeline()")
        waiting.wait_until_blocked()
        rename(warehouse, "Lisa")
        sell(warehouse.shop, 3)
        main_run = warehouse.run()
    with failing("DW001", f"run {main_run} of the main deployment has begun"):
        waiting.result()
    assert names(warehouse) == ["Mona", "Mona Lisa"]  # of the snapshot; gold was not reached
    assert warehouse.value("SELECT count(*) FROM dev_silver.clean_orders") == 2
    sold.run()
    assert names(warehouse) == ["Lisa", "Lisa"]
    assert sold.differences() == []


def test_rows_of_a_failed_run_are_read_once_and_for_all(sold: Beside) -> None:
    """Bronze has committed, the rest has failed, with a lower run id than dev's next run."""
    warehouse = sold.warehouse
    rename(warehouse, "Mona")
    with warehouse.connect("owner") as blocking:
        blocking.execute("LOCK TABLE silver.clean_customers IN EXCLUSIVE MODE")
        failing_run = warehouse.begin("etl.run_pipeline()")
        failing_run.wait_until_blocked()
        warehouse.execute(f"SELECT pg_terminate_backend({failing_run.pid})", role="admin")
        with pytest.raises(Exception, match=r"terminating|closed|lost"):
            failing_run.result()
    with failing("DW001"):  # nobody has ended it yet
        sold.run()
    warehouse.call(f"etl.abandon_run({warehouse.last_run()})")
    sold.run()
    assert names(warehouse) == ["Mona", "Mona"]
    assert warehouse.value(
        "SELECT full_name FROM silver.clean_customers WHERE customer_id = 1"
    ) == ("Mona Lisa")
    warehouse.run()
    sold.run()
    assert sold.differences() == []
    (counts,) = warehouse.rows(
        "SELECT rows_read, rows_updated FROM dev_etl.steps WHERE model = "
        "'dev_silver.clean_customers' ORDER BY run_id DESC LIMIT 1"
    )
    assert counts == (0, 0)


def test_forgotten_row_leaves_with_the_next_run(sold: Beside) -> None:
    warehouse = sold.warehouse
    warehouse.shop.execute("UPDATE customers SET email = '' WHERE customer_id = 1")
    warehouse.run()
    sold.run()  # the version is rejected, and a check warns with a sample of it
    warehouse.execute("ANALYZE")
    schemas = ("dev_etl", "dev_silver", "dev_gold")
    assert traces(warehouse, "Mona", schemas=schemas)
    warehouse.call("etl.forget('production.customers', '1')", role="owner")
    sold.run()
    assert traces(warehouse, "Mona", schemas=schemas) == []
    assert sold.full_steps() == {True}
    assert sold.differences() == []
    sold.run()
    assert sold.full_steps() == {False}


def test_pruned_history_is_computed_again(sold: Beside) -> None:
    warehouse = sold.warehouse
    rename(warehouse, "Mona")
    warehouse.run()
    sold.run()
    assert warehouse.value("SELECT count(*) FROM dev_gold.dim_customers WHERE customer_id = 1") == 2
    warehouse.call("etl.prune_bronze('0')", role="owner")
    warehouse.run()
    sold.run()
    assert sold.full_steps() == {True}
    assert sold.differences() == []
    assert warehouse.value("SELECT count(*) FROM dev_gold.dim_customers WHERE customer_id = 1") == 1
    sold.run()
    assert sold.full_steps() == {False}


def test_deploy_of_the_main_deployment_makes_the_next_run_full(sold: Beside, project: Path) -> None:
    warehouse = sold.warehouse
    file = project / "sql/gold/daily_sales.sql"
    file.write_text(file.read_text().replace("sum(total_amount)", "2 * sum(total_amount)", 1))
    warehouse.deploy(project)
    warehouse.run()
    sold.run()
    assert sold.full_steps() == {True}
    assert sold.differences() == ["gold.daily_sales"]
    with warehouse.connect("owner") as deploying:
        deploying.execute("LOCK TABLE etl.gate IN EXCLUSIVE MODE")
        with failing("DW006", "a deploy of the main deployment is under way"):
            sold.run()


def test_deploy_of_the_main_deployment_waits_for_no_deploy_at_the_same_time(sold: Beside) -> None:
    with sold.warehouse.connect("owner") as deploying:
        deploying.execute("LOCK TABLE etl.gate IN ROW SHARE MODE")
        with pytest.raises(FdwarehouseError, match="in use"):
            sold.warehouse.deploy(wait="0 seconds")


def test_other_release_is_refused(sold: Beside, project: Path) -> None:
    warehouse = sold.warehouse
    warehouse.execute(
        "UPDATE etl.migrations SET checksum = 'x' WHERE migration ~ '0001'", role="owner"
    )
    with failing("DW024", "another release"):
        sold.run()
    (project / "sql/gold/daily_sales.sql").unlink()
    with pytest.raises(FdwarehouseError, match="another release") as refused:
        sold.deploy(project)
    assert "the main deployment first" in str(refused.value.hint)


def test_project_that_extracts_other_columns_is_refused(sold: Beside, project: Path) -> None:
    path = project / "warehouse.yaml"
    config = yaml.safe_load(path.read_text())
    config["sources"]["production"]["tables"]["customers"]["mask"] = {"full_name": "hash"}
    path.write_text(yaml.safe_dump(config))
    with pytest.raises(FdwarehouseError, match=r"customers\.full_name is missing there") as refused:
        sold.deploy(project)
    assert "Deploy warehouse.yaml and contracts/ to the main deployment first" in str(
        refused.value.hint
    )


def test_environment_needs_a_main_deployment(bootstrapped_warehouse: Warehouse) -> None:
    with pytest.raises(FdwarehouseError, match="there is no main deployment in database"):
        Beside(bootstrapped_warehouse).deploy()
    assert not bootstrapped_warehouse.rows("SELECT FROM pg_namespace WHERE nspname ~ '^dev_'")


def test_value_that_reads_like_a_name_is_refused(dev: Beside, project: Path) -> None:
    file = project / "sql/silver/clean_customers.sql"
    file.write_text(f"{file.read_text().rstrip()}\nWHERE full_name <> 'gold.card'\n")
    with pytest.raises(FdwarehouseError, match=r"'gold\.card' would be another value") as refused:
        dev.deploy(project)
    assert "'gold' || '.card'" in str(refused.value.hint)


def test_migration_of_bronze_is_refused(dev: Beside, project: Path) -> None:
    (project / "migrations/0005_bronze.sql").write_text(
        "-- bronze\nALTER TABLE bronze.raw_orders ADD COLUMN more integer;\n"
    )
    with pytest.raises(FdwarehouseError, match=r"0005_bronze\.sql names bronze"):
        dev.deploy(project)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DO $$BEGIN EXECUTE format('DELETE FROM %I.watermarks', 'etl'); END$$;", "changed"),
        ("CREATE VIEW silver.other AS SELECT * FROM gold . fact_sales;", "uses gold.fact_sales"),
    ],
)
def test_name_that_is_not_renamed_changes_nothing(
    sold: Beside, project: Path, statement: str, problem: str
) -> None:
    (project / "migrations/0005_more.sql").write_text(f"{statement}\n")
    before = sold.warehouse.row_versions("etl")
    with pytest.raises(FdwarehouseError, match=problem):
        sold.deploy(project)
    assert sold.warehouse.row_versions("etl") == before


def test_environment_of_tables_by_hand(beside: Warehouse, by_hand: Path) -> None:
    beside.run()
    dev = Beside(beside)
    dev.deploy(by_hand)
    dev.run()
    columns = "order_item_id, quantity, total_amount"
    for table in ("silver.clean_orders", "gold.daily_sales"):
        rows = "SELECT to_jsonb(t) - '_run_id' - '_inserted_run_id' FROM {} AS t ORDER BY 1"
        assert beside.rows(rows.format(table)) == beside.rows(rows.format(f"dev_{table}")) != []
    sales = f"SELECT {columns} FROM {{}} ORDER BY 1"
    assert beside.rows(sales.format("gold.fact_sales")) == beside.rows(
        sales.format("dev_gold.fact_sales")
    )


def test_table_that_failed_holds_back_what_is_built_on_it(sold: Beside) -> None:
    warehouse = sold.warehouse
    warehouse.shop.execute("REVOKE SELECT ON customers FROM warehouse_reader")
    sell(warehouse.shop, 3)
    with failing("42501"):
        warehouse.run()
    with failing("DW020", "held back by bronze.raw_customers"):
        sold.run()
    assert warehouse.value("SELECT count(*) FROM dev_silver.clean_orders") == 3
    assert warehouse.value("SELECT count(*) FROM dev_gold.fact_sales") == 2
    warehouse.shop.execute("GRANT SELECT ON customers TO warehouse_reader")
    warehouse.run()
    sold.run()
    assert sold.differences() == []


def test_type_of_a_column_that_is_read_can_change_when_the_environment_is_gone(
    sold: Beside, project: Path
) -> None:
    contract = project / "contracts/production.yaml"
    text = contract.read_text()
    assert "full_name" in text
    sold.warehouse.shop.execute("ALTER TABLE customers ALTER COLUMN full_name TYPE varchar(500)")
    contract.write_text(_with_type(text, "full_name", "character varying(500)"))
    with pytest.raises(FdwarehouseError, match="used by a view") as refused:
        sold.warehouse.deploy(project)
    assert "the schemas of the environment" in str(refused.value.hint)
    sold.warehouse.execute("DROP SCHEMA dev_gold, dev_silver, dev_etl CASCADE", role="owner")
    sold.warehouse.deploy(project)
    sold.deploy(project)


def _with_type(contract: str, column: str, data_type: str) -> str:
    return re.sub(rf"(\s{column}: {{type: )'[^']*'", rf"\g<1>'{data_type}'", contract, count=1)
