"""Rendering is a pure function of the project's files, and says which one is wrong."""

from pathlib import Path

import pytest
import yaml

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.hashing import base_type
from fdwarehouse.identifiers import ident, literal
from fdwarehouse.render import render_project
from tests.harness import ROOT


def refusal(project: Path) -> str:
    """Return message and hint of the error that rendering raises."""
    with pytest.raises(FdwarehouseError) as caught:
        render_project(project)
    assert caught.value.exit_code == 2
    return f"{caught.value.message} {caught.value.hint}"


def change(project: Path, **settings: object) -> None:
    """Change settings of the table orders in warehouse.yaml."""
    path = project / "warehouse.yaml"
    config = yaml.safe_load(path.read_text())
    config["sources"]["production"]["tables"]["orders"] |= settings
    path.write_text(yaml.safe_dump(config))


def test_rendering_twice_gives_the_same_text(project: Path) -> None:
    assert render_project(project).files == render_project(project).files


def test_steps_are_in_the_order_of_what_they_read() -> None:
    models = [m.model for m in render_project(ROOT).models]
    assert models[0] == "production.fence"
    position = {model: number for number, model in enumerate(models)}
    assert position["gold.dim_customers"] < position["gold.fact_sales"]
    assert position["gold.dim_products"] < position["gold.fact_sales"]
    assert position["gold.fact_sales"] < position["gold.customer_months"]
    assert position["gold.customer_months"] < position["gold.cohort_retention"]


def test_no_secret_and_no_connection_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRODUCTION_URL", "postgresql://someone:hush@a-host/db")
    text = "".join(f.sql for f in render_project(ROOT).files)
    assert "hush" not in text
    assert "a-host" not in text


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("sql/gold/bad.sql", "SELECT {{ nothing }};", "sql/gold/bad.sql"),
        ("sql/gold/bad.sql", "SELECT {{ 1 +", "sql/gold/bad.sql"),
        ("sql/checks/bad.sql", "SELECT 1", "sql/checks/bad.sql"),
        ("sql/checks/bad.sql", "-- layer: gold\n-- severity: fatal\nSELECT 1", "error or warn"),
        ("warehouse.yaml", "sources: [", "warehouse.yaml"),
        ("warehouse.yaml", "project: x", "sources"),
        ("contracts/production.yaml", "tables: {}", "production.yaml"),
    ],
)
def test_file_that_is_wrong_is_named(project: Path, file: str, text: str, named: str) -> None:
    (project / file).write_text(text)
    assert named in refusal(project)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"watermark": "changed_at"}, "column changed_at"),
        ({"key": "id"}, "column id"),
        ({"watermark": "status"}, "not a time"),
        ({"watermark": None}, "needs a watermark"),
        ({"mode": "snapshot"}, "takes no watermark"),
        ({"mode": "cdc"}, "mode"),
        ({"wattermark": "updated_at"}, "wattermark"),
        ({"reconcile": {"every": "often"}}, "every"),
    ],
)
def test_setting_that_makes_no_sense_is_named(
    project: Path, settings: dict[str, object], named: str
) -> None:
    change(project, **settings)
    said = refusal(project)
    assert "orders" in said
    assert named in said


def test_table_that_the_contract_does_not_have_is_named(project: Path) -> None:
    path = project / "warehouse.yaml"
    path.write_text(path.read_text().replace("products:", "prodcts:"))
    assert "production.prodcts" in refusal(project)
    assert "fdwarehouse contract" in refusal(project)


def test_missing_contract_says_how_to_write_it(project: Path) -> None:
    (project / "contracts/production.yaml").unlink()
    assert "fdwarehouse contract" in refusal(project)


def test_nullable_watermark_is_refused(project: Path) -> None:
    path = project / "contracts/production.yaml"
    contract = yaml.safe_load(path.read_text())
    contract["tables"]["orders"]["columns"]["updated_at"]["not_null"] = False
    path.write_text(yaml.safe_dump(contract))
    assert "may be null" in refusal(project)


def test_circle_of_tables_is_named(project: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (project / f"sql/gold/write_{one}.sql").write_text(
            f"CREATE FUNCTION gold.write_{one}() BEGIN ATOMIC SELECT FROM gold.{other}; END;"
        )
    assert "gold.a -> gold.b" in refusal(project) or "gold.b -> gold.a" in refusal(project)


def test_identifiers_are_quoted_where_they_must_be() -> None:
    assert [ident(n) for n in ("plain", "Order", "order", 'a"b', "two words")] == [
        "plain",
        '"Order"',
        '"order"',
        '"a""b"',
        '"two words"',
    ]
    assert [literal(v) for v in (None, "it's", "back\\slash")] == [
        "NULL",
        "'it''s'",
        "E'back\\\\slash'",
    ]
    assert base_type("timestamp(3) with time zone") == "timestamp with time zone"
