"""`deploy --plan --data` shows what a deploy and the next run change in rows, and rolls it back."""

from pathlib import Path

import pytest

from fdwarehouse.database.comparing.table_changes import compare_with_copy, copy_table
from fdwarehouse.database.testing.tables import read_table
from tests.command import Command
from tests.harness import Warehouse
from tests.test_cli import NOWHERE
from tests.test_next_run import change

OBJECTS = "SELECT object_name, checksum FROM etl.deployed_objects ORDER BY 1"


@pytest.fixture(autouse=True)
def _without_unit_tests(project: Path) -> None:
    for path in (project / "sql/tests").glob("*.yaml"):
        path.unlink()


@pytest.fixture
def filled(command: Command, seeded_warehouse: Warehouse, project: Path) -> Warehouse:
    """A warehouse after its first run, which the command knows, with its production."""
    command.project(project)
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    return seeded_warehouse


def cells_of(told: str, first: str) -> list[list[str]]:
    """The cells of the lines that begin with a word."""
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()]
        for line in told.splitlines()
        if line.strip().startswith(first + "  ")
    ]


def test_plan_with_data_shows_the_rows_that_the_run_then_changes_and_leaves_nothing(
    command: Command, seeded_warehouse: Warehouse, project: Path
) -> None:
    """Production is not there: the plan builds from bronze alone."""
    command.project(project)
    command.use(seeded_warehouse.environment | {"PRODUCTION_URL": NOWHERE})
    seeded_warehouse.run()
    before = seeded_warehouse.dump("etl", "silver", "gold", "bronze")
    deployed = seeded_warehouse.rows(OBJECTS)
    change(
        project / "sql/gold/daily_sales.sql",
        "sum(quantity) FILTER (WHERE NOT is_cancelled)",
        "sum(quantity + 1) FILTER (WHERE NOT is_cancelled AND date_key > 20240101)",
    )
    told = command.works("deploy", "--plan", "--data", "--rows", "2", "-s", "daily_sales")
    days = seeded_warehouse.value("SELECT count(*) FROM gold.daily_sales")
    quantities: dict[int, int] = dict(
        seeded_warehouse.rows("SELECT date_key, quantity FROM gold.daily_sales ORDER BY 1")
    )
    assert seeded_warehouse.dump("etl", "silver", "gold", "bronze") == before
    assert seeded_warehouse.rows(OBJECTS) == deployed

    command.use(seeded_warehouse.environment)
    command.works("deploy")
    command.works("run")
    now: dict[int, int] = dict(
        seeded_warehouse.rows("SELECT date_key, quantity FROM gold.daily_sales ORDER BY 1")
    )
    changed = [day for day in now if now[day] != quantities[day]]
    assert changed
    counts = (days, days, 0, len(changed), 0)
    assert cells_of(told, "gold.daily_sales") == [
        ["gold.daily_sales", *map("{:,}".format, counts), f"quantity ({len(changed):,})"]
    ]
    shown = cells_of(told, "updated")
    assert [row[1:] for row in shown] == [
        [str(day), f"{quantities[day]} → {now[day]}"] for day in changed[:2]
    ]
    assert "no run could begin. Readers of these waited: " in told
    assert told.endswith("This is only the plan; everything was rolled back.\n")


def test_plan_with_data_shows_rows_that_come_and_go_new_columns_and_a_check_that_would_fail(
    command: Command, filled: Warehouse, project: Path
) -> None:
    change(
        project / "sql/gold/cohort_months.sql",
        "    sum(revenue) AS revenue\nFROM gold.customer_months",
        "    sum(revenue) AS revenue,\n    max(revenue) AS best\nFROM gold.customer_months\n"
        "WHERE month <> cohort_month",
    )
    (project / "sql/checks/no_cohorts.sql").write_text(
        "-- layer: gold\n-- severity: error\n-- scope: full\n-- There are none.\n"
        "SELECT cohort_month FROM gold.cohort_months\n"
    )
    said = command("deploy", "--plan", "--data")
    assert said.exit_code == 1
    removed = filled.value("SELECT count(*) FROM gold.cohort_months WHERE month = cohort_month")
    (line,) = cells_of(said.out, "gold.cohort_months")
    assert line[5] == str(removed)
    assert "new columns: best" in said.out
    assert "null → " in said.out
    assert "2 checks would fail: metrics_match_sales, no_cohorts" in said.err
    assert filled.value("SELECT to_regproc('etl.check_no_cohorts') IS NULL")


