"""dbt's manifest.json, version 12: models, sources and tests, and what each depends on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from fdwarehouse.artifacts.dbt import Names
from fdwarehouse.artifacts.dbt_tests import Test, tests_of
from fdwarehouse.artifacts.naming import Relation
from fdwarehouse.artifacts.observed import Observed
from fdwarehouse.database.observation.described import DescribedColumn, DescribedTable

_OVERVIEW = "doc.dbt.__overview__"
_EMPTY = (
    *("macros", "exposures", "metrics", "groups", "selectors", "disabled"),
    *("group_map", "saved_queries", "semantic_models", "unit_tests", "functions"),
)


def manifest(observed: Observed) -> dict[str, Any]:
    """Describe a warehouse as dbt does.

    Args:
        observed: the warehouse.
    """
    names = Names(observed)
    nodes = {names.models[t.name]: _model(t, names) for t in observed.described.tables}
    nodes |= {names.test(test.name): _test(test, names) for test in tests_of(names)}
    parents = {id_: node["depends_on"]["nodes"] for id_, node in nodes.items()}
    children = defaultdict[str, list[str]](list)
    for id_, read in parents.items():
        for parent in read:
            children[parent].append(id_)
    everything = [*nodes, *names.sources.values()]
    metadata = names.metadata("manifest", 12) | {
        "project_name": names.package,
        "adapter_type": "postgres",
    }
    return {
        "metadata": metadata,
        "nodes": nodes,
        "sources": {id_: _source(table, id_, names) for table, id_ in names.sources.items()},
        "docs": {_OVERVIEW: _overview(observed)},
        **{name: {} for name in _EMPTY},
        "parent_map": {id_: parents.get(id_, []) for id_ in everything},
        "child_map": {id_: children[id_] for id_ in everything},
    }


def _model(table: DescribedTable, names: Names) -> dict[str, Any]:
    observed = names.observed
    name, relation = names.tables[table.name], observed.relation(table.name)
    read = sorted(f for t, f in observed.described.reads if t == table.name)
    path = table.file or f"{table.layer}/{name}.sql"
    materialized = "incremental" if table.is_incremental else "table"
    if table.kind == "view":
        materialized = "view"
    meta = {
        "layer": table.layer,
        "kind": table.kind,
        "grain": table.grain,
        "maintenance": table.maintenance,
        "key": table.key,
    }
    config = {
        "enabled": True,
        "materialized": materialized,
        "unique_key": table.key or None,
        "schema": relation.schema,
        "tags": table.tags,
        "meta": meta,
    }
    is_read = [names.models[f] for f in read if f in names.models]
    is_source = [names.sources[f] for f in read if f in names.sources]
    return _node(names.models[table.name], "model", name, path, relation=relation, names=names) | {
        "fqn": [names.package, table.layer, name],
        "config": config,
        "meta": meta,
        "tags": table.tags,
        "description": _description(table),
        "columns": {c.name: _column(c, table, observed) for c in table.columns.values()},
        "relation_name": relation.quoted,
        "raw_code": table.select or "",
        "compiled": True,
        "compiled_code": table.select or "",
        "compiled_path": path,
        "checksum": _checksum(table.select or ""),
        "refs": [{"name": names.tables[f]} for f in read if f in names.models],
        "sources": [id_.split(".", 2)[2].split(".", 1) for id_ in is_source],
        "depends_on": {"macros": [], "nodes": is_read + is_source},
        "primary_key": table.key,
        "constraints": [],
        "access": "public" if table.layer == "gold" else "protected",
        "contract": {"enforced": True},
    }


def _column(column: DescribedColumn, table: DescribedTable, observed: Observed) -> dict[str, Any]:
    types = {c["column_name"]: c["type"] for c in observed.columns[table.name]}
    meta: dict[str, Any] = {"unit": column.unit} if column.unit else {}
    if column.is_masked:
        meta["masked"] = True
    return {
        "name": column.name,
        "description": column.description or "",
        "data_type": types.get(column.name),
        "meta": meta,
        "config": {"meta": meta, "tags": []},
        "tags": ["masked"] if column.is_masked else [],
        "constraints": [],
    }


def _test(test: Test, names: Names) -> dict[str, Any]:
    config = {"enabled": True, "materialized": "test", "severity": test.severity.upper()}
    config |= {"where": test.where} if test.where else {}
    relation = names.observed.relation(test.reads[-1]) if test.reads else None
    id_ = names.test(test.name)
    return _node(id_, "test", test.name, test.file, relation=relation, names=names) | {
        "fqn": [names.package, test.name],
        "config": config,
        "meta": {},
        "tags": [],
        "description": test.description,
        "raw_code": "",
        "refs": [{"name": names.tables[table]} for table in test.reads],
        "sources": [],
        "depends_on": {"macros": [], "nodes": [names.models[table] for table in test.reads]},
        **(
            {
                "column_name": test.column,
                "attached_node": names.models[test.table or ""],
                "file_key_name": f"models.{names.tables[test.table or '']}",
                "test_metadata": test.metadata,
            }
            if test.kind
            else {}
        ),
    }


def _source(table: str, id_: str, names: Names) -> dict[str, Any]:
    relation = names.observed.sources[table]
    _, package, source, name = id_.split(".", 3)
    raw = next(
        (
            t
            for t in names.observed.described.tables
            if t.kind == "raw" and any(r == (t.name, table) for r in names.observed.described.reads)
        ),
        None,
    )
    columns = raw.columns.values() if raw else ()
    return {
        "database": relation.place.database,
        "schema": relation.schema,
        "name": name,
        "resource_type": "source",
        "package_name": package,
        "path": f"contracts/{source}.yaml",
        "original_file_path": f"contracts/{source}.yaml",
        "unique_id": id_,
        "fqn": [package, source, name],
        "source_name": source,
        "source_description": "",
        "loader": "postgres_fdw",
        "identifier": relation.name,
        "relation_name": relation.quoted,
        "description": "",
        "columns": {
            c.name: _column(c, raw, names.observed)
            for c in columns
            if raw and not c.name.startswith("_")
        },
        "meta": {},
        "tags": [],
        "config": {"enabled": True},
    }


def _node(
    id_: str, kind: str, name: str, path: str, *, relation: Relation | None, names: Names
) -> dict[str, Any]:
    """Return the fields that every node has."""
    place = names.observed.place
    return {
        "database": place.database,
        "schema": relation.schema if relation else "etl",
        "name": name,
        "resource_type": kind,
        "package_name": names.package,
        "path": path.removeprefix("sql/"),
        "original_file_path": path,
        "unique_id": id_,
        "alias": relation.name if relation and kind == "model" else name,
        "checksum": _checksum(name),
        "language": "sql",
    }


def _checksum(text: str) -> Mapping[str, str]:
    return {"name": "sha256", "checksum": sha256(text.encode()).hexdigest()}


def _description(table: DescribedTable) -> str:
    def said() -> Iterator[str]:
        if table.description:
            yield table.description
        if table.grain and "Grain:" not in (table.description or ""):
            yield f"Grain: {table.grain}."

    return " ".join(said())


def _overview(observed: Observed) -> dict[str, str]:
    return {
        "name": "__overview__",
        "resource_type": "doc",
        "package_name": "dbt",
        "path": "overview.md",
        "original_file_path": "docs/overview.md",
        "unique_id": _OVERVIEW,
        "block_contents": f"# {observed.project}\n\nA warehouse of fdwarehouse, as of "
        f"{observed.observed_at}. The models are its tables of bronze, silver and gold.",
    }
