"""Compiles the tables that are one SELECT, with PostgreSQL's own analysis of them.

The compiler needs types, keys and functions, which exist once the deploy has created the upstream
objects. So the deploy is begun, the catalogue is read, and the deploy is rolled back. Then the
compiled files are added to the others, and the deploy runs as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

import psycopg

from fdwarehouse.compiler.algebra.catalog import Known
from fdwarehouse.compiler.deltas.indexes import Index, without_redundant
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.dimension import Dimension, references_to
from fdwarehouse.compiler.tables.lineage import AnyTable
from fdwarehouse.compiler.tables.rules import checks_of
from fdwarehouse.compiler.tables.silver_table import SilverTable
from fdwarehouse.compiler.tables.table import Table
from fdwarehouse.compiler.tables.view import View
from fdwarehouse.database.analysis.catalog import primary_key
from fdwarehouse.database.analysis.dimension import analyse_dimension
from fdwarehouse.database.analysis.select import analyse_table, analyse_view, known_of
from fdwarehouse.database.analysis.silver import analyse_silver
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import file_name, qualified
from fdwarehouse.project.sql_files import SqlFile, in_topological_order, names_read
from fdwarehouse.project.sql_names import names_in
from fdwarehouse.rendering.described_tables import is_view
from fdwarehouse.rendering.render import render_project
from fdwarehouse.rendering.rendered import CompiledTables, Rendered
from fdwarehouse.rendering.steps import RangePartitions
from fdwarehouse.rendering.templates import mechanics_environment


def complete(
    rendered: Rendered, warehouse: psycopg.Connection, execute: Callable[[Iterable[SqlFile]], None]
) -> Rendered:
    """Compile the SELECTs of a rendered project.

    Args:
        rendered: the deploy, without them.
        warehouse: a connection as the owner, in a transaction; what is done in it is rolled back.
        execute: executes files of the deploy.

    Returns:
        The whole deploy.

    Raises:
        FdwarehouseError: a definition is wrong; the message names file and line.
    """
    if not rendered.definitions:
        return rendered
    analysed = analyse(rendered, warehouse, execute)
    environment = mechanics_environment(rendered.work_mem)
    compiled = CompiledTables(
        kept_up={t.target.qualified: t.kept_up for t in analysed.tables},
        partitions={
            t.target.qualified: RangePartitions(p.every, t.target.dates, p.by)
            for t in analysed.tables
            if (p := t.target.partitions)
        },
        analysed=analysed.tables,
    )
    for table in analysed.tables:
        path, needs = table.definition.path, _needs(table)
        types = table.target.types_read
        files = [
            SqlFile(file_name(name), path, f"{sql.strip()}\n", name, needs, types)
            for name, sql in table.files(environment)
        ]
        first = 0 if isinstance(table, View) else 1
        compiled.tables.extend(files[:first])
        compiled.objects.extend(files[first:])
        compiled.checks.extend(checks_of(table.target, table.definition, analysed.keys))
        if isinstance(table, SilverTable):
            compiled.checks.extend(table.checks(environment))
    return render_project(rendered.root, compiled, prefix=rendered.prefix)


@dataclass(frozen=True)
class Analysed:
    """The analysed definitions of a project.

    Attributes:
        tables: in topological order.
        keys: primary key of each table that a header refers to, as `schema.name`.
    """

    tables: list[AnyTable]
    keys: Mapping[str, tuple[str, ...]]


def analyse(
    rendered: Rendered, warehouse: psycopg.Connection, execute: Callable[[Iterable[SqlFile]], None]
) -> Analysed:
    """Analyse the definitions of a project; see `complete`."""
    takes_the_warehouse, *foundation = rendered.foundation
    execute([takes_the_warehouse])  # the lock is held until the deploy ends
    with warehouse.transaction(force_rollback=True):
        execute(foundation)
        found = list(_analyse(rendered, warehouse, execute))
        keys = {
            name: primary_key(warehouse, qualified(*name.split(".")))
            for name in _referred_names(found)
        }
    keys |= {n: key for n, key in _partitioned(found).items() if n in keys}
    for table in found:
        _require_keys(table.definition, keys)
    read_by_hand = set[str]().union(
        *(names_in(file.sql) for file in rendered.files if file.origin.startswith("sql/"))
    )
    completed = _with_logs(list(_with_checked(_with_references(found))), read_by_hand)
    return Analysed(list(_with_indexes(completed)), keys)


def _with_references(analysed: Sequence[AnyTable]) -> list[AnyTable]:
    """Add to each dimension the rows of silver that refer to it."""
    blocks = [t.block for t in analysed if isinstance(t, Table) and t.block is not None]
    versions = {
        t.target.qualified: t.target.versions for t in analysed if isinstance(t, SilverTable)
    }

    def completed(table: AnyTable) -> AnyTable:
        if not isinstance(table, Dimension):
            return table
        named = [n.rpartition(".") for n in table.definition.header.referenced_by]
        found = {(t, c) for t, _, c in named}
        found |= set(references_to(table.key, table.target.qualified, blocks))
        pairs = sorted((versions[t], c) for t, c in found if t in versions)
        return replace(table, referenced_by=tuple(pairs))

    return [completed(table) for table in analysed]


def _with_logs(analysed: Sequence[AnyTable], read_by_hand: set[str]) -> Iterable[AnyTable]:
    """Add to each table a change log of the columns whose old state others read.

    A change log that a hand-written file names has all columns.
    """
    wanted: dict[str, set[str]] = {}
    for each in analysed:
        for relation, columns in each.logs.items():
            wanted.setdefault(qualified(relation.schema, relation.name), set()).update(columns)
    for each in analysed:
        names = wanted.get(each.target.qualified, set())
        is_whole = each.target.log in read_by_hand
        logged = tuple(n for n, _ in each.target.readable if is_whole or n in names)
        yield replace(each, target=replace(each.target, logged=logged))


def _with_indexes(analysed: Iterable[AnyTable]) -> Iterable[AnyTable]:
    """Assign each index to the first table whose writer needs it."""
    tables = list(analysed)
    wanted_by: dict[Index, AnyTable] = {}
    for table in tables:
        for index in table.plan.wanted_indexes if isinstance(table, Table) else ():
            wanted_by.setdefault(index, table)
    kept = without_redundant(wanted_by)
    for table in tables:
        indexes = tuple(made for wanted, made in kept.items() if wanted_by[wanted] is table)
        yield replace(table, indexes=indexes) if isinstance(table, Table) else table


def _partitioned(analysed: Iterable[AnyTable]) -> dict[str, tuple[str, ...]]:
    """Return the key of each partitioned table, as `schema.name`."""
    targets = (t.target for t in analysed if t.target.partitions)
    return {f"{t.schema}.{t.name}": t.key for t in targets}


def _with_checked(analysed: Sequence[AnyTable]) -> Iterable[AnyTable]:
    """Add to each table its references that cannot be foreign keys."""
    partitioned = _partitioned(analysed)
    for each in analysed:
        columns = each.definition.header.columns.items()
        checked = {n for n, c in columns if c.references and c.references.to in partitioned}
        yield replace(each, target=replace(each.target, checked=frozenset(checked)))


def _referred_names(analysed: Iterable[AnyTable]) -> set[str]:
    columns = (c for each in analysed for c in each.definition.header.columns.values())
    return {c.references.to for c in columns if c.references}


def _require_keys(definition: Definition, keys: Mapping[str, tuple[str, ...]]) -> None:
    for name, column in definition.header.columns.items():
        if column.references and len(keys[column.references.to]) != 1:
            line = definition.line_of("columns", name, "references")
            raise FdwarehouseError(
                f"{definition.path}, line {line}: {column.references.to} is not a table with a key "
                "of one column",
                hint="Name a table of the warehouse, such as gold.dim_customers.",
            )


def _analyse(
    rendered: Rendered, warehouse: psycopg.Connection, execute: Callable[[Iterable[SqlFile]], None]
) -> Iterable[AnyTable]:
    by_name = {f.creates: f for f in rendered.files if f.creates}
    definitions = {d.model: d for d in rendered.definitions}
    views = {f.creates for f in rendered.files if f.creates and is_view(f)}
    views |= {d.model for d in rendered.definitions if d.header.kind == "view"}
    done: set[str] = set()
    compiled: set[str] = set()
    versions: dict[str, SilverTable] = {}
    known: dict[str, Known] = {}
    keys: dict[str, tuple[str, ...]] = {}
    for model in _order(definitions, by_name):
        definition = definitions[model]
        needed = _needed(definition, by_name) - done
        execute(in_topological_order(by_name[name] for name in needed))
        done |= needed
        found: AnyTable
        if model.startswith("silver."):
            found = analyse_silver(definition, rendered.sources, warehouse)
            versions[found.target.versions] = found
        elif definition.header.kind == "dimension":
            found = analyse_dimension(definition, warehouse, versions)
            known[f"{found.target.schema}.{found.target.name}"] = Known(period=found.period)
        elif definition.header.kind == "view":
            found = analyse_view(definition, warehouse, views)
        else:
            found = analyse_table(definition, warehouse, compiled, known, keys, views=views)
            known[f"{found.target.schema}.{found.target.name}"] = known_of(found)
        compiled.add(f"{found.target.schema}.{found.target.name}")
        keys |= _partitioned([found])
        yield found


def _needs(table: AnyTable) -> frozenset[str]:
    """Return the tables that foreign keys of a table refer to, which are built before it."""
    if table.target.schema == "silver":
        return frozenset()  # its references are checks
    return frozenset(qualified(*name.split(".")) for name in _referred_names([table]))


def _needed(definition: Definition, by_name: Mapping[str, SqlFile]) -> set[str]:
    """Return the views and functions of the project that a definition reads, directly or not."""
    named = {qualified(s, n) for s, n in definition.reads} & set(by_name)
    read = set().union(*(names_read(by_name[n], by_name) for n in named), named)
    return {n for n in read if n in by_name and by_name[n].origin.startswith("sql/")}


def _order(definitions: Mapping[str, Definition], by_name: Mapping[str, SqlFile]) -> Iterable[str]:
    """Sort definitions so that each comes after those that it reads or refers to."""
    graph = {}
    for model, definition in sorted(definitions.items()):
        named = {qualified(s, n) for s, n in definition.reads}
        if model in named:
            raise FdwarehouseError(
                f"{definition.path}, line {definition.first_line}: {model} depends on itself",
                hint="Read the tables that it is built from.",
            )
        for name in _needed(definition, by_name):
            named |= by_name[name].references
        if model.startswith("gold."):
            columns = definition.header.columns.values()
            named |= {c.references.to for c in columns if c.references}
        graph[model] = sorted(named & set(definitions) - {model})
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = error.args[1]
        raise FdwarehouseError(
            f"{definitions[circle[0]].path}: these depend on one another: {' -> '.join(circle)}",
            hint="Break the cycle: one of them must not read the others.",
        ) from error
