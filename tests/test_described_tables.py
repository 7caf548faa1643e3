"""What deploy stores about tables, columns and lineage, and what `database.observation` reads."""

from __future__ import annotations

from pathlib import Path

from fdwarehouse.database.observation.described import DescribedTable, read_described
from tests.harness import Warehouse
from tests.place import Place


def tables(warehouse: Warehouse) -> dict[str, DescribedTable]:
    with warehouse.connect("owner") as owner:
        return {table.name: table for table in read_described(owner).tables}


def origins(warehouse: Warehouse, column: str) -> dict[str, str]:
    """From which columns a column comes: direct or indirect by name."""
    with warehouse.connect("owner") as owner:
        return {
            f"{o.from_table}.{o.from_column}": o.kind
            for o in read_described(owner).origins
            if f"{o.table}.{o.column}" == column
        }


def test_every_table_of_the_project_is_described(warehouse: Warehouse) -> None:
    found = tables(warehouse)
    steps = warehouse.column(
        "SELECT model FROM etl.pipeline_steps WHERE layer <> 'source' AND interval_between IS NULL"
    )
    assert set(found) == {*steps, "gold.customer_recency"}
    assert [t.layer for t in found.values()] == sorted(
        (t.layer for t in found.values()), key=["bronze", "silver", "gold"].index
    )
    bronze = found["bronze.raw_orders"]
    assert (bronze.kind, bronze.source_name, bronze.source_table) == (
        *("raw", "production", "orders"),
    )
    assert bronze.key == ["order_id", "_run_id"]
    sales = found["gold.fact_sales"]
    file = Path("sql/gold/fact_sales.sql").read_text(encoding="utf-8")
    assert sales.file == "sql/gold/fact_sales.sql"
    assert sales.select is not None
    assert sales.select in file
    assert (sales.kind, sales.grain, sales.key, sales.is_incremental) == (
        *("table", "one order item", ["order_item_id"], True),
    )
    assert (sales.maintenance or "").startswith("incremental by order_item_id from ")
    dimension = found["gold.dim_customers"]
    assert (dimension.kind, dimension.key) == ("dimension", ["customer_key"])
    view = found["gold.customer_recency"]
    assert (view.kind, view.is_incremental) == ("view", False)


def test_columns_are_those_of_the_table_with_what_its_header_says(warehouse: Warehouse) -> None:
    found = tables(warehouse)
    for table in found.values():
        assert list(table.columns) == warehouse.column(
            "SELECT attname FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [table.name],
        )
    sales = found["gold.fact_sales"]
    quantity = sales.columns["quantity"]
    assert (quantity.unit, quantity.description) == ("pieces", None)
    assert quantity.tests == [{"test": "check", "condition": "quantity > 0", "severity": "error"}]
    assert sales.columns["customer_key"].references_table == "gold.dim_customers"
    *_, reference = found["silver.clean_orders"].columns["customer_id"].tests
    assert reference["severity"] == "warn"
    assert warehouse.column("SELECT check_name FROM etl.checks").count(reference["check_name"]) == 1
    assert found["gold.dim_customers"].columns["valid_to"].description


def test_lineage_leads_from_gold_to_production(warehouse: Warehouse) -> None:
    assert origins(warehouse, "gold.daily_sales.revenue") == {
        "gold.fact_sales.total_amount": "direct",
        "gold.fact_sales.date_key": "indirect",
        "gold.fact_sales.is_cancelled": "indirect",
    }
    assert origins(warehouse, "bronze.raw_orders.status") == {"production.orders.status": "direct"}
    status = origins(warehouse, "silver.clean_orders.status")
    assert status.pop("bronze.raw_orders.status") == "direct"
    assert set(status.values()) == {"indirect"}, "columns of the rules that reject rows"
    deleted = origins(warehouse, "silver.clean_orders.is_deleted")
    assert deleted["bronze.raw_orders._is_deleted"] == "direct"