def test_plan_with_data_runs_the_unit_tests_of_what_it_builds(
    command: Command, filled: Warehouse, project: Path
) -> None:
    (project / "sql/tests/no_retention.yaml").write_text(
        "model: gold.cohort_retention\ngiven:\n  gold.cohort_months:\n"
        "    - {cohort_month: 2026-01-01, month: 2026-01-01, active_customers: 1}\nexpect: []\n"
    )
    (project / "sql/tests/of_another.yaml").write_text(
        "model: gold.daily_sales\ngiven:\n  gold.fact_sales: []\nexpect:\n  - {date_key: 1}\n"
    )
    change(project / "sql/gold/cohort_retention.sql", "4) AS ret", "3) AS ret")
    said = command("deploy", "--plan", "--data")
    assert said.exit_code == 1
    assert "no_retention" in said.out
    assert "of_another" not in said.out
    assert "retention_rate (" in cells_of(said.out, "gold.cohort_retention")[0][-1]


def test_plan_with_data_that_takes_too_long_gives_up_and_leaves_nothing(
    command: Command, warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(warehouse.environment)
    warehouse.run()
    change(project / "sql/gold/order_years.sql", "count(*) AS orders", "count(*) + 1 AS orders")
    said = command.fails(1, "deploy", "--plan", "--data", "--seconds", "1")
    assert "took longer than 1 second" in said
    warehouse.run()


def test_plan_with_data_of_a_first_deploy_builds_everything_without_production(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment | {"PRODUCTION_URL": NOWHERE})
    told = command.works("deploy", "--plan", "--data")
    assert cells_of(told, "silver.clean_orders") == [["silver.clean_orders", *"00000"]]
    assert cells_of(told, "gold.dim_customers") == [["gold.dim_customers", *"01100"]]
    assert bootstrapped_warehouse.value("SELECT to_regnamespace('etl') IS NULL")


def test_plan_with_data_of_a_check_builds_nothing_and_runs_it(
    command: Command, seeded_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    (project / "sql/checks/few_orders.sql").write_text(
        "-- layer: gold\n-- severity: warn\n-- There is no order 1.\n"
        "SELECT order_id FROM gold.fact_sales WHERE order_id = 1 LIMIT 1\n"
    )
    told = command.works("deploy", "--plan", "--data")
    assert "It affects no selected table of silver or gold." in told
    assert "few_orders: There is no order 1." in told
    assert '{"order_id": 1}' in told


def test_plan_with_data_names_the_table_that_cannot_be_built(
    command: Command, seeded_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    before = seeded_warehouse.dump("etl", "gold")
    change(
        project / "sql/gold/cohort_months.sql",
        "sum(revenue) AS revenue",
        "sum(revenue) / (count(*) - count(*)) AS revenue",
    )
    said = command.fails(1, "deploy", "--plan", "--data")
    assert said.startswith("Error: gold.cohort_months cannot be built: division by zero")
    assert seeded_warehouse.dump("etl", "gold") == before


def test_data_without_plan_is_wrong_usage(command: Command, warehouse: Warehouse) -> None:
    command.use(warehouse.environment)
    assert "--data belongs to --plan" in command("deploy", "--data").err


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        # identical rows of a table without a key
        ("(1, 'x'), (1, 'x'), (NULL, 'y')", "(1, 'x'), (1, 'x'), (1, 'x'), (NULL, 'y')", (0, 1, 0)),
        ("(1, 'x'), (1, 'x')", "(1, 'x')", (1, 0, 0)),
        # a key that was none before
        ("(1, 'x'), (1, 'y'), (2, 'z')", "(1, 'x'), (2, 'z')", (1, 0, 0)),
        ("(1, 'x'), (1, 'y'), (2, 'z')", "(1, 'x'), (2, 'a')", (1, 0, 1)),
    ],
)
def test_several_rows_of_one_key_are_counted(
    warehouse: Warehouse, before: str, after: str, counts: tuple[int, ...]
) -> None:
    with warehouse.connect("owner") as connection:
        connection.execute(
            f"CREATE TEMP TABLE t (a int, b text); INSERT INTO t VALUES {before}".encode()
        )
        copy_table(connection, "pg_temp.t", "before_0")
        connection.execute(f"TRUNCATE t; INSERT INTO t VALUES {after}".encode())
        if "2" in after:
            connection.execute("ALTER TABLE t ADD PRIMARY KEY (a)")
        table = read_table(connection, "pg_temp.t", None)
        found = compare_with_copy(connection, table, "before_0", rows=3)
    assert (found.removed, found.inserted, found.updated) == counts
    assert found.after - found.before == found.inserted - found.removed
