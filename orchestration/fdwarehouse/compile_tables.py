"""Compiles the tables that are one SELECT, by asking the warehouse what it would be like.

What the compiler must know (types, keys, functions) is known once the deploy has come as far as the
tables. So the deploy is begun, read and rolled back to where it was; the compiled files then take
their place among the others, and the deploy runs as a whole. A second way to know would be a second
truth: PostgreSQL's own analysis is the only one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

import psycopg

from fdwarehouse.compile_definition import (
    create_definition,
    create_empty,
    key_errors_named,
    require_reproducible,
    types_in,
)
from fdwarehouse.compile_dimension import analyse_dimension
from fdwarehouse.compile_silver import analyse_silver
from fdwarehouse.compiled import Compiled, in_order_of_need, names_read
from fdwarehouse.compiler.definition import Definition
from fdwarehouse.compiler.dimension import Dimension, references_to
from fdwarehouse.compiler.exactness import fixed_scale
from fdwarehouse.compiler.indexes import Index, without_redundant
from fdwarehouse.compiler.plan import Request, plan, read
from fdwarehouse.compiler.printing import Printer
from fdwarehouse.compiler.rules import checks_of
from fdwarehouse.compiler.silver_table import SilverTable
from fdwarehouse.compiler.statement import Target, full_states
from fdwarehouse.compiler.table import Table, never_null, require_columns
from fdwarehouse.compiler.tree import Select
from fdwarehouse.compiler.view import View
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import file_name, qualified
from fdwarehouse.read_catalog import impure_parts, primary_key, read_catalog
from fdwarehouse.render import render_project
from fdwarehouse.rendered import CompiledTables, Rendered
from fdwarehouse.sql_names import names_in
from fdwarehouse.templates import mechanics_environment

AnyTable = Table | SilverTable | Dimension | View


def complete(
    rendered: Rendered, warehouse: psycopg.Connection, execute: Callable[[Iterable[Compiled]], None]
) -> Rendered:
    """Compile what a rendered project has of SELECTs.

    Args:
        rendered: the deploy, without them.
        warehouse: a connection as the owner, in a transaction; what is done in it is undone.
        execute: runs files of the deploy.

    Returns:
        The whole deploy.

    Raises:
        FdwarehouseError: a definition is wrong; the message names file and line.
    """
    if not rendered.definitions:
        return rendered
    analysed = analyse(rendered, warehouse, execute)
    environment = mechanics_environment(rendered.work_mem)
    compiled = CompiledTables(kept_up={t.target.qualified: t.kept_up for t in analysed.tables})
    for table in analysed.tables:
        path, needs = table.definition.path, _needs(table)
        files = [
            Compiled(file_name(name), path, f"{sql.strip()}\n", name, needs)
            for name, sql in table.files(environment)
        ]
        first = 0 if isinstance(table, View) else 1
        compiled.tables.extend(files[:first])
        compiled.objects.extend(files[first:])
        compiled.checks.extend(checks_of(table.target, table.definition, analysed.keys))
        if isinstance(table, SilverTable):
            compiled.checks.extend(table.checks(environment))
    return render_project(rendered.root, compiled)


@dataclass(frozen=True)
class Analysed:
    """What the definitions of a project come to.

    Attributes:
        tables: each after those that it reads.
        keys: primary key of each table that a header refers to, as `schema.name`.
    """

    tables: list[AnyTable]
    keys: Mapping[str, tuple[str, ...]]


def analyse(
    rendered: Rendered, warehouse: psycopg.Connection, execute: Callable[[Iterable[Compiled]], None]
) -> Analysed:
    """Analyse the definitions of a project; see `complete`."""
    takes_the_warehouse, *foundation = rendered.foundation
    execute([takes_the_warehouse])  # and keeps it until the deploy ends: no other comes between
    with warehouse.transaction(force_rollback=True):
        execute(foundation)
        found = list(_analyse(rendered, warehouse, execute))
        keys = {name: primary_key(warehouse, name) for name in _referred_names(found)}
    for table in found:
        _require_keys(table.definition, keys)
    read_by_hand = set[str]().union(
        *(names_in(file.sql) for file in rendered.files if file.origin.startswith("sql/"))
    )
    return Analysed(list(_with_indexes(_with_logs(_with_references(found), read_by_hand))), keys)


def _with_references(analysed: Sequence[AnyTable]) -> list[AnyTable]:
    """Tell each dimension which rows of silver refer to it."""
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
    """Give each table a log of the columns of which others read the old state.

    A log that a hand-written file names has all columns.
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
    """Let the first table whose writer wants an index create it."""
    tables = list(analysed)
    wanted_by: dict[Index, AnyTable] = {}
    for table in tables:
        for index in table.plan.wanted_indexes if isinstance(table, Table) else ():
            wanted_by.setdefault(index, table)
    kept = without_redundant(wanted_by)
    for table in tables:
        indexes = tuple(i for i in kept if wanted_by[i] is table)
        yield replace(table, indexes=indexes) if isinstance(table, Table) else table


def _referred_names(analysed: Iterable[AnyTable]) -> set[str]:
    columns = (c for each in analysed for c in each.definition.header.columns.values())
    return {c.references.to for c in columns if c.references}


