"""G6: a role that may CALL can write into the log only of its own open run."""

from typing import Any

import psycopg
import pytest

from tests.harness import Row, Shop, Warehouse, failing
from tests.test_models import sell

FAILURE = "ROW('gold.fact_sales', 'XX000', 'false', NULL, NULL, NULL, NULL)::etl.failure"

# Routines that the loader may execute and that write into the log of a run.
WRITERS = [
    "etl.plan_steps({run}, '{{gold.fact_sales}}', true)",
    "etl.fail_steps({run}, '{{gold.fact_sales,silver.clean_orders}}', " + FAILURE + ")",
    "etl.fail_steps({run}, '{{}}', " + FAILURE + ")",
    "etl.conclude_run({run}, 'false')",
    "etl.conclude_run({run})",
    "etl.release_run(({run}, true))",
    "etl.release_run(({run}, false))",
    "etl.finish_backfill({run})",
    "etl.run_due_checks({run})",
    "etl.build_models({run}, '{{silver.clean_orders}}')",
    "etl.advance_backfill({run}, 10)",
    "etl.give_up_run({run})",
    "etl.observe_again({run}, '{{bronze.raw_orders}}')",
]
HIDDEN = ("\x1b", "\x07", "\x9b", "\u202e", "\u2069")
LOG = ("runs", "steps", "check_results", "fences", "chunks", "watermarks")


def log_of(warehouse: Warehouse) -> dict[str, list[Row]]:
    return {t: warehouse.rows(f"SELECT t::text FROM etl.{t} AS t ORDER BY 1") for t in LOG}


def refused(warehouse: Warehouse, writer: str, run_id: int, role: str) -> str | None:
    """Call a writer, and return the code of the error that it raises or returns."""
    call = f"SELECT to_jsonb({writer.format(run=run_id)}) ->> 'error_code'"
    if writer.startswith(("etl.conclude_run", "etl.finish", "etl.give")):
        call = f"SELECT {writer.format(run=run_id)}::text"
    try:
        return str(warehouse.value(call, role=role))
    except psycopg.Error as error:
        return error.sqlstate


@pytest.mark.parametrize("role", ["loader", "orchestrator"])
@pytest.mark.parametrize("writer", WRITERS)
def test_g6_log_of_a_finished_run_cannot_be_written(
    shop: Shop, warehouse: Warehouse, writer: str, role: str
) -> None:
    sell(shop, 1)
    run_id = warehouse.run()
    before = log_of(warehouse)
    for number in (run_id, run_id + 5):
        assert refused(warehouse, writer, number, role) == "DW004"
    assert log_of(warehouse) == before


@pytest.mark.parametrize("writer", WRITERS)
def test_g6_run_of_another_session_cannot_be_written_of(
    shop: Shop, warehouse: Warehouse, writer: str
) -> None:
    sell(shop, 1)
    with warehouse.connect("owner") as holder:
        holder.execute(
            "SELECT FROM etl.pipeline_steps WHERE model = 'silver.clean_orders' FOR UPDATE"
        )
        run = warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        before = log_of(warehouse)
        code = refused(warehouse, writer, warehouse.last_run(), "loader")
        assert code in ("DW001", "DW004")
        assert log_of(warehouse) == before
    run.result()
    assert warehouse.column("SELECT status FROM etl.runs") == ["succeeded"]


def test_g6_run_that_has_not_built_anything_cannot_be_made_to_look_succeeded(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    warehouse.run()
    with warehouse.connect("loader", autocommit=True) as connection:
        connection.execute("CALL etl.start_run()")
        run_id = warehouse.last_run()
        connection.execute(f"SELECT etl.plan_steps({run_id}, '{{gold.fact_sales}}', true)".encode())
        connection.execute(f"SELECT etl.finish_backfill({run_id})".encode())
        assert warehouse.value("SELECT status FROM etl.runs ORDER BY run_id DESC LIMIT 1") == (
            "running"
        )
        with failing("DW007"):
            connection.execute("CALL etl.finish_run()")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 5000, "x" * 200),
        ("one\x1b[2Jtwo", "one?[2Jtwo"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("bell\x07", "bell?"),
        ("eight bits\x9b2J", "eight bits?2J"),
        ("turned \u202eround\u2069", "turned ?round?"),
    ],
)
def test_texts_of_callers_are_cut_and_printable(warehouse: Warehouse, text: str, kept: str) -> None:
    with warehouse.connect("loader", autocommit=True) as connection:
        connection.execute("CALL etl.start_run(NULL, %s)", [text])
        error: Any = text * 10
        with failing("DW007"):
            connection.execute("CALL etl.finish_run(NULL, %s)", [error])
    label, said = warehouse.rows("SELECT label, error FROM etl.runs")[0]
    assert label == kept
    assert len(said) <= 10_000
    assert not any(sign in said for sign in HIDDEN)


@pytest.mark.parametrize(
    ("code", "sent"),
    [("22012", "E'boom \\x1b[2J'"), ("P0001", "U&'\\202Eboom'"), ("XX001", "E'boom \\u009b2J'")],
)
def test_errors_of_production_are_printable_in_the_log(
    shop: Shop, warehouse: Warehouse, code: str, sent: str
) -> None:
    shop.execute(
        "ALTER TABLE orders RENAME TO kept_orders",
        f"""
        CREATE FUNCTION boom() RETURNS boolean LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION '%', {sent} USING ERRCODE = '{code}'; END $$
        """,
        "CREATE VIEW orders AS SELECT k.* FROM kept_orders AS k WHERE (SELECT boom())",
        "GRANT SELECT ON orders TO warehouse_reader",
    )
    warehouse.execute("DELETE FROM etl.source_columns WHERE table_name = 'orders'")
    with failing(code, "boom"):
        warehouse.run()
    said = warehouse.column(
        "SELECT error FROM etl.runs UNION ALL SELECT error FROM etl.steps WHERE error ~ 'boom'"
    )
    assert len(said) > 1
    assert all("boom" in text for text in said)
    assert not any(sign in text for text in said for sign in HIDDEN)


def test_label_that_is_cut_is_still_the_same_label(warehouse: Warehouse) -> None:
    with warehouse.connect("loader", autocommit=True) as connection:
        connection.execute("CALL etl.start_run(NULL, %s)", ["y" * 300])
        connection.execute("CALL etl.start_run(NULL, %s)", ["y" * 300])
        connection.execute("CALL etl.finish_run()")
    assert warehouse.value("SELECT count(*) FROM etl.runs") == 1
