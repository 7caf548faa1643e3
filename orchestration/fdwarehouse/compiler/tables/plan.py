"""Plans how a table is maintained: incrementally by a key, or in full, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from fdwarehouse.compiler.algebra import reasons
from fdwarehouse.compiler.algebra.canonical import canonical
from fdwarehouse.compiler.algebra.catalog import Catalog, Relation
from fdwarehouse.compiler.algebra.reasons import Construct, Unsupported
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Expr,
    Literal,
    Log,
    Output,
    Select,
    Step,
    Table,
    column_names,
    columns_in,
    walk,
)
from fdwarehouse.compiler.deltas import joins, shape
from fdwarehouse.compiler.deltas.changes import Context, Itself, context_of
from fdwarehouse.compiler.deltas.counting import Counting, count
from fdwarehouse.compiler.deltas.delta import Delta, delta, keys_step
from fdwarehouse.compiler.deltas.indexes import Index, wanted_indexes
from fdwarehouse.compiler.deltas.joins import Describe
from fdwarehouse.compiler.deltas.restrict import among, is_exact, keys_of, restrict
from fdwarehouse.identifiers import qualified


class Method(Enum):
    """How the rows of a table are computed."""

    INCREMENTAL = "incremental"
    FULL = "full"


@dataclass(frozen=True)
class Request:
    """What is compiled: a definition, and the grain of its table.

    Attributes:
        key: the columns that identify its rows.
        canonical_sql: the definition as `pg_get_viewdef` prints it.
        select: the definition as written, for the lines of reasons.
        first_line: of `select`, in its file.
        impure: functions, besides the tables, that the result depends on; see `read_catalog`.
        is_forced_full: whether the header says `incremental: false`.
        table: schema and name of the table; without it, the table itself is not read.
    """

    key: tuple[str, ...]
    canonical_sql: str
    select: str = ""
    first_line: int = 1
    impure: tuple[str, ...] = ()
    is_forced_full: bool = False
    table: tuple[str, str] | None = None


@dataclass(frozen=True)
class Plan:
    """How a table is maintained."""

    method: Method
    key: tuple[str, ...]
    reason: str | None = None
    """Why it is computed in full."""
    line: int | None = None
    """Line of the reason, in the definition's file."""
    affected: Step | None = None
    """Keys of rows that may have changed."""
    expected: Block | None = None
    """The rows that the definition has for these keys."""
    is_exact: bool = False
    """Whether it has only rows with these keys."""
    is_key_unique: bool = False
    """Whether the definition cannot have duplicate keys."""
    counting: Counting | None = None
    """How its groups are counted; None if they are computed from their rows."""
    not_counted: str | None = None
    """Why they are computed from their rows."""

    @property
    def sources(self) -> tuple[Relation, ...]:
        """The tables whose changes are followed."""
        found = (p.relation for p in _steps(self) if isinstance(p, (Table, Log)))
        return tuple(dict.fromkeys(found))

    @property
    def condition_on_definition(self) -> Expr | None:
        """The condition of the affected rows, if PostgreSQL can push it into the view.

        None if the compiler must push it down.
        """
        expected = self.expected
        if (
            self.affected is None
            or not isinstance(expected, Select)
            or shape.is_grouped(expected)
            or shape.has_partitions(expected)
            or expected.is_distinct
            or not all(isinstance(i.source, Table) for i in expected.items)
        ):
            return None
        keys = keys_of(self.affected)
        if expected.conditions[-1:] != (among(tuple(map(expected.output, self.key)), keys),):
            return None
        return among(tuple(Column("s", name) for name in self.key), keys)

    @property
    def reads_old_state(self) -> bool:
        """Whether the old state of tables is read."""
        selects = (p for p in _steps(self) if isinstance(p, Select))
        return any(s.offset == Literal(0) for s in selects)

    @property
    def logs(self) -> dict[Relation, tuple[str, ...]]:
        """For each table whose change log is read, the columns that the log must have."""
        found: dict[Relation, tuple[str, ...]] = {}
        for part in _steps(self):
            if isinstance(part, Step) and (log := _log_of(part)):
                columns = columns_in(getattr(part.block, "groups", ()))
                found[log] = tuple(dict.fromkeys(c.name for c in columns))
        return found

    @property
    def wanted_indexes(self) -> tuple[Index, ...]:
        """Indexes that lookups need and no table has."""
        return wanted_indexes(_blocks(self))

    def describe(self) -> str:
        """Describe the plan in one line."""
        if self.method is Method.FULL:
            place = f" (line {self.line})" if self.line else ""
            return f"full: {self.reason}{place}"
        names = ", ".join(r.qualified for r in self.sources)
        how = "counted" if self.counting else "incremental"
        return f"{how} by {', '.join(self.key)} from {names}"