def _require_keys(definition: Definition, keys: Mapping[str, tuple[str, ...]]) -> None:
    for name, column in definition.header.columns.items():
        if column.references and len(keys[column.references.to]) != 1:
            line = definition.line_of("columns", name, "references")
            raise FdwarehouseError(
                f"{definition.path}, line {line}: {column.references.to} is no table with a key of "
                "one column",
                hint="Name a table of the warehouse, such as gold.dim_customers.",
            )


def _analyse(
    rendered: Rendered, warehouse: psycopg.Connection, execute: Callable[[Iterable[Compiled]], None]
) -> Iterable[AnyTable]:
    by_name = {f.creates: f for f in rendered.files if f.creates}
    definitions = {d.model: d for d in rendered.definitions}
    done: set[str] = set()
    compiled: set[str] = set()
    versions: dict[str, SilverTable] = {}
    scales: dict[str, dict[str, int]] = {}
    for model in _order(definitions, by_name):
        definition = definitions[model]
        needed = _needed(definition, by_name) - done
        execute(in_order_of_need(by_name[name] for name in needed))
        done |= needed
        found: AnyTable
        if model.startswith("silver."):
            found = analyse_silver(definition, rendered.sources, warehouse)
            versions[found.target.versions] = found
        elif definition.header.kind == "dimension":
            found = analyse_dimension(definition, warehouse, versions)
        elif definition.header.kind == "view":
            found = _analyse_view(definition, warehouse)
        else:
            found = _analyse_table(definition, warehouse, compiled, scales)
            scales[f"{found.target.schema}.{found.target.name}"] = _scales(found)
        compiled.add(f"{found.target.schema}.{found.target.name}")
        yield found


def _needs(table: AnyTable) -> frozenset[str]:
    """Return the tables that foreign keys of a table refer to: they are built before it."""
    if table.target.schema == "silver":
        return frozenset()  # its references are checks
    return frozenset(qualified(*name.split(".")) for name in _referred_names([table]))


def _needed(definition: Definition, by_name: Mapping[str, Compiled]) -> set[str]:
    """Return the views and functions of the project that a definition reads, directly or not."""
    named = {qualified(s, n) for s, n in definition.reads} & set(by_name)
    read = set().union(*(names_read(by_name[n], by_name) for n in named), named)
    return {n for n in read if n in by_name and by_name[n].origin.startswith("sql/")}


def _order(definitions: Mapping[str, Definition], by_name: Mapping[str, Compiled]) -> Iterable[str]:
    """Sort definitions so that each comes after those that it reads or refers to."""
    graph = {}
    for model, definition in sorted(definitions.items()):
        named = {qualified(s, n) for s, n in definition.reads}
        if model in named:
            raise FdwarehouseError(
                f"{definition.path}, line {definition.first_line}: {model} is made of itself",
                hint="Read the tables that it is made of.",
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
            f"{definitions[circle[0]].path}: these are made of one another: {' -> '.join(circle)}",
            hint="Break the circle: one of them has to do without the others.",
        ) from error


def _analyse_view(definition: Definition, warehouse: psycopg.Connection) -> View:
    _, schema, file = definition.path.split("/")
    target = Target(schema, file.removesuffix(".sql"), definition.header.key, ())
    columns, _ = create_definition(definition, target.qualified, warehouse)
    require_columns(definition, columns)
    return View(replace(target, columns=columns), definition)


def _analyse_table(
    definition: Definition,
    warehouse: psycopg.Connection,
    compiled: set[str],
    scales: Mapping[str, Mapping[str, int]],
) -> Table:
    _, schema, file = definition.path.split("/")
    header = definition.header
    if header.reject:
        raise FdwarehouseError(
            f"{definition.path}, line {definition.line_of('reject')}: only silver rejects rows",
            hint="Leave them out by WHERE, or reject them in the table of silver that has them.",
        )
    target = Target(schema, file.removesuffix(".sql"), header.key, ())
    columns, canonical_sql = create_definition(definition, target.definition, warehouse)
    require_columns(definition, columns)
    impure = impure_parts(warehouse, target.definition)
    require_reproducible(definition, impure)
    request = Request(
        header.key,
        canonical_sql,
        definition.select,
        definition.first_line,
        impure,
        is_forced_full=not header.incremental,
    )
    catalog = read_catalog(warehouse, [target.definition], compiled=compiled, scales=scales)
    target = replace(target, columns=columns)
    with key_errors_named(definition, warehouse):
        create_empty(target, warehouse, not_null=never_null(header.columns))
    types = types_in(warehouse, target)
    found = plan(request, catalog, lambda block: dict(types(Printer().block(block))))
    state = types(full_states(found.counting)) if found.counting else ()
    return Table(target, definition, found, read(request, catalog), state)


def _scales(table: Table) -> dict[str, int]:
    """Return the columns of which all values have as many digits after the decimal point."""
    if not isinstance(table.block, Select):
        return {}
    found = {o.name: fixed_scale(table.block, o.value) for o in table.block.outputs}
    return {name: scale for name, scale in found.items() if scale is not None}
