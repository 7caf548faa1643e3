"""What psql and Airflow show at the end of a CALL: a summary, and the checks that warned."""

import re

import psycopg
import pytest

from tests.command import Command
from tests.harness import Shop, Warehouse

SUMMARY = re.compile(
    r"run (\d+) succeeded in [\d.]+ (?:ms|s): "
    r"([\d,]+) rows? read, ([\d,]+) written, ([\d,]+) rejected(?:; (\d+) checks? passed)?(, .*)?"
)

Message = tuple[str, str, str, str]


def messages(warehouse: Warehouse, procedure: str, **settings: str) -> list[Message]:
    """CALL a procedure, and return what the client was told: level, message, detail, hint."""
    told: list[Message] = []
    with psycopg.connect(warehouse.urls["loader"], autocommit=True) as connection:
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        connection.add_notice_handler(
            lambda n: told.append(
                (
                    str(n.severity_nonlocalized),
                    str(n.message_primary),
                    n.message_detail or "",
                    n.message_hint or "",
                )
            )
        )
        connection.execute(f"CALL {procedure}".encode())
    return told


def summary(told: list[Message]) -> tuple[str | None, ...]:
    """Expect nothing but a summary, and return its numbers."""
    ((level, message, _, _),) = told
    found = SUMMARY.fullmatch(message)
    assert (level, bool(found)) == ("NOTICE", True), message
    assert found
    return found.groups()


def warn_of(warehouse: Warehouse, check: str, rows: int) -> None:
    warehouse.execute(
        f"CREATE OR REPLACE FUNCTION etl.check_{check}(p_since_run_id bigint) RETURNS SETOF jsonb "
        f"LANGUAGE sql STABLE AS 'SELECT to_jsonb(n) FROM generate_series(1, {rows}) AS n'",
        f"UPDATE etl.checks SET severity = 'warn' WHERE check_name = '{check}'",
    )


def test_a_run_ends_with_one_line_of_what_it_did(seeded_warehouse: Warehouse) -> None:
    run_id, read, written, rejected, passed, warned = summary(
        messages(seeded_warehouse, "etl.run_pipeline()")
    )
    ((in_bronze, anywhere),) = seeded_warehouse.rows(
        "SELECT to_char(sum(rows_read) FILTER (WHERE layer = 'bronze'), 'FM999,999'), "
        "to_char(sum(rows_inserted + rows_updated + rows_deleted) "
        "FILTER (WHERE layer <> 'source'), 'FM999,999') FROM etl.steps"
    )
    checks = seeded_warehouse.value("SELECT count(*)::text FROM etl.check_results")
    assert (run_id, read, written, rejected) == ("1", in_bronze, anywhere, "0")
    assert (passed, warned) == (checks, None)
    assert "," in in_bronze


@pytest.mark.parametrize(
    "procedure",
    [
        "etl.reconcile()",
        "etl.rebuild()",
        "etl.run_selection('{silver.clean_orders,gold.fact_sales}')",
        "etl.run_checks()",
        "gold.build_fact_sales()",
    ],
)
def test_whatever_begins_a_run_tells_its_end(warehouse: Warehouse, procedure: str) -> None:
    warehouse.run()
    run_id, *_ = summary(messages(warehouse, procedure))
    assert run_id == "2"


def test_a_backfill_tells_the_rows_of_its_chunks(seeded_warehouse: Warehouse) -> None:
    run_id, read, written, *_ = summary(messages(seeded_warehouse, "etl.backfill(100)"))
    loaded = seeded_warehouse.value("SELECT to_char(sum(rows_read), 'FM999,999') FROM etl.chunks")
    assert (run_id, read, written) == ("1", loaded, loaded)
    ((level, message, _, _),) = messages(seeded_warehouse, "etl.backfill()")
    assert (level, message) == ("NOTICE", "every table has already been loaded")


def test_checks_that_warned_are_warnings_with_the_way_to_their_rows(
    seeded_warehouse: Warehouse,
) -> None:
    warn_of(seeded_warehouse, "fact_sales_joins_dimensions", 1200)
    warn_of(seeded_warehouse, "clean_orders__matches_source", 1)
    *warned, (level, message, _, _) = messages(seeded_warehouse, "etl.run_pipeline()")
    assert [w[:2] for w in warned] == [
        ("WARNING", "check fact_sales_joins_dimensions warned: 1200 rows"),
    ]
    assert level == "NOTICE"
    assert message.endswith(" passed, 1 warned")
    _, _, detail, hint = warned[0]
    assert detail == seeded_warehouse.value(
        "SELECT description FROM etl.checks WHERE check_name = 'fact_sales_joins_dimensions'"
    )
    assert len(seeded_warehouse.value(hint)) == 5

    told = messages(seeded_warehouse, "etl.reconcile()")
    assert ("WARNING", "check clean_orders__matches_source warned: 1 row") in [t[:2] for t in told]
    assert len(told) == 3  # one for each check, and the summary


def test_steps_of_a_run_of_several_sessions_warn_where_they_check(
    seeded_warehouse: Warehouse,
) -> None:
    warn_of(seeded_warehouse, "fact_sales_joins_dimensions", 2)
    assert messages(seeded_warehouse, "etl.start_run()") == []
    assert messages(seeded_warehouse, "etl.extract_and_load_bronze()") == []
    assert messages(seeded_warehouse, "etl.build_silver()") == []
    ((level, message, _, _),) = messages(seeded_warehouse, "etl.build_gold()")
    assert (level, message) == ("WARNING", "check fact_sales_joins_dimensions warned: 2 rows")
    assert messages(seeded_warehouse, "etl.run_checks()") == []
    *_, warned = summary(messages(seeded_warehouse, "etl.finish_run()"))
    assert warned == ", 1 warned"


def test_a_run_that_fails_has_no_summary(shop: Shop, warehouse: Warehouse) -> None:
    shop.execute("REVOKE SELECT ON orders FROM warehouse_reader")
    with psycopg.connect(warehouse.urls["loader"], autocommit=True) as connection:
        told: list[str] = []
        connection.add_notice_handler(lambda n: told.append(str(n.message_primary)))
        with pytest.raises(psycopg.Error, match="permission denied"):
            connection.execute("CALL etl.run_pipeline()")
    assert told == ["bronze.raw_orders: permission denied for table orders"]


@pytest.mark.parametrize("level", ["error", "warning", "debug5"])
def test_a_client_that_wants_fewer_or_more_messages_gets_its_run(
    warehouse: Warehouse, level: str
) -> None:
    warn_of(warehouse, "fact_sales_joins_dimensions", 1)
    told = messages(warehouse, "etl.run_pipeline()", client_min_messages=level)
    levels = {"error": [], "warning": ["WARNING"]}.get(level, ["WARNING", "NOTICE"])
    assert [t[0] for t in told if not t[0].startswith("DEBUG")] == levels
    assert warehouse.column("SELECT status FROM etl.runs") == ["succeeded"]


def test_the_command_shows_its_own_outcome_and_no_message_twice(
    command: Command, warehouse: Warehouse
) -> None:
    warn_of(warehouse, "fact_sales_joins_dimensions", 1)
    command.use(warehouse.environment)
    said = command.works("run")
    assert said.count(" succeeded in ") == 1
    assert said.count("fact_sales_joins_dimensions") == 2  # in the table, and above its rows
