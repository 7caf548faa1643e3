"""Data contracts in the Open Data Contract Standard, version 3: of gold, and of a source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fdwarehouse.artifacts.naming import Place
from fdwarehouse.artifacts.observed import Observed
from fdwarehouse.database.observation.described import DescribedColumn, DescribedTable
from fdwarehouse.identifiers import ident, literal, unqualified
from fdwarehouse.project.contract import Contract
from fdwarehouse.project.contract import Table as ContractTable

API_VERSION = "v3.1.0"
MASKED = "restricted"
"""The classification of masked columns."""
_REFERENCE = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*")
_LOGICAL = (
    (r".*\[\]", "array"),
    (r"smallint|integer|bigint", "integer"),
    (r"numeric.*|real|double precision|money", "number"),
    (r"boolean", "boolean"),
    (r"date", "date"),
    (r"timestamp.*", "timestamp"),
    (r"time.*", "time"),
    (r"jsonb?", "object"),
)


def contract_of_gold(observed: Observed) -> dict[str, Any]:
    """Write what gold promises to those who read it.

    Args:
        observed: the warehouse.
    """
    gold = [table for table in observed.described.tables if table.layer == "gold"]
    contract = _contract(f"{observed.project}.gold", observed.place, "gold", _relations(observed))
    contract["description"] = {"purpose": "The star schema and metrics, for analysis."}
    contract["schema"] = [_table(table, gold, observed) for table in gold]
    return contract


def contract_of_source(observed: Observed, contract: Contract) -> dict[str, Any]:
    """Write what the warehouse needs of a source: its contract, as last inspected.

    Args:
        observed: the warehouse.
        contract: of the source.
    """
    source = contract.source
    # Not one of another schema, and not one of the catalog, which is mounted too.
    relation = next(
        (
            relation
            for table, relation in observed.sources.items()
            if table.startswith(f"{source}.") and relation.name in contract.tables
        ),
        None,
    )
    place = relation.place if relation else observed.place
    schema = relation.schema if relation else "public"
    masked = {
        (table.source_table, column.name)
        for table in observed.described.tables
        if table.source_name == source
        for column in table.columns.values()
        if column.is_masked
    }
    name = f"{observed.project}.{source}"
    written = _contract(name, place, schema, f"PostgreSQL {contract.server_version}")
    written["description"] = {
        "purpose": "What the warehouse reads of this database. A difference is reported as drift.",
        "usage": f"Time stamps without time zone are local times of {contract.time_zone}.",
    }
    written["schema"] = [_source_table(n, t, masked) for n, t in contract.tables.items()]
    if seconds := observed.fresh_within.get(source):
        written["slaProperties"] = [
            {
                "property": "frequency",
                "value": seconds,
                "unit": "s",
                "description": "How old the data in the warehouse may be.",
            }
        ]
    return written


def _contract(name: str, place: Place, schema: str, description: str) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": str(uuid5(NAMESPACE_URL, f"{place.namespace}/{place.database}/{name}")),
        "name": name,
        "version": "1.0.0",
        "status": "active",
        "servers": [
            {
                "server": re.sub(r"\W", "_", place.database),
                "type": "postgres",
                "description": description,
                "host": place.host,
                "port": place.port,
                "database": place.database,
                "schema": schema,
            }
        ],
    }


def _relations(observed: Observed) -> str:
    tables = sum(table.layer == "gold" for table in observed.described.tables)
    return f"{tables} tables and views, as deployed"


def _table(
    table: DescribedTable, gold: Iterable[DescribedTable], observed: Observed
) -> dict[str, Any]:
    types = {c["column_name"]: c for c in observed.columns[table.name]}
    keys = {t.name: t.key for t in gold}
    checks = [c for c in observed.checks if c["check_name"].startswith(f"{_name(table)}__")]
    rules = {rule.get("check_name") for c in table.columns.values() for rule in c.tests or ()}
    found = {
        "name": _name(table),
        "physicalName": _name(table),
        "physicalType": "view" if table.kind == "view" else "table",
        "description": table.description,
        "dataGranularityDescription": table.grain,
        "tags": table.tags,
        "properties": [
            _column(column, table, types.get(column.name, {}), keys)
            for column in table.columns.values()
            if not column.name.startswith("_")
        ],
        "quality": [
            {
                "name": check["check_name"],
                "type": "text",
                "description": check["description"],
                "severity": check["severity"],
            }
            for check in checks
            if check["check_name"] not in rules
        ],
    }
    return {name: value for name, value in found.items() if value not in (None, [])}


def _column(
    column: DescribedColumn,
    table: DescribedTable,
    known: Mapping[str, Any],
    keys: Mapping[str, list[str]],
) -> dict[str, Any]:
    rules = {rule["test"]: rule for rule in column.tests or ()}
    found = _property(column.name, known.get("type"), column.description, table.key)
    if known.get("not_null") or ("not_null" in rules and table.ruled_rows is None):
        found["required"] = True
    if "unique" in rules:
        found["unique"] = True
    if column.is_masked:
        found["classification"] = MASKED
    if column.unit:
        found["customProperties"] = [{"property": "unit", "value": column.unit}]
    if quality := list(_quality(column.name, rules, table)):
        found["quality"] = quality
    to = column.references_table or ""
    parts = [unqualified(to), *keys[to]] if to in keys else []
    if len(parts) == 2 and all(_REFERENCE.fullmatch(part) for part in parts):
        found["relationships"] = [{"to": ".".join(parts)}]
    return found


def _quality(
    column: str, rules: Mapping[str, Mapping[str, Any]], table: DescribedTable
) -> Iterator[dict[str, Any]]:
    """Yield the rules of a column that its other entries do not say."""
    conditions = {}
    if rule := rules.get("accepted_values"):
        if table.ruled_rows is None:
            yield {
                "type": "library",
                "metric": "invalidValues",
                "arguments": {"validValues": rule["values"]},
                "mustBe": 0,
                "severity": rule["severity"],
            }
        else:
            values = ", ".join(literal(str(value)) for value in rule["values"])
            conditions["accepted_values"] = f"{ident(column)} IN ({values})"
    if "not_null" in rules and table.ruled_rows is not None:
        conditions["not_null"] = f"{ident(column)} IS NOT NULL"
    if rule := rules.get("check"):
        conditions["check"] = rule["condition"]
    ruled = f"{table.ruled_rows} AND " if table.ruled_rows else ""
    for name, condition in conditions.items():
        yield {
            "type": "sql",
            "description": f"{column}: {condition}",
            "query": f"SELECT count(*) FROM {table.name} WHERE {ruled}({condition}) IS FALSE",  # noqa: S608
            "mustBe": 0,
            "severity": rules[name]["severity"],
        }


def _source_table(
    name: str, table: ContractTable, masked: set[tuple[str | None, str]]
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "physicalName": table.name_in_schema(name),
        "physicalType": "table",
        "properties": [],
    }
    if table.comment:
        found["description"] = table.comment
    for column, described in table.columns.items():
        type_ = described.source_type or described.type
        written = _property(column, type_, described.comment, table.key)
        if described.not_null:
            written["required"] = True
        if (name, column) in masked:
            written["classification"] = MASKED
        found["properties"].append(written)
    return found


def _property(
    name: str, type_: str | None, description: str | None, key: list[str]
) -> dict[str, Any]:
    logical = next((kind for pattern, kind in _LOGICAL if re.fullmatch(pattern, type_ or "")), None)
    found: dict[str, Any] = {"name": name, "logicalType": logical or "string"}
    if type_:
        found["physicalType"] = type_
    if description:
        found["description"] = description
    if name in key:
        found |= {"primaryKey": True, "primaryKeyPosition": key.index(name) + 1}
    return found


def _name(table: DescribedTable) -> str:
    return unqualified(table.name)
