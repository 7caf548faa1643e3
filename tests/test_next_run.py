"""A plan says what the next run computes in full, and it is what the run then does."""

from pathlib import Path

import pytest

from tests.command import Command
from tests.harness import Warehouse

FULL = """
    SELECT model FROM etl.steps
    WHERE run_id = (SELECT max(run_id) FROM etl.runs)
        AND since_run_id = 0 AND layer <> 'source' AND model NOT LIKE '%reconciliation'
    ORDER BY position
"""


def section(told: str, title: str) -> list[str]:
    """The lines below a title, without their sign."""
    lines = told.splitlines()
    if title not in lines:
        return []
    found = []
    for line in lines[lines.index(title) + 1 :]:
        if not line.startswith("  "):
            break
        found.append(line.strip()[2:])
    return found


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            (
                "sql/gold/cohort_months.sql",
                "FROM gold.customer_months",
                "FROM gold.customer_months WHERE revenue > 0",
            ),
            (
                ["gold.cohort_months: changed", "gold.cohort_retention: reads gold.cohort_months"],
                [],
            ),
        ),
        (
            ("sql/silver/clean_products.sql", "btrim(name)", "upper(btrim(name))"),
            (["silver.clean_products: changed"], ["gold.customer_recency"]),
        ),
    ],
)
def test_plan_names_exactly_the_tables_that_the_next_run_computes_in_full(
    command: Command,
    seeded_warehouse: Warehouse,
    project: Path,
    edit: tuple[str, str, str],
    expected: tuple[list[str], list[str]],
) -> None:
    command.use(seeded_warehouse.environment)
    command.project(project)
    seeded_warehouse.run()
    (file, before, after), (first, beside) = edit, expected
    change(project / file, before, after)
    plan = command.works("deploy", "--plan")
    told = section(plan, "The next run computes in full")
    assert told[: len(first)] == first
    assert section(plan, "Also downstream") == beside
    assert section(command.works("deploy"), "The next run computes in full") == told
    again = command.works("deploy", "--plan")
    assert again == "Nothing to change.\n"
    command.works("run")
    assert [line.partition(": ")[0] for line in told] == seeded_warehouse.column(FULL)


def test_plan_names_a_new_table_and_what_comes_after_it(
    command: Command, seeded_warehouse: Warehouse, project: Path
) -> None:
    command.use(seeded_warehouse.environment)
    command.project(project)
    seeded_warehouse.run()
    change(project / "warehouse.yaml", "overlap: 10 seconds", "overlap: 20 seconds")
    (project / "sql/gold/zz_sizes.sql").write_text(
        "/*\ndescription: Orders per status.\ngrain: one status\nkey: status\n*/\n"
        "SELECT status, count(*) AS orders\nFROM silver.clean_orders\nGROUP BY status\n"
    )
    plan = command.works("deploy", "--plan")
    told = section(plan, "The next run computes in full")
    assert "gold.zz_sizes: new" in told
    command.works("deploy")
    command.works("run")
    assert [line.partition(": ")[0] for line in told] == seeded_warehouse.column(FULL)


def test_plan_before_the_first_run_says_nothing_about_it(
    command: Command, warehouse: Warehouse, project: Path
) -> None:
    command.use(warehouse.environment)
    command.project(project)
    change(project / "sql/silver/clean_products.sql", "btrim(name)", "upper(btrim(name))")
    assert "next run" not in command.works("deploy", "--plan")