def read(request: Request, catalog: Catalog) -> Block | None:
    """Return a definition as a block; None if the compiler cannot read it."""
    try:
        return canonical(request.canonical_sql, catalog)
    except Unsupported:
        return None


def plan(
    request: Request, catalog: Catalog, describe: Describe | None = None, *, counts: bool = True
) -> Plan:
    """Decide how a table is maintained.

    Args:
        request: the definition.
        catalog: the relations that it reads.
        describe: returns the types of a block; without it, nothing is counted.
        counts: whether groups are counted if that is exact.
    """
    try:
        found = _incremental(request, catalog, describe)
    except Unsupported as reason:
        line = _line_of(reason, request) if request.select else None
        return Plan(
            Method.FULL,
            request.key,
            reason=reason.reason,
            line=line and line + request.first_line - 1,
        )
    if describe is None or not counts:
        return found
    block = canonical(request.canonical_sql, catalog)
    try:
        counting = count(context_of(block, describe), block, request.key, describe)
    except Unsupported as reason:
        return replace(found, not_counted=reason.reason)
    return replace(found, affected=None, expected=None, counting=counting)


def _line_of(reason: Unsupported, request: Request) -> int | None:
    if reason.construct is Construct.TIME:
        return reasons.line_of_impurity(request.impure[0], request.select)
    return reasons.line_of(reason.construct, request.select)


def _incremental(request: Request, catalog: Catalog, describe: Describe | None) -> Plan:
    if request.is_forced_full:
        raise Unsupported("the header says so")
    if request.impure:
        raise Unsupported("; ".join(request.impure), Construct.TIME)
    block = canonical(request.canonical_sql, catalog)
    if not shape.reads_tables(block):
        raise Unsupported("it reads no table")
    if shape.aggregates_outside(block):
        raise Unsupported("a subquery with an aggregate over the outer query", Construct.SUBQUERY)
    context = context_of(block, describe)
    if request.table:
        itself = Itself(qualified(*request.table), column_names(block), *request.table, request.key)
        context = replace(context, itself=(block, itself))
    unique = joins.unique_key(block)
    scope, found = _scope(context, block, request.key)
    outputs = tuple(Output(c, Column("k", c)) for c in scope)
    affected = keys_step(
        found.arms, "affected_keys", "Keys of rows that may have changed.", outputs
    )
    expected = restrict(block, scope, keys_of(affected))
    if expected is None:
        raise Unsupported("its key is computed by a subquery, a window or an aggregate")
    return Plan(
        Method.INCREMENTAL,
        scope,
        affected=affected,
        expected=expected,
        is_exact=is_exact(block, scope),
        is_key_unique=unique is not None and set(unique) <= set(request.key),
    )


def _scope(context: Context, block: Block, key: tuple[str, ...]) -> tuple[tuple[str, ...], Delta]:
    """Return the columns that determine which rows are written, and their delta.

    They are the key, or its part that identifies the partition of a window. A partition is computed
    as a whole; the table itself has its previous rows.
    """
    if isinstance(block, Select) and block.items and shape.has_partitions(block):
        unit = shape.common_partition(block)
        partition = tuple(c for c in key if shape.depends_only_on(block.output(c), unit))
        if partition:
            return partition, delta(context, block, partition, "affected")
    found = delta(context, block, key, "affected")
    if not found.is_keyed_by_window:
        return key, found
    stable = tuple(c for c in key if not delta(context, block, (c,), "affected").is_keyed_by_window)
    if not stable:
        return key, found
    return stable, delta(context, block, stable, "affected")


def _blocks(plan: Plan) -> list[Block]:
    """Return all blocks of a plan, including those of steps, each once."""
    roots = plan.counting.blocks if plan.counting else (plan.affected, plan.expected)
    waiting: list[object] = [b for b in roots if b is not None]
    found: dict[object, None] = {}
    while waiting:
        for part in walk(waiting.pop(0)):
            if isinstance(part, Step) and part not in found:
                found[part] = None
                waiting.append(part.block)
    steps = [s.block for s in found if isinstance(s, Step)]
    return [*steps, *(b for b in roots if b is not None and not isinstance(b, Step))]


def _steps(plan: Plan) -> list[object]:
    return [part for block in _blocks(plan) for part in walk(block)]


def _log_of(step: Step) -> Relation | None:
    items = getattr(step.block, "items", ())
    return next((i.source.relation for i in items if isinstance(i.source, Log)), None)
