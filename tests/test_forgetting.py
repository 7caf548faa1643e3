"""A person is erased from the warehouse, and stays erased."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import psycopg
import pytest
import yaml

from fdwarehouse.errors import FdwarehouseError
from tests.clinic import Clinic, with_tables
from tests.command import Command
from tests.harness import Shop, Warehouse, failing
from tests.test_models import sell

EVERYWHERE = ("etl", "bronze", "silver", "gold")


def traces(warehouse: Warehouse, *words: str, schemas: tuple[str, ...] = EVERYWHERE) -> list[str]:
    """Find words of a person in all tables of the warehouse, and in the planner's statistics."""
    found = [
        f"{table}: {row}"
        for table, rows in warehouse.dump(*schemas).items()
        for row in rows
        if any(word in row for word in words)
    ]
    statistics = warehouse.rows(
        "SELECT tablename, s::text FROM pg_stats AS s WHERE schemaname = ANY(%s)",
        [list(schemas)],
        role="admin",
    )
    return found + [f"{t}: {s}" for t, s in statistics if any(word in s for word in words)]


@pytest.fixture
def sold(shop: Shop, warehouse: Warehouse) -> Warehouse:
    """A warehouse in which customer 1, Mona, has had two names and bought something."""
    sell(shop, 1)
    sell(shop, 2)
    shop.execute(
        "UPDATE customers SET email = 'mona@x.org', full_name = 'Mona Lisa' WHERE customer_id = 1"
    )
    warehouse.run()
    shop.execute("UPDATE customers SET full_name = 'Mona Gioconda' WHERE customer_id = 1")
    warehouse.run()
    return warehouse


def test_person_is_in_no_table_log_or_statistic_afterwards(sold: Warehouse) -> None:
    sold.shop.execute("UPDATE customers SET email = '' WHERE customer_id = 1")
    sold.run()  # the version is rejected, and a check warns with a sample of it
    sold.execute("ANALYZE")
    names = ("mona", "Mona", "Gioconda", "Lisa")
    assert len(traces(sold, *names)) > 5
    (key,) = sold.column(
        "SELECT DISTINCT customer_id FROM bronze.raw_customers WHERE email ~ 'mona'"
    )
    sold.call(f"etl.forget('production.customers', '{key}')", role="owner")
    assert traces(sold, *names) == []
    assert (
        sold.value("SELECT count(*) FROM silver.clean_customers WHERE email = 'c2@example.com'")
        == 1
    )


def test_facts_keep_an_anonymous_member(sold: Warehouse) -> None:
    sums = "SELECT count(*), sum(total_amount) FROM gold.fact_sales"
    before = sold.rows(sums)
    sold.call("etl.forget('customers', '1')", role="owner")
    assert sold.rows(sums) == before
    assert sold.rows(
        "SELECT d.customer_id, d.full_name, d.email, d.is_inferred FROM gold.fact_sales AS f "
        "INNER JOIN gold.dim_customers AS d USING (customer_key) WHERE d.customer_id = 1"
    ) == [(1, None, None, True)]


def test_person_stays_erased_whatever_is_read(sold: Warehouse) -> None:
    words = ("mona@", "Anastasia")
    sold.call("etl.forget('bronze.raw_customers', '1')", role="owner")
    for call in ("run_pipeline()", "reconcile()", "run_pipeline(true)", "rebuild()", "reconcile()"):
        sold.shop.execute("UPDATE customers SET full_name = 'Anastasia' WHERE customer_id = 1")
        sold.shop.force("UPDATE customers SET full_name = 'Anastasia ' WHERE customer_id = 1")
        sold.call(f"etl.{call}")
        assert traces(sold, *words) == []
    assert sold.value("SELECT count(*) FROM bronze.raw_customers WHERE customer_id = 2") == 1
    failed = "SELECT DISTINCT check_name FROM etl.check_results WHERE offending_rows > 0"
    assert sold.column(failed) == []


