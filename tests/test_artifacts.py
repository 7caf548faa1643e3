"""The files for other tools, read by the libraries and schemas that those tools use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt_artifacts_parser.parser import parse_catalog, parse_manifest, parse_run_results
from jsonschema import Draft201909Validator
from openlineage.client.naming.dataset import Postgres
from psycopg.conninfo import conninfo_to_dict

from tests.command import Command
from tests.harness import Warehouse
from tests.place import Place


@pytest.fixture
def shown(command: Command, seeded_warehouse: Warehouse) -> Command:
    """The command on a warehouse that has run once."""
    command.use(seeded_warehouse.environment)
    seeded_warehouse.run()
    return command


@pytest.fixture
def written(shown: Command, tmp_path: Path) -> Path:
    shown.works("artifacts", "--out", str(tmp_path))
    return tmp_path


def read(folder: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / name).read_text())
    return content


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "openlineage.ndjson").read_text().splitlines()]


def contract(folder: Path, name: str) -> dict[str, Any]:
    content = yaml.safe_load((folder / f"contracts/{name}.odcs.yaml").read_text())
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text())
    problems = [p.message for p in Draft201909Validator(schema).iter_errors(content)]
    assert problems == []
    return dict(content)


def test_files_of_dbt_are_valid_and_agree_with_one_another(written: Path) -> None:
    manifest = read(written, "manifest.json")
    catalog = read(written, "catalog.json")
    results = read(written, "run_results.json")
    parse_manifest(manifest)
    parse_catalog(catalog)
    parse_run_results(results)

    models = {id_ for id_, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    assert set(catalog["nodes"]) == models
    assert set(catalog["sources"]) == set(manifest["sources"])
    assert {result["unique_id"] for result in results["results"]} <= set(manifest["nodes"])
    everything = {*manifest["nodes"], *manifest["sources"]}
    for node in manifest["nodes"].values():
        assert set(node["depends_on"]["nodes"]) <= everything
    assert len({node["name"] for node in manifest["nodes"].values()}) == len(manifest["nodes"])


def test_manifest_says_what_a_table_is_and_reads(written: Path) -> None:
    manifest = read(written, "manifest.json")
    sales = manifest["nodes"]["model.xyz_store.fact_sales"]
    assert sales["config"]["materialized"] == "incremental"
    assert sales["original_file_path"] == "sql/gold/fact_sales.sql"
    assert sales["meta"]["grain"] == "one order item"
    assert sales["columns"]["quantity"]["meta"] == {"unit": "pieces"}
    assert {id_.rpartition(".")[2] for id_ in sales["depends_on"]["nodes"]} == {
        *("clean_order_items", "clean_orders", "dim_customers", "dim_products"),
        "dim_date",  # a foreign key
    }
    raw = manifest["nodes"]["model.xyz_store.raw_orders"]
    assert raw["depends_on"]["nodes"] == ["source.xyz_store.production.orders"]
    assert raw["sources"] == [["production", "orders"]]
    source = manifest["sources"]["source.xyz_store.production.orders"]
    assert (source["schema"], source["identifier"]) == ("public", "orders")
    assert "model.xyz_store.raw_orders" in manifest["child_map"][source["unique_id"]]
    recency = manifest["nodes"]["model.xyz_store.customer_recency"]
    assert recency["config"]["materialized"] == "view"


def test_rules_and_checks_are_tests_with_the_results_of_the_run(
    written: Path, seeded_warehouse: Warehouse
) -> None:
    manifest = read(written, "manifest.json")
    tests = {
        node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "test"
    }
    relation = tests["relationships_fact_sales_customer_key"]
    assert relation["test_metadata"]["kwargs"]["field"] == "customer_key"
    assert relation["attached_node"] == "model.xyz_store.fact_sales"
    assert tests["accepted_values_clean_orders_status"]["test_metadata"]["kwargs"]["values"]
    assert tests["relationships_clean_orders_customer_id"]["config"]["severity"] == "WARN"
    assert tests["no_rejected_rows"].get("test_metadata") is None
    results = {r["unique_id"]: r for r in read(written, "run_results.json")["results"]}
    checked = [r for id_, r in results.items() if id_.startswith("test.")]
    assert len(checked) == seeded_warehouse.value("SELECT count(*) FROM etl.check_results")
    assert results["model.xyz_store.fact_sales"]["status"] == "success"
    (rows,) = seeded_warehouse.column(
        "SELECT rows_inserted FROM etl.steps WHERE model = 'gold.fact_sales'"
    )
    adapter = results["model.xyz_store.fact_sales"]["adapter_response"]
    assert adapter == {"rows_affected": rows}


def test_what_the_files_promise_holds_in_the_warehouse(
    written: Path, seeded_warehouse: Warehouse
) -> None:
    broken = {
        name: found
        for name, query in (*promised_by_contract(written), *promised_by_manifest(written))
        if (found := seeded_warehouse.value(query))
    }
    assert broken == {}


def promised_by_contract(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the promises of gold's contract, as queries that count the rows that break them."""
    for table in contract(folder, "gold")["schema"]:
        rows = f"SELECT count(*) FROM gold.{table['name']}"
        for column in table["properties"]:
            name = f"contract {table['name']}.{column['name']}"
            if column.get("required"):
                yield f"{name} required", f"{rows} WHERE {column['name']} IS NULL"
            for rule in column.get("quality", []):
                assert rule["mustBe"] == 0
                values = rule.get("arguments", {}).get("validValues", [])
                yield (
                    f"{name} {rule}",
                    rule.get("query") or f"{rows} WHERE {column['name']} NOT IN ({listed(values)})",
                )


