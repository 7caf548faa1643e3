"""The result of a run does not depend on the settings of the calling session."""

from pathlib import Path

import pytest

from tests.harness import Warehouse

HOSTILE = {
    "timezone": "Asia/Tokyo",
    "datestyle": "SQL, DMY",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "xmlbinary": "hex",
    "xmloption": "document",
    "lc_monetary": "en_US.UTF-8",
    "lc_numeric": "de_DE.UTF-8",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "default_text_search_config": "pg_catalog.english",
    "row_security": "off",
    "restrict_nonsystem_relation_kind": "view, foreign-table",
    "gin_fuzzy_search_limit": "1",
    "search_path": "",
    "default_transaction_isolation": "repeatable read",
}
# Each of them depends on at least one setting, when the row is read or the view is created.
EXPRESSIONS = {
    "day": "(updated_at AT TIME ZONE 'UTC')::date",
    "hour": "extract(HOUR FROM updated_at AT TIME ZONE 'UTC')::integer",
    "stamp": "(updated_at AT TIME ZONE 'UTC')::text",
    "local_day": "updated_at::date::text",
    "span": "(make_interval(days => order_id, hours => 3))::text",
    "third": "(order_id / 3.0::double precision)::text",
    "bytes": "convert_to(status, 'UTF8')::text",
    "numbers": "('{1,NULL,' || order_id || '}')::integer [] ::text",
    "parsed_day": "('03/04/2021 ' || order_id % 24 || ':00')::timestamp::date",
    "words": "to_tsvector(status)::text",
    "amount": "order_id::numeric::money::text",
    "table_name": "'gold.daily_sales'::regclass::text",
}


@pytest.fixture
def telling(seeded_warehouse: Warehouse, project: Path) -> Warehouse:
    """A warehouse with a silver table whose every column would reveal the caller's settings."""
    types = {"day": "date", "hour": "integer", "parsed_day": "date"}
    columns = ", ".join(f"{name} {types.get(name, 'text')}" for name in EXPRESSIONS)
    (project / "migrations/0009_texts.sql").write_text(
        f"CREATE TABLE silver.texts (order_id integer PRIMARY KEY, {columns}, "
        "is_deleted boolean NOT NULL, _run_id bigint NOT NULL);\n"
    )
    listed = ",\n    ".join(f"{text} AS {name}" for name, text in EXPRESSIONS.items())
    (project / "sql/silver/text_versions.sql").write_text(
        f"CREATE VIEW silver.text_versions AS\nSELECT\n    order_id,\n    {listed},\n"
        "    {{ bronze.metadata(source.production) | indent(4) }},\n"
        "    {{ silver.reject_reasons({}) }} AS reject_reasons\nFROM bronze.raw_orders;\n"
    )
    (project / "sql/silver/write_texts.sql").write_text(
        "{{ silver.write_latest('texts', versions='silver.text_versions', key='order_id', "
        f"columns={list(EXPRESSIONS)!r}) }}}}\n"
    )
    seeded_warehouse.deploy(project)
    return seeded_warehouse


def call(warehouse: Warehouse, procedure: str, settings: dict[str, str]) -> None:
    with warehouse.connect("loader", autocommit=True) as connection:
        known = {n for (n,) in connection.execute("SELECT name FROM pg_catalog.pg_settings")}
        for name, value in settings.items():
            if not name.startswith("lc_"):  # of which only those of this machine exist
                assert name in {n.lower() for n in known}
                connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])
        connection.execute(f"CALL {procedure}".encode())
        shown = connection.execute("SHOW timezone").fetchall()
    assert shown == [(settings.get("timezone", "Etc/UTC"),)]  # the session's own is untouched


def texts(warehouse: Warehouse) -> dict[str, list[str]]:
    """Every row, without run ids and surrogate keys."""
    return {
        table: warehouse.column(
            "SELECT (to_jsonb(t) - '{_run_id,_inserted_run_id,_extracted_at}'::text[])::text "
            f"FROM {table} AS t ORDER BY 1"
        )
        for table in warehouse.tables()
    }


@pytest.mark.parametrize(
    "procedures",
    [
        ["etl.run_pipeline()"],
        ["etl.extract_and_load_bronze()", "etl.build_silver()", "etl.build_gold()"],
        ["etl.backfill(50)", "etl.reconcile()"],
        ["bronze.load_raw_orders()", "silver.build_texts()", "etl.run_pipeline()"],
    ],
)
def test_g3_rows_are_the_same_whatever_the_settings_of_the_caller(
    telling: Warehouse, procedures: list[str]
) -> None:
    for procedure in procedures:
        call(telling, procedure, HOSTILE)
    made = texts(telling)
    assert made["silver.texts"]
    before = telling.row_versions()
    call(telling, "etl.rebuild('all')", {})
    assert telling.row_versions() == before  # a plain session agrees, to the last row
    assert texts(telling) == made


def test_g3_what_a_plain_session_wrote_is_what_a_hostile_one_computes(telling: Warehouse) -> None:
    call(telling, "etl.run_pipeline()", {})
    telling.shop.execute("UPDATE orders SET status = 'Shipped \\ x' WHERE order_id < 20")
    call(telling, "etl.run_pipeline()", {})
    before, made = telling.row_versions(), texts(telling)
    for name, value in HOSTILE.items():
        call(telling, "etl.rebuild('all')", {name: value})
        assert telling.row_versions() == before, name
    call(telling, "etl.run_pipeline()", HOSTILE)
    call(telling, "etl.run_checks()", HOSTILE)
    assert texts(telling) == made


def test_rejected_row_stands_once_whatever_the_settings_of_the_caller(telling: Warehouse) -> None:
    telling.shop.force("UPDATE orders SET status = 'lost', updated_at = now() WHERE order_id = 1")
    call(telling, "etl.run_pipeline()", HOSTILE)
    rejected = "SELECT model, key, rejected_row FROM silver.rejected_rows"
    first = telling.rows(rejected)
    call(telling, "etl.rebuild('all')", {"timezone": "America/New_York", "datestyle": "German"})
    call(telling, "etl.run_pipeline()", {})
    assert len(first) == 1
    assert telling.rows(rejected) == first


def test_deploy_reads_literals_whatever_the_settings_of_the_owner(
    telling: Warehouse, project: Path
) -> None:
    call(telling, "etl.run_pipeline()", {})
    made = texts(telling)
    telling.execute("ALTER ROLE warehouse_owner SET datestyle = 'SQL, DMY'", role="admin")
    telling.execute("ALTER ROLE warehouse_owner SET timezone = 'Asia/Tokyo'", role="admin")
    try:
        file = project / "sql/silver/text_versions.sql"
        file.write_text(file.read_text().replace("'03/04/2021 '", "'03/04/' || 2021 || ' '"))
        telling.deploy(project)
    finally:
        telling.execute("ALTER ROLE warehouse_owner RESET ALL", role="admin")
    call(telling, "etl.run_pipeline()", {})
    assert texts(telling) == made