def test_hashes_of_buckets_stay_right(sold: Warehouse) -> None:
    sold.reconcile()
    sold.call("etl.forget('production.customers', '1')", role="owner")
    sold.shop.force(
        "DELETE FROM order_items",
        "DELETE FROM orders",
        "DELETE FROM customers WHERE customer_id = 1",
    )
    run_id = sold.reconcile()
    counts = sold.step_counts(run_id)
    assert counts["bronze.raw_customers.reconciliation"] == (0, 0, 0, 0, 0), "no bucket differs"


def test_forgetting_again_or_what_never_was_is_no_error(sold: Warehouse) -> None:
    for _ in range(2):
        sold.call("etl.forget('production.customers', '1')", role="owner")
        sold.call("etl.forget('production.customers', '4711')", role="owner")
    assert sold.value("SELECT count(*) FROM etl.forgotten_keys") == 2
    with sold.connect("owner", autocommit=True) as session:
        said: list[str | None] = []
        session.add_notice_handler(lambda notice: said.append(notice.message_primary))
        session.execute("CALL etl.forget('production.customers', '815')")
    assert "no row of bronze.raw_customers has the key that was forgotten" in said
    sell(sold.shop, 4711)
    sold.run()
    assert sold.value("SELECT count(*) FROM silver.clean_customers WHERE customer_id = 4711") == 0


def test_strict_reference_to_a_forgotten_row_stops_nothing(sold: Warehouse, project: Path) -> None:
    path = project / "sql" / "silver" / "clean_orders.sql"
    reference = "{to: silver.clean_customers, severity: warn}"
    text = path.read_text()
    assert reference in text
    path.write_text(text.replace(reference, "silver.clean_customers"))
    sold.deploy(project)
    sold.call("etl.forget('production.customers', '1')", role="owner")
    assert traces(sold, "Gioconda") == []
    sold.run()
    sold.shop.force(
        "DELETE FROM customers WHERE customer_id = 2",
        "UPDATE orders SET status = 'shipped', updated_at = now() WHERE order_id = 2",
    )
    with failing("DW002", "references"):
        sold.call("etl.reconcile()")


def test_deploy_that_would_read_the_person_again_is_refused(sold: Warehouse, project: Path) -> None:
    sold.call("etl.forget('production.customers', '1')", role="owner")
    path = project / "warehouse.yaml"
    text = path.read_text()
    path.write_text(text.replace("      customers: {", "      customers: {as: people, "))
    assert path.read_text() != text
    with pytest.raises(FdwarehouseError, match=r"forgotten as bronze\.raw_customers"):
        sold.deploy(project)


def test_log_says_who_and_when_but_not_whom(sold: Warehouse) -> None:
    sold.call("etl.forget('production.customers', '1')", role="owner")
    assert sold.rows(
        "SELECT model, forgotten_by, octet_length(key_hash) FROM etl.forgotten_keys"
    ) == [("bronze.raw_customers", "warehouse_owner", 32)]
    assert sold.rows(
        "SELECT r.begun_by, r.status, s.rows_deleted FROM etl.runs AS r INNER JOIN etl.steps AS s "
        "USING (run_id) WHERE s.model = 'bronze.raw_customers' ORDER BY run_id DESC LIMIT 1"
    ) == [("etl.forget", "succeeded", 2)]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("'customer', '1'", "DW003", "no table 'customer' is in bronze"),
        ("'production.customers', '{1,2}'", "22P02", "integer"),
        (
            "'production.customers', NULL",
            "22023",
            "the key of bronze.raw_customers is (customer_id)",
        ),
    ],
)
def test_what_is_no_key_is_refused_and_begins_no_run(
    sold: Warehouse, arguments: str, code: str, words: str
) -> None:
    runs = sold.value("SELECT count(*) FROM etl.runs")
    with failing(code, words):
        sold.call(f"etl.forget({arguments})", role="owner")
    assert sold.value("SELECT count(*) FROM etl.runs WHERE status = 'running'") == 0
    if code != "22P02":
        assert sold.value("SELECT count(*) FROM etl.runs") == runs


