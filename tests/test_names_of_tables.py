"""The names of tables that Airflow's assets have: those of the warehouse, without a database."""

from pathlib import Path

from fdwarehouse.rendering.names_of_tables import names_of_tables
from tests.harness import ROOT, Warehouse

WRITTEN = """
    SELECT split_part(table_name, '.', 1), array_agg(split_part(table_name, '.', 2) ORDER BY 1)
    FROM etl.tables WHERE kind <> 'view' GROUP BY 1
"""


def require_tables(warehouse: Warehouse, project: Path) -> None:
    found = names_of_tables(project)
    deployed = {schema: sorted(tables) for schema, tables in warehouse.rows(WRITTEN)}
    sources = {schema: found.pop(schema) for schema in {*found} - {"bronze", "silver", "gold"}}
    assert {schema: tables for schema, tables in found.items() if tables} == deployed
    mounted = """
        SELECT s.source_name, array_agg(c.relname::text ORDER BY c.relname)
        FROM etl.sources AS s
        INNER JOIN pg_class AS c ON c.relnamespace = s.source_name::regnamespace
        WHERE c.relkind = 'f' GROUP BY 1
    """
    for source, tables in warehouse.rows(mounted):
        assert set(sources[source]) <= set(tables)


def test_tables_of_the_shop(warehouse: Warehouse) -> None:
    require_tables(warehouse, ROOT)


def test_tables_that_are_written_by_hand(beside: Warehouse, by_hand: Path) -> None:
    require_tables(beside, by_hand)