def test_lineage_of_a_dimension_names_the_origins_of_its_own_columns(warehouse: Warehouse) -> None:
    customer, source = "gold.dim_customers", "silver.clean_customers"
    assert origins(warehouse, f"{customer}.customer_id") == {
        f"{source}.customer_id": "direct",
        "silver.clean_orders.customer_id": "direct",
        f"{source}.is_deleted": "indirect",
    }
    began = origins(warehouse, f"{customer}.valid_from")
    assert began[f"{source}.updated_at"] == began["bronze.raw_customers._extracted_at"] == "direct"
    assert began[f"{source}.email"] == "indirect"
    assert set(origins(warehouse, f"{customer}.customer_key").values()) == {"indirect"}
    for column in ("valid_to", "is_current", "is_inferred"):
        assert origins(warehouse, f"{customer}.{column}")


def test_everything_but_columns_of_the_engine_and_constants_has_an_origin(
    warehouse: Warehouse,
) -> None:
    without = warehouse.column(
        "SELECT c.table_name || '.' || c.column_name FROM etl.columns AS c "
        "WHERE c.column_name NOT LIKE '\\_%' AND NOT EXISTS (SELECT FROM etl.column_lineage AS l "
        "WHERE (l.table_name, l.column_name) = (c.table_name, c.column_name))"
    )
    assert without == []
    dangling = warehouse.column(
        "SELECT DISTINCT from_table FROM etl.column_lineage AS l WHERE from_table NOT LIKE "
        "'production.%' AND NOT EXISTS (SELECT FROM etl.columns AS c "
        "WHERE (c.table_name, c.column_name) = (l.from_table, l.from_column))"
    )
    assert dangling == []


def test_tables_that_are_written_by_hand_are_described_from_the_catalog(beside: Warehouse) -> None:
    found = tables(beside)
    orders = found["silver.clean_orders"]
    assert (orders.kind, orders.file) == ("by_hand", "sql/silver/write_clean_orders.sql")
    assert orders.key == ["order_id"]
    assert orders.description
    versions = found["silver.order_versions"]
    assert (versions.kind, versions.grain) == ("view", "one version of one order")
    assert origins(beside, "silver.clean_orders.status")["silver.order_versions.status"] == "direct"
    assert origins(beside, "silver.order_versions.status")["bronze.raw_orders.status"] == "direct"
    sales = origins(beside, "gold.fact_sales.quantity")
    assert sales["silver.clean_order_items.quantity"] == "direct"
    assert sales["silver.clean_orders.order_date"] == "indirect"


MASKED_PEOPLE = """
/*
description: People.
grain: one person
key: id
*/
SELECT id, lower(email) AS contact, phone IS NOT NULL AS has_phone, note FROM bronze.raw_people
"""
DOMAINS = """
/*
description: People per domain.
grain: one domain
key: domain
*/
WITH p AS (SELECT id, split_part(contact, '@', 2) AS domain FROM silver.people WHERE note <> '')
SELECT domain, count(*) AS people FROM p GROUP BY domain
"""


def test_masked_columns_are_marked_as_far_as_their_values_go(place: Place) -> None:
    place.write(
        "CREATE TABLE people (id int PRIMARY KEY, email text, phone text, note text, "
        "updated_at timestamptz NOT NULL)"
    )
    masks = {"email": "domain", "phone": "redact"}
    place.configure({"people": {"watermark": "updated_at", "mask": masks}})
    for name, text in {"silver/people": MASKED_PEOPLE, "gold/domains": DOMAINS}.items():
        path = place.root / f"sql/{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    place.works("bootstrap", "contract", "deploy")
    masked = {
        f"{t.name}.{c.name}"
        for t in tables(place.warehouse).values()
        for c in t.columns.values()
        if c.is_masked
    }
    assert masked == {
        "bronze.raw_people.email",
        "bronze.raw_people.phone",
        "silver.people.contact",
        "silver.people.has_phone",
        "gold.domains.domain",
    }
    assert origins(place.warehouse, "gold.domains.people") == {
        "silver.people.contact": "indirect",
        "silver.people.note": "indirect",
    }