@pytest.mark.parametrize("role", ["loader", "orchestrator", "analyst"])
def test_g6_only_the_owner_may_forget(sold: Warehouse, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        sold.call("etl.forget('production.customers', '1')", role=role)
    assert sold.value("SELECT count(*) FROM etl.forgotten_keys") == 0


KEYS = {
    "several columns": ("a int, b text, PRIMARY KEY (a, b)", "(7, 'x y')", '{7,"x y"}'),
    "text that needs quotes": ("a text PRIMARY KEY", "('O''Hara {1}')", "O''Hara {1}"),
    "a time": ("a timestamptz PRIMARY KEY", "('2024-03-01 12:00+05')", "2024-03-01 07:00:00+00"),
    "a number with zeros": ("a numeric PRIMARY KEY", "(1.00)", "1.0"),
    "a uuid": (
        "a uuid PRIMARY KEY",
        "('0cc175b9-c0f1-b6a8-31c3-99e269772661')",
        "0CC175B9C0F1B6A831C399E269772661",
    ),
    "bytes": ("a bytea PRIMARY KEY", r"('\x00ff')", r"\x00ff"),
    "a date": ("a date PRIMARY KEY", "('2024-03-01')", "2024-03-01"),
}


@pytest.mark.parametrize("mode", ["watermark: changed_at", "mode: snapshot"])
@pytest.mark.parametrize("kind", KEYS)
def test_key_of_any_type_is_forgotten(clinic: Clinic, kind: str, mode: str) -> None:
    columns, row, key = KEYS[kind]
    clinic.write(
        f"CREATE TABLE people (changed_at timestamptz NOT NULL, name text, {columns})",
        f"INSERT INTO people VALUES (now(), 'Mona', {row[1:]}",
        """GRANT SELECT ON ALL TABLES IN SCHEMA "clinic 'A'" TO warehouse_reader""",
    )
    config = with_tables({})
    config["sources"]["clinic"] |= {
        "tables": {"people": yaml.safe_load(f"{{{mode}}}")},
        "mirror": True,
    }
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    assert traces(clinic.warehouse, "Mona")
    clinic.warehouse.call(f"etl.forget('clinic.people', '{key}')", role="owner")
    clinic.write("UPDATE people SET changed_at = clock_timestamp()")
    for call in ("run_pipeline()", "reconcile()", "run_pipeline(true)"):
        clinic.warehouse.call(f"etl.{call}")
        assert traces(clinic.warehouse, "Mona") == []
        assert clinic.warehouse.value("SELECT count(*) FROM silver.people") == 0


def test_command_asks_before_it_forgets(
    sold: Warehouse, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.use(sold.environment)
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    refused = command("forget", "production.customers", "1")
    assert refused.exit_code == 1
    assert "nothing was erased" in refused.err
    assert traces(sold, "Gioconda")
    said = command.works("forget", "production.customers", "1", "--yes")
    assert traces(sold, "Gioconda") == []
    assert "mistyped" not in said
    assert "mistyped" in command("forget", "production.customers", "815", "--yes").err


def test_references_are_looked_up_among_forgotten_rows_only_if_they_are_dangling(
    sold: Warehouse,
) -> None:
    calls = "SELECT coalesce(pg_stat_get_function_calls('etl.is_forgotten'::regproc), 0)"
    with sold.connect("admin", autocommit=True) as session:
        session.execute("SET track_functions = 'all'")
        session.execute("CALL etl.run_checks()")
        session.execute("SELECT pg_stat_force_next_flush()")
    assert sold.value(calls) == 0
    sold.execute("DELETE FROM silver.clean_customers WHERE customer_id = 1", role="admin")
    with sold.connect("admin", autocommit=True) as session:
        session.execute("SET track_functions = 'all'")
        session.execute("CALL etl.run_checks()")
        session.execute("SELECT pg_stat_force_next_flush()")
    assert sold.value(calls) > 0