def promised_by_manifest(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the generic tests of the manifest, as queries that count the rows that break them."""
    nodes = read(folder, "manifest.json")["nodes"]
    for node in nodes.values():
        if not (test := node.get("test_metadata")):
            continue
        arguments = test["kwargs"]
        table = nodes[node["attached_node"]]["relation_name"]
        rows = f"(SELECT * FROM {table} WHERE {node['config'].get('where', 'true')})"
        column = node.get("column_name")
        wrong = {
            "not_null": f"{column} IS NULL",
            "accepted_values": f"{column} NOT IN ({listed(arguments.get('values', ()))})",
            "expression_is_true": f"NOT ({arguments.get('expression')})",
        }.get(test["name"])
        if test["name"] == "relationships":
            to, field = arguments["to"].split("'")[1], arguments["field"]
            (other,) = [n["relation_name"] for n in nodes.values() if n["name"] == to]
            wrong = f"{column} NOT IN (SELECT {field} FROM {other} WHERE {field} IS NOT NULL)"
        key = arguments.get("combination_of_columns", [column])
        query = f"SELECT count(*) FROM {rows} AS tested WHERE {wrong}"
        if wrong is None:
            assert test["name"] in ("unique", "unique_combination_of_columns")
            query = (
                f"SELECT count(*) FROM (SELECT FROM {rows} AS tested "
                f"WHERE ({', '.join(key)}) IS NOT NULL GROUP BY {', '.join(key)} "
                f"HAVING count(*) > 1) AS twice"
            )
        yield f"manifest {node['name']}", query


def listed(values: Iterable[Any]) -> str:
    return ", ".join(f"'{value}'" for value in values) or "NULL"


def test_contracts_follow_the_standard(written: Path, seeded_warehouse: Warehouse) -> None:
    gold = {table["name"]: table for table in contract(written, "gold")["schema"]}
    assert set(gold) == {
        table.removeprefix("gold.")
        for table in seeded_warehouse.column(
            "SELECT table_name FROM etl.tables WHERE layer = 'gold'"
        )
    }
    sales = {column["name"]: column for column in gold["fact_sales"]["properties"]}
    assert sales["customer_key"]["relationships"] == [{"to": "dim_customers.customer_key"}]
    assert sales["order_item_id"]["primaryKey"]
    assert sales["quantity"]["quality"][0]["query"].endswith("WHERE (quantity > 0) IS FALSE")
    assert "_run_id" not in sales
    production = contract(written, "production")
    server = production["servers"][0]
    assert (server["database"], server["schema"]) == (seeded_warehouse.shop.name, "public")
    (orders,) = [table for table in production["schema"] if table["name"] == "orders"]
    key = {column["name"]: column for column in orders["properties"]}["order_id"]
    assert (key["primaryKey"], key["primaryKeyPosition"], key["required"]) == (True, 1, True)


def test_events_follow_a_run_and_its_steps_with_lineage(
    written: Path, seeded_warehouse: Warehouse
) -> None:
    found = events(written)
    steps = seeded_warehouse.value(
        "SELECT count(*) FROM etl.steps WHERE layer <> 'source' AND started_at IS NOT NULL "
        "AND model NOT LIKE '%.reconciliation'"
    )
    states = [event["eventType"] for event in found]
    assert (states.count("START"), states.count("COMPLETE")) == (steps + 1, steps + 1)
    assert [e["eventTime"] for e in found] == sorted(e["eventTime"] for e in found)
    (done,) = [
        event
        for event in found
        if event["job"]["name"].endswith(".gold.fact_sales") and event["eventType"] == "COMPLETE"
    ]
    parent = done["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == found[0]["run"]["runId"]
    (output,) = done["outputs"]
    assert dataset(seeded_warehouse, "gold", "fact_sales") == (output["namespace"], output["name"])
    rows = seeded_warehouse.value("SELECT count(*) FROM gold.fact_sales")
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == rows
    fields = output["facets"]["columnLineage"]["fields"]
    origin = {
        "namespace": output["namespace"],
        "name": f"{seeded_warehouse.name}.silver.clean_orders",
        "field": "status",
    }
    (status,) = [
        f
        for f in fields["is_cancelled"]["inputFields"]
        if {k: f[k] for k in origin} == origin  # the condition of a CASE
    ]
    assert status["transformations"][0]["type"] == "DIRECT"
    names = {field["name"] for field in output["facets"]["schema"]["fields"]}
    assert {"order_item_id", "customer_key", "_run_id"} <= names


def test_bronze_comes_from_the_tables_of_production(
    written: Path, seeded_warehouse: Warehouse
) -> None:
    (begun,) = [
        event
        for event in events(written)
        if event["job"]["name"].endswith("bronze.raw_orders") and event["eventType"] == "START"
    ]
    (source,) = begun["inputs"]
    expected = dataset(seeded_warehouse.shop, "public", "orders", role="reader")
    assert (source["namespace"], source["name"]) == expected


def dataset(database: Any, schema: str, table: str, role: str = "owner") -> tuple[str, str]:
    """Name a dataset as OpenLineage's library does."""
    url = conninfo_to_dict(database.urls[role])
    place = {name: str(url[name]) for name in ("host", "port")}
    named = Postgres(**place, database=database.name, schema=schema, table=table)
    return named.get_namespace(), named.get_name()


def test_masked_columns_are_marked_and_no_value_is_written(place: Place, tmp_path: Path) -> None:
    place.write(
        "CREATE TABLE people (id int PRIMARY KEY, email text, note text, "
        "updated_at timestamptz NOT NULL)",
        "INSERT INTO people VALUES (1, 'zqplain@example.com', 'zqnote', now())",
    )
    masks = {"email": "domain"}
    place.configure({"people": {"watermark": "updated_at", "mask": masks}}, mirror=True)
    place.works("bootstrap", "contract", "deploy", "run")
    out = tmp_path / "target"
    place.command.works("artifacts", "--out", str(out))
    texts = [path.read_text() for path in out.rglob("*.*")]
    assert len(texts) == 6
    assert not [text for text in texts if "zqplain" in text or "zqnote" in text]
    manifest = read(out, "manifest.json")
    for model in ("raw_people", "people"):
        columns = manifest["nodes"][f"model.several.{model}"]["columns"]
        assert [name for name, c in columns.items() if c["meta"].get("masked")] == ["email"]
    (people,) = contract(out, "production")["schema"]
    marked = {c["name"]: c.get("classification") for c in people["properties"]}
    assert [name for name, classified in marked.items() if classified == "restricted"] == ["email"]