def test_a_deploy_writes_only_what_is_described_otherwise(
    warehouse: Warehouse, project: Path
) -> None:
    def versions(table: str) -> dict[str, str]:
        return dict(warehouse.rows(f"SELECT md5(t::text), xmin::text FROM etl.{table} AS t"))

    before = {t: versions(t) for t in ("tables", "columns", "column_lineage")}
    file = project / "sql/gold/daily_sales.sql"
    file.write_text(file.read_text().replace("grain: one day with orders", "grain: one day"))
    assert not warehouse.deploy(project).is_empty
    changed = {t: {*versions(t).items()} - {*rows.items()} for t, rows in before.items()}
    assert {t: len(rows) for t, rows in changed.items()} == {
        "tables": 1,
        "columns": 0,
        "column_lineage": 0,
    }
    assert warehouse.deploy(project).is_empty


LIST = """
CREATE VIEW gold.contact_list AS
SELECT
    id, email AS contact, left(email, 20) AS short, note AS "a note", note AS renamed,
    count(*) OVER () AS people
FROM silver.people;
"""
SWAPPED = """
CREATE VIEW gold.swapped AS
WITH p AS (SELECT note AS email, email AS note, id FROM silver.people)
SELECT id, note, email FROM p
UNION ALL
SELECT id, note, email FROM p;
"""
FURTHER = """
CREATE VIEW gold.further (x, y) AS SELECT contact, renamed FROM gold.contact_list;
"""
AT_THE_SOURCE = """
CREATE VIEW gold.at_the_source AS SELECT id, email AS contact FROM production.people;
"""
CONTACTS = """
CREATE TABLE gold.contacts (
    id integer PRIMARY KEY, note text, contact text, same text, _run_id bigint NOT NULL
);
"""
WRITER = """
{{ routine.writer('gold.write_contacts') }}
BEGIN ATOMIC
    WITH affected_people AS (
        SELECT id FROM silver.people
        UNION
        SELECT id FROM gold.contacts
    ),

    expected_contacts AS (
        SELECT id, email AS note, note AS contact, email AS same FROM silver.people
    ),

    {{ merge.write_difference(
        'gold.contacts',
        key='id',
        columns=['note', 'contact', 'same'],
        source='expected_contacts',
        affected_keys='affected_people',
    ) | indent(4) }}

    {{ merge.counts('expected_contacts') | indent(4) }};
END;
"""
HARMLESS = """
CREATE VIEW gold.harmless AS SELECT id, upper(note) AS loud FROM silver.people;
"""


def test_masked_column_is_marked_where_a_view_by_hand_gives_it_another_name(place: Place) -> None:
    place.write(
        "CREATE TABLE people (id int PRIMARY KEY, email text, note text, "
        "updated_at timestamptz NOT NULL)"
    )
    place.configure({"people": {"watermark": "updated_at", "mask": {"email": "hash"}}})
    people = MASKED_PEOPLE.replace(
        "lower(email) AS contact, phone IS NOT NULL AS has_phone, note", "email, note"
    )
    for name, text in {
        "silver/people": people,
        "gold/contact_list": LIST,
        "gold/swapped": SWAPPED,
        "gold/further": FURTHER,
        "gold/at_the_source": AT_THE_SOURCE,
        "gold/harmless": HARMLESS,
        "gold/write_contacts": WRITER,
        "../migrations/0001_contacts": CONTACTS,
    }.items():
        path = place.root / "sql" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    place.works("bootstrap", "contract", "deploy")
    masked = {
        table.name: [c.name for c in table.columns.values() if c.is_masked]
        for table in tables(place.warehouse).values()
    }
    assert masked == {
        "bronze.raw_people": ["email"],
        "silver.people": ["email"],
        "gold.contact_list": ["contact", "short", "people"],  # what is computed, to be safe
        "gold.swapped": ["id", "note", "email"],  # the same
        "gold.further": ["x"],
        "gold.at_the_source": ["contact"],
        "gold.harmless": [],
        "gold.contacts": ["note", "contact", "same"],
    }
    contact = origins(place.warehouse, "gold.contact_list.contact")
    assert contact["silver.people.email"] == "direct"
    assert contact["silver.people.note"] == "indirect"
