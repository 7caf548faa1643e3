"""`fdwarehouse test`: the unit tests of a project, on a real server, without production."""

import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.command import Command
from tests.harness import ROOT, Warehouse

EXAMPLE = "a_cancelled_order_is_no_revenue"
NAMES = {path.stem for path in (ROOT / "sql" / "tests").glob("*.yaml")}


@pytest.fixture
def tested(
    command: Command, bootstrapped_warehouse: Warehouse, tmp_path: Path
) -> tuple[Command, Path]:
    """A copy of the shop's project, and a warehouse to which nothing was deployed."""
    for name in ("sql", "contracts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "warehouse.yaml", tmp_path)
    command.use(bootstrapped_warehouse.environment)
    command.project(tmp_path)
    return command, tmp_path


def change(root: Path, name: str, before: str, after: str) -> None:
    path = root / "sql" / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_unit_tests_of_the_shop_pass_and_leave_nothing(
    tested: tuple[Command, Path], bootstrapped_warehouse: Warehouse
) -> None:
    command, root = tested
    report = root / "report.xml"
    said = command("test", "--junit", str(report))
    assert said.exit_code == 0
    assert f"{len(NAMES)} unit tests passed" in said.out
    assert bootstrapped_warehouse.tables("etl", "bronze", "silver", "gold") == []
    suites = ET.parse(report).getroot()  # our own file
    assert {case.attrib["name"] for case in suites.iter("testcase")} == NAMES


def test_a_wrong_expectation_is_shown_by_cell(tested: tuple[Command, Path]) -> None:
    command, root = tested
    change(root, f"tests/{EXAMPLE}.yaml", "revenue: 25.50", "revenue: 26.50")
    report = root / "report.xml"
    said = command("test", EXAMPLE, "--junit", str(report))
    assert said.exit_code == 1
    assert "25.5 (expected 26.5)" in said.out + said.err
    assert "SELECT, full load, incremental change" in said.out + said.err
    (failure,) = ET.parse(report).getroot().iter("failure")
    assert "expected 26.5" in (failure.text or "") + failure.attrib.get("message", "")


def test_a_fault_in_a_table_fails_its_test(tested: tuple[Command, Path]) -> None:
    command, root = tested
    change(root, "silver/clean_orders.sql", "'cancelled')) IS NOT TRUE", "'lost')) IS NOT TRUE")
    assert command("test", "an_unknown_status_is_set_aside").exit_code == 1


def test_select_chooses_tests_by_their_table(tested: tuple[Command, Path]) -> None:
    command, _ = tested
    chosen = command("test", "--select", "gold.daily_sales")
    assert "1 unit test passed" in chosen.out
    assert EXAMPLE in chosen.out
    left = command("test", "--exclude", "gold")
    assert "an_unknown_status_is_set_aside" in left.out
    assert EXAMPLE not in left.out


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("model: gold.daily_sales", "model: gold.dayly_sales", "gold.dayly_sales"),
        ("order_id: 1, customer_id", "order_no: 1, customer_id", "order_no"),
        ("quantity: 2,", "quantity: two,", "two"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_line(
    tested: tuple[Command, Path], before: str, after: str, said: str
) -> None:
    command, root = tested
    change(root, f"tests/{EXAMPLE}.yaml", before, after)
    found = command("test", EXAMPLE)
    assert found.exit_code == 2
    assert f"{EXAMPLE}.yaml, line " in found.out + found.err
    assert said in found.out + found.err


def test_an_unknown_test_is_an_error(tested: tuple[Command, Path]) -> None:
    command, _ = tested
    assert "a_cancelled_order_is_no_revenue?" in command.fails(2, "test", EXAMPLE[:-1])
