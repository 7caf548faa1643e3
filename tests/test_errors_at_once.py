"""All errors of a project are reported together, not one per attempt."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.rendering.render import render_project
from tests.command import Command
from tests.test_render import edit

TABLES = ("sources", "production", "tables")


def write(name: str, text: str) -> Callable[[Path], object]:
    """Write a file of the project."""
    return lambda root: (root / name).write_text(text)


def replace(name: str, before: str, after: str) -> Callable[[Path], object]:
    """Change a file of the project."""

    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert before in text
        (root / name).write_text(text.replace(before, after, 1))

    return change


def setting(*path: str, value: object) -> Callable[[Path], object]:
    """Change warehouse.yaml."""
    return lambda root: edit(root, "warehouse.yaml", *path, value=value)


CASES: dict[str, list[tuple[Callable[[Path], object], str]]] = {
    "files, configuration, contract and template": [
        (setting("work_mem", value="much"), "warehouse.yaml: work_mem: expected an amount"),
        (
            replace("contracts/production.yaml", "'integer'", "'big'"),
            "'big' is not a built-in type of PostgreSQL",
        ),
        (
            write("migrations/later.sql", "SELECT 1"),
            "migrations/later.sql: the name of a migration",
        ),
        (write("sql/gold/x.txt", "hello"), "sql/gold/x.txt: only files that end in .sql"),
        (write("sql/silver/y.sql", "{% if %}"), "sql/silver/y.sql, line 1: "),
    ],
    "one table and another": [
        (setting(*TABLES, "orders", "watermark", value="created"), "orders: column created of"),
        (setting(*TABLES, "orders", "key", value=["a", "b"]), "orders: column b of warehouse.yaml"),
        (setting(*TABLES, "customers", "as", value="_fence"), "the warehouse has its own _fence"),
        (
            setting(*TABLES, "products", "watermark", value="name"),
            "products: watermark name is of type character varying(255), not a time",
        ),
    ],
    "files of sql": [
        (write("sql/silver/a.sql", "SELECT 1"), "sql/silver/a.sql, line 1: "),
        (write("sql/gold/b.sql", "{{ nothing.there }}"), "sql/gold/b.sql, line 1: "),
        (write("sql/checks/c.sql", "SELECT 1"), "sql/checks/c.sql: a check must set layer"),
        (
            write("sql/checks/d.sql", "-- layer: gold\nSELECT 1"),
            "sql/checks/d.sql: a check must set",
        ),
    ],
    "settings and partitions": [
        (
            setting(
                "partitions",
                value={
                    t: {"every": "year", "dates": "silver.clean_orders.order_date"}
                    for t in ("gold.nothing", "gold.no_more")
                },
            ),
            "partitions: no step builds gold.no_more",
        ),
        (
            setting("settings", value={"gold.x": {"jit": False}}),
            "settings: there is no step gold.x",
        ),
        (
            setting("settings", value={"gold.x": {}, "gold.y": {}}),
            "settings: there is no step gold.y",
        ),
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_everything_that_is_wrong_is_told_at_once(project: Path, case: str) -> None:
    for change, _ in CASES[case]:
        change(project)
    with pytest.raises(FdwarehouseError) as caught:
        render_project(project)
    for _, message in CASES[case]:
        assert message in caught.value.message
    assert f"{len(caught.value.parts)} problems:" in caught.value.message
    assert len(caught.value.parts) >= len(CASES[case])
    assert caught.value.exit_code == 2


def test_names_that_are_there_twice_are_told_with_what_else_is_wrong(
    project: Path, command: Command
) -> None:
    text = "project: a\nproject: b\nwork_mem: much\nwork_mem: lots\nsource: {}\n"
    (project / "warehouse.yaml").write_text(text)
    command.project(project)
    said = command.fails(2, "contract")
    for message in (
        *("line 2: project is given twice", "line 4: work_mem is given twice"),
        *("work_mem: expected an amount", "source: there is no such name; sources?"),
    ):
        assert message in said


def test_one_thing_that_is_wrong_is_told_as_it_is(project: Path) -> None:
    write("sql/gold/x.txt", "hello")(project)
    with pytest.raises(FdwarehouseError) as caught:
        render_project(project)
    assert caught.value.message == "sql/gold/x.txt: only files that end in .sql are deployed"
    assert caught.value.hint == "Rename it, or move it away."
