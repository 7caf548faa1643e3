"""Rendering: the same project gives the same SQL, without a database; mistakes are named."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.rendering.render import render_project
from tests.harness import ROOT


def edit(project: Path, file: str, *path: str, value: object) -> None:
    """Set a value in a YAML file of the project; None removes it."""
    content = yaml.safe_load((project / file).read_text())
    node: dict[str, Any] = content
    for key in path[:-1]:
        node = node[key]
    if value is None:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    (project / file).write_text(yaml.safe_dump(content, sort_keys=False))


def test_rendering_is_deterministic() -> None:
    program = """
import sys
from pathlib import Path
from fdwarehouse.rendering.render import render_project
for file in render_project(Path(sys.argv[1])).files:
    print(file.name, file.checksum)
"""
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program, ROOT],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\n") > 50


def test_rendering_needs_no_database_and_no_connection(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("rendering opens a connection")

    for name in ("WAREHOUSE_URL", "PRODUCTION_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert render_project(project).files == render_project(ROOT).files


def test_each_object_is_in_a_file_of_its_name_and_comes_after_what_it_needs() -> None:
    rendered = render_project(ROOT)
    place = {file.creates: number for number, file in enumerate(rendered.files) if file.creates}
    for file in rendered.files:
        if file.creates:
            assert file.plain_name == f"{file.creates}.sql"
            assert re.search(rf"CREATE (FUNCTION|PROCEDURE|VIEW) {file.creates}\b", file.sql)
            for needed in file.references & set(place):
                assert place[needed] < place[file.creates]


def test_tables_of_gold_are_built_after_those_that_they_read(by_hand: Path) -> None:
    order = [model.model for model in render_project(by_hand).models]
    for first, second in (
        ("bronze.raw_orders", "silver.clean_orders"),
        ("silver.clean_orders", "gold.dim_customers"),
        ("gold.dim_customers", "gold.fact_sales"),
        ("gold.dim_products", "gold.fact_sales"),
        ("gold.fact_sales", "gold.daily_sales"),
        ("gold.customer_months", "gold.cohort_retention"),
    ):
        assert order.index(first) < order.index(second)


def test_tables_that_a_body_in_quotes_reads_are_built_before(by_hand: Path) -> None:
    for path in (by_hand / "sql/gold").glob("write_*.sql"):
        text = path.read_text()
        path.write_text(
            re.sub(r"\nBEGIN ATOMIC\n(.*?)\nEND;", r"\nAS $$\n\1\n$$;", text, flags=re.DOTALL)
        )
    test_tables_of_gold_are_built_after_those_that_they_read(by_hand)


def test_comment_and_setting_do_not_make_a_table_be_computed_anew(by_hand: Path) -> None:
    before = {model.model: model.checksum for model in render_project(by_hand).models}
    edit(by_hand, "warehouse.yaml", "work_mem", value="1GB")
    path = by_hand / "sql/silver/write_clean_orders.sql"
    path.write_text("-- Another comment.\n" + path.read_text())
    assert {model.model: model.checksum for model in render_project(by_hand).models} == before


def test_setting_that_a_writer_makes_itself_is_part_of_what_it_computes(by_hand: Path) -> None:
    before = {model.model: model.checksum for model in render_project(by_hand).models}
    path = by_hand / "sql/gold/write_product_performance.sql"
    path.write_text(
        path.read_text().replace("\nBEGIN ATOMIC", "\nSET timezone = 'UTC'\nBEGIN ATOMIC")
    )
    after = {model.model: model.checksum for model in render_project(by_hand).models}
    changed = {model for model in before if before[model] != after[model]}
    assert changed == {"gold.product_performance"}


def test_change_of_a_view_changes_what_is_made_of_it_and_nothing_else(by_hand: Path) -> None:
    before = {model.model: model.checksum for model in render_project(by_hand).models}
    path = by_hand / "sql/silver/product_versions.sql"
    path.write_text(path.read_text().replace("btrim(name)", "upper(btrim(name))"))
    after = {model.model: model.checksum for model in render_project(by_hand).models}
    changed = {model for model in before if before[model] != after[model]}
    assert changed == {"silver.clean_products", "gold.dim_products"}


TABLE = ("sources", "production", "tables", "orders")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("colour",), "red", "colour: there is no such name"),
        (
            ("sources", "production", "fense"),
            "activity",
            "fense: there is no such name; fence?",
        ),
        (
            (*TABLE, "watermrak"),
            "updated_at",
            "watermrak: there is no such name; watermark?",
        ),
        (TABLE, "order_id", "tables.orders: it must consist of names and values"),
        ((*TABLE, "mode"), "guess", "sources.production.tables.orders.mode: Input should be"),
        ((*TABLE, "mode"), "snapshot", "orders: mode snapshot takes no watermark"),
        (TABLE, {"mode": "watermark"}, "orders: mode watermark needs a watermark column"),
        (("sources", "production", "fence"), "time", "sources.production.fence: Input should be"),
        (("sources", "production", "lookback"), "an hour", "lookback: expected a time such as"),
        (("work_mem",), "lots", "work_mem: expected an amount of memory"),
        (("sources",), {}, "sources: Dictionary should have at least 1 item"),
        (("sources", "gold"), {}, "sources.gold: 'gold' is taken"),
        (("sources", "My Shop"), {}, "expected a lower-case SQL name"),
        (("sources", "production", "tables"), {}, "tables: Dictionary should have at least 1"),
    ],
)
def test_mistake_in_the_configuration_is_named(
    project: Path, path: tuple[str, ...], value: object, message: str
) -> None:
    edit(project, "warehouse.yaml", *path, value=value)
    with pytest.raises(FdwarehouseError) as caught:
        render_project(project)
    assert caught.value.message.startswith("warehouse.yaml: ")
    assert message in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 2


COLUMNS = ("tables", "orders", "columns")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("tables", "orders"), None, "production.orders: warehouse.yaml names a table that the"),
        ((*COLUMNS, "updated_at"), None, "production.orders: column updated_at of warehouse.yaml"),
        ((*COLUMNS, "order_id"), None, "tables.orders: primary_key: order_id is not a column"),
        (
            (*COLUMNS, "updated_at", "type"),
            "text",
            "production.orders: watermark updated_at is of type text, not a time",
        ),
        (
            (*COLUMNS, "status", "typ"),
            "text",
            "status.typ: there is no such name; type?",
        ),
    ],
)
def test_contract_that_does_not_fit_is_named(
    project: Path, path: tuple[str, ...], value: object, message: str
) -> None:
    edit(project, "contracts/production.yaml", *path, value=value)
    with pytest.raises(FdwarehouseError) as caught:
        render_project(project)
    assert message in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_table_that_is_mistyped_is_named(project: Path) -> None:
    path = project / "warehouse.yaml"
    path.write_text(path.read_text().replace("orders: {", "ordres: {"))
    with pytest.raises(FdwarehouseError) as caught:
        render_project(project)
    assert "warehouse.yaml has no table orders, but ordres" in caught.value.message


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("warehouse.yaml", None, "warehouse.yaml: No such file or directory"),
        ("warehouse.yaml", "a: [", "warehouse.yaml: line 1: "),
        ("warehouse.yaml", "", "warehouse.yaml: it is empty"),
        ("contracts/production.yaml", None, "production.yaml: No such file or directory"),
        ("sql/checks/x.sql", "SELECT 1", "sql/checks/x.sql: a check must set layer: bronze or"),
        ("sql/checks/x.sql", "-- layer: gold\nSELECT 1", "a check must set severity: error or"),
        (
            "sql/silver/x.sql",
            "CREATE VIEW silver.x AS SELECT * FROM silver.y;",
            "sql: these depend on one another: silver.x -> silver.y -> silver.x",
        ),
        (
            "sql/silver/x.sql",
            "{{ silver.write_latest('x', 'y', ['z']) }}",
            "sql/silver/x.sql, line 1: ",
        ),
        (
            "sql/silver/x.sql",
            "{{ source.elsewhere.name }}",
            "line 1: there is no elsewhere here; there is production",
        ),
    ],
)
def test_file_that_cannot_be_rendered_is_named(
    project: Path, file: str, text: str | None, message: str
) -> None:
    (project / "sql/silver/y.sql").write_text("CREATE VIEW silver.y AS SELECT * FROM silver.x;")
    if text is None:
        (project / file).unlink()
    else:
        (project / file).write_text(text)
    with pytest.raises(FdwarehouseError) as caught:
        render_project(project)
    assert message in caught.value.message
    assert caught.value.hint


def test_project_without_sql_and_migrations_renders(project: Path) -> None:
    shutil.rmtree(project / "sql")
    shutil.rmtree(project / "migrations")
    layers = {model.layer for model in render_project(project).models}
    assert layers == {"source", "bronze"}
