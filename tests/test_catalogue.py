"""A deploy stores the description of the project in the tables of etl exactly, and once."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
import pytest

from fdwarehouse.rendering.catalogue import Row, json_literal, rows_of_project
from fdwarehouse.rendering.pinned_settings import PINS
from fdwarehouse.rendering.render import render_project
from fdwarehouse.rendering.templates import render_mechanics
from tests.harness import ROOT, Warehouse, failing
from tests.test_render import edit

WORDS = [
    *("", " ", "it's", 'say "x"', "back\\slash", "\\u0041", "\\'; --", "two\nlines", "\ttab\r\n"),
    *("$json$", "$json2$ and $json$", "$", "{}", "%s", "{{ x }}", ":name :'name'", "\\q", "NULL"),
    *("ä", "名前", "🪁", "\u2028", "\u202e", "\x7f", "\x01", "\u00a0", "e\u0301", "null", "{a,b}"),
]


def check(name: str, description: str, reads: Sequence[str] = ()) -> Row:
    """One row of etl.checks."""
    settings = {"layer": "gold", "severity": "warn", "scope": "full", "is_incremental": True}
    return {"check_name": name, "description": description, "reads": reads, **settings}


def source(name: str, **changed: str | None) -> Row:
    """One row of etl.sources."""
    spans = {"lookback": "1 hour", "overlap": "10 seconds", "warn_after": "1 day"}
    known = {"fence": "xid", "source_system": "s", "time_zone": None, "contract_time_zone": "UTC"}
    return {"source_name": name, "on_error": "isolate", **known, **spans, **changed}


def store(owner: psycopg.Connection, rows: Mapping[str, Sequence[Row]]) -> None:
    """Store the catalogue as a deploy does, in the transaction that is open."""
    for setting, value in PINS.items():
        owner.execute("SELECT set_config(%s, %s, true)", [setting, value])
    owner.execute("DROP TABLE IF EXISTS pg_temp.project")
    owner.execute(render_mechanics("deploy/project.sql", document=json_literal(rows)).encode())
    owner.execute(render_mechanics("deploy/catalogue.sql").encode())


def test_any_text_arrives_as_it_was_written(warehouse: Warehouse) -> None:
    checks = [check(f"{n}{word}", word, WORDS[:n]) for n, word in enumerate(WORDS)]
    with warehouse.connect("owner") as owner:
        store(owner, {"etl.checks": checks})
        stored = owner.execute(
            "SELECT check_name, description, reads FROM etl.checks ORDER BY cardinality(reads)"
        ).fetchall()
        owner.rollback()
    assert stored == [(c["check_name"], c["description"], c["reads"]) for c in checks]


def test_null_an_absent_number_and_times_arrive_as_they_were_written(warehouse: Warehouse) -> None:
    columns: list[Row] = [
        {
            "source_name": "s",
            "table_name": "t",
            "column_name": f"c{position}",
            "type": "text",
            "source_type": source_type,
            "key_position": position,
            "is_watermark": position is None,
        }
        for position, source_type in ((1, None), (None, ""), (2, "NULL"))
    ]
    sources = [
        source("a", lookback="1 month 1 day 00:00:00.000001", time_zone="Europe/Berlin"),
        source("b", lookback="0"),
    ]
    with warehouse.connect("owner") as owner:
        store(owner, {"etl.source_columns": columns, "etl.sources": sources})
        stored = owner.execute(
            "SELECT key_position, source_type, is_watermark FROM etl.source_columns ORDER BY 1"
        ).fetchall()
        times = owner.execute(
            "SELECT lookback::text, time_zone FROM etl.sources ORDER BY source_name"
        ).fetchall()
        owner.rollback()
    assert stored == [(1, None, False), (2, "NULL", False), (None, "", True)]
    assert times == [("1 mon 1 day 00:00:00.000001", "Europe/Berlin"), ("00:00:00", None)]


@pytest.mark.parametrize(
    ("before", "after"),
    [("24 hours", "1 day"), ("30 days", "1 month"), ("1 day", "24:00:00")],
)
def test_a_time_that_only_compares_equal_is_another_one(
    warehouse: Warehouse, before: str, after: str
) -> None:
    with warehouse.connect("owner") as owner:
        stored = []
        for lookback in (before, after):
            store(owner, {"etl.sources": [source("s", lookback=lookback)]})
            stored += owner.execute(
                "SELECT lookback::text = (%s::interval)::text FROM etl.sources", [lookback]
            ).fetchall()
        owner.rollback()
    assert stored == [(True,), (True,)]


def test_only_rows_that_differ_are_written(warehouse: Warehouse) -> None:
    rows = [check("gone", "x"), check("kept", "it's", ["gold.a", ""]), check("changed", "x")]
    with warehouse.connect("owner") as owner:
        store(owner, {"etl.checks": rows})
        owner.commit()
        before: dict[str, str] = dict(
            owner.execute("SELECT check_name, xmin::text FROM etl.checks").fetchall()
        )
        owner.commit()
        rows = [check("new", "x"), rows[1], check("changed", "y")]
        store(owner, {"etl.checks": rows})
        stored = owner.execute("SELECT check_name, description, xmin::text FROM etl.checks")
        after = {name: (description, xmin) for name, description, xmin in stored.fetchall()}
        owner.rollback()
    assert before.keys() == {"gone", "kept", "changed"}
    assert after["kept"] == ("it's", before["kept"])
    assert {name: description for name, (description, _) in after.items()} == {
        "new": "x",
        "kept": "it's",
        "changed": "y",
    }
    assert before["changed"] not in {xmin for name, (_, xmin) in after.items() if name != "kept"}


@pytest.mark.parametrize(
    "rows",
    [
        {"etl.checks": [check("twice", "x"), check("twice", "y")]},
        {"etl.sources": [source("twice"), source("twice", time_zone="UTC")]},
    ],
)
def test_two_rows_of_one_name_are_refused(
    warehouse: Warehouse, rows: Mapping[str, Sequence[Row]]
) -> None:
    with warehouse.connect("owner") as owner, failing("23505", "twice"):
        store(owner, rows)


def test_a_deploy_that_changes_one_setting_writes_one_row(
    warehouse: Warehouse, project: Path
) -> None:
    edit(project, "warehouse.yaml", "sources", "production", "lookback", value="1 day")
    warehouse.deploy(project)
    before = warehouse.row_versions("etl")
    columns = warehouse.rows("SELECT * FROM etl.source_columns ORDER BY 1, 2, 3")
    edit(project, "warehouse.yaml", "sources", "production", "lookback", value="24 hours")
    assert not warehouse.deploy(project).is_empty
    after = warehouse.row_versions("etl")
    changed = {table for table in before if before[table] != after[table]}
    assert changed == {"etl.sources", "etl.deployed_objects"}
    recorded = before["etl.deployed_objects"], after["etl.deployed_objects"]
    assert len({*recorded[1]} - {*recorded[0]}) == 1
    assert warehouse.column("SELECT lookback::text FROM etl.sources") == ["24:00:00"]
    assert warehouse.rows("SELECT * FROM etl.source_columns ORDER BY 1, 2, 3") == columns


def test_the_document_has_one_line_per_row_and_is_json() -> None:
    rendered = render_project(ROOT)
    rows = rows_of_project(rendered.sources, rendered.models, rendered.checks, {})
    text = json_literal(rows).removeprefix("$json$").removesuffix("$json$")
    assert json.loads(text) == {
        table: [
            {
                column: [*value] if isinstance(value, tuple) else value
                for column, value in row.items()
                if value is not None
            }
            for row in of_it
        ]
        for table, of_it in rows.items()
    }
    lines = text.splitlines()
    assert sum(line.startswith('        {"') for line in lines) == sum(map(len, rows.values()))
    assert max(map(len, (line for line in lines if not line.startswith("        {")))) < 40
