"""Compiles the tables that are one SELECT, by asking the warehouse what it would be like.

What the compiler must know (types, keys, functions) is known once the deploy has come as far as the
tables. So the deploy is begun, read and rolled back to where it was; the compiled files then take
their place among the others, and the deploy runs as a whole. A second way to know would be a second
truth: PostgreSQL's own analysis is the only one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

import psycopg
from pglast import ast, parse_sql

from fdwarehouse.compiled import Compiled, in_order_of_need, names_read
from fdwarehouse.compiler.header import Definition
from fdwarehouse.compiler.plan import Plan, Request, plan
from fdwarehouse.compiler.statement import Target
from fdwarehouse.compiler.table import Table, require_columns
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import file_name, ident, qualified
from fdwarehouse.read_catalog import impure_parts, read_catalog
from fdwarehouse.render import CompiledTables, Rendered, render_project
from fdwarehouse.templates import MACROS, make_environment, mechanics_loader

_SPECIAL_DATES = frozenset({"now", "today", "tomorrow", "yesterday"})
_TIMES = frozenset({"date", "timestamp", "timestamptz", "time", "timetz"})
_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod)
FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""


@dataclass(frozen=True)
class _Analysed:
    target: Target
    definition: Definition
    plan: Plan


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
    with warehouse.transaction(force_rollback=True):
        execute(rendered.foundation)
        analysed = list(_analyse(rendered, warehouse, execute))
    logged: dict[str, set[str]] = {}
    for each in analysed:
        for relation, columns in each.plan.logs.items():
            logged.setdefault(qualified(relation.schema, relation.name), set()).update(columns)
    environment = make_environment(mechanics_loader())
    for macros in MACROS:
        environment.globals[macros] = environment.get_template(f"macros/{macros}.sql").module
    tables: list[Compiled] = []
    objects: list[Compiled] = []
    for each in analysed:
        wanted = logged.get(each.target.qualified, set())
        columns = tuple(n for n in each.target.names if n in wanted)
        table = Table(replace(each.target, logged=columns), each.definition, each.plan)
        first, *others = (
            Compiled(
                file_name(name), each.definition.path, sql.strip() + "\n", name, _referred(each)
            )
            for name, sql in table.files(environment)
        )
        tables.append(first)
        objects += others
    return render_project(rendered.root, CompiledTables(tables, objects))


def _analyse(
    rendered: Rendered, warehouse: psycopg.Connection, execute: Callable[[Iterable[Compiled]], None]
) -> Iterable[_Analysed]:
    by_name = {f.creates: f for f in rendered.files if f.creates}
    definitions = {_model(d): d for d in rendered.definitions}
    done: set[str] = set()
    compiled: set[str] = set()
    for model in _order(definitions, by_name):
        definition = definitions[model]
        needed = _needed(definition, by_name) - done
        execute(in_order_of_need(by_name[name] for name in needed))
        done |= needed
        found = _analyse_one(definition, warehouse, compiled)
        compiled.add(f"{found.target.schema}.{found.target.name}")
        yield found


def _model(definition: Definition) -> str:
    _, layer, file = definition.path.split("/")
    return qualified(layer, file.removesuffix(".sql"))


def _referred(analysed: _Analysed) -> frozenset[str]:
    """Return the tables that a table refers to: they are built before it."""
    columns = analysed.definition.header.columns.values()
    return frozenset(qualified(*c.references.split(".")) for c in columns if c.references)


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
        for name in _needed(definition, by_name):
            named |= by_name[name].references
        named |= {c.references for c in definition.header.columns.values() if c.references}
        graph[model] = sorted(named & set(definitions) - {model})
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = error.args[1]
        raise FdwarehouseError(
            f"{definitions[circle[0]].path}: these are made of one another: {' -> '.join(circle)}",
            hint="Break the circle: one of them has to do without the others.",
        ) from error


def _analyse_one(
    definition: Definition, warehouse: psycopg.Connection, compiled: set[str]
) -> _Analysed:
    _, schema, file = definition.path.split("/")
    header = definition.header
    name = file.removesuffix(".sql")
    if header.kind != "table" or header.reject is not None or schema != "gold":
        raise FdwarehouseError(
            f"{definition.path}: only plain tables of gold are compiled yet",
            hint="Write it as a template, with the macros silver.write_latest or "
            "gold.write_dimension.",
        )
    target = Target(schema, name, header.key, ())
    _require_moving_dates(definition)
    try:
        warehouse.execute(f"CREATE VIEW {target.definition} AS\n{definition.select}".encode())
    except psycopg.Error as error:
        raise _wrong_select(definition, error) from error
    columns = tuple(warehouse.execute(_COLUMNS.encode(), [target.definition]).fetchall())
    require_columns(definition, columns)
    row = warehouse.execute("SELECT pg_get_viewdef(%s::regclass)", [target.definition]).fetchone()
    assert row is not None
    request = Request(
        header.key,
        row[0],
        definition.select,
        definition.first_line,
        impure_parts(warehouse, target.definition),
        is_forced_full=not header.incremental,
    )
    catalog = read_catalog(warehouse, [target.definition], compiled=compiled)
    target = replace(target, columns=columns)
    # what reads it next must find it with its key
    made = [*(f"{ident(n)} {t}" for n, t in columns), "_run_id bigint NOT NULL"]
    made.append(f"PRIMARY KEY ({', '.join(ident(k) for k in header.key)})")
    warehouse.execute(f"DROP TABLE IF EXISTS {target.qualified} CASCADE".encode())
    warehouse.execute(f"CREATE TABLE {target.qualified} ({', '.join(made)})".encode())
    return _Analysed(target, definition, plan(request, catalog))


def _wrong_select(definition: Definition, error: psycopg.Error) -> FdwarehouseError:
    position = int(error.diag.statement_position or 0)
    before = "CREATE VIEW x AS\n"
    text = f"{before}{definition.select}"
    # The first line is that of CREATE VIEW, however long its name.
    offset = len(error.diag.internal_query or "") or position
    first = definition.first_line
    line = first + max(text[:offset].count("\n") - 1, 0) if position else first
    message = error.diag.message_primary or str(error).strip()
    return FdwarehouseError(
        f"{definition.path}, line {line}: {message}",
        hint=error.diag.message_hint or "Fix the SELECT: it should run in psql as it is.",
        exit_code=1,
    )


def _require_moving_dates(definition: Definition) -> None:
    """Refuse 'today'::date and the like: PostgreSQL takes the day of the deploy for it."""
    waiting: list[object] = [parse_sql(definition.select)[0].stmt]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting += node
        elif isinstance(node, ast.Node):
            waiting += [getattr(node, name) for name in node]
            value = getattr(getattr(getattr(node, "arg", None), "val", None), "sval", None)
            if isinstance(node, ast.TypeCast) and isinstance(value, str):
                type_name = (node.typeName.names or ())[-1].sval if node.typeName else ""
                if value.strip().lower() in _SPECIAL_DATES and type_name in _TIMES:
                    line = definition.select[: node.location].count("\n") + definition.first_line
                    raise FdwarehouseError(
                        f"{definition.path}, line {line}: '{value}' would be the day of the deploy",
                        hint="Write current_date, which is computed in every run.",
                    )
