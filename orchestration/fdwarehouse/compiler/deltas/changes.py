"""Changed rows, by their run and from change logs, and the previous state of a table.

A change log has two images of a changed row: the old one (sign -1) and the new one (+1). So images
of several runs can be netted (Gupta, Mumick, Subrahmanian: Maintaining Views Incrementally, SIGMOD
1993). If only unread columns of a row changed, its images cancel out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fdwarehouse.compiler.algebra.builders import (
    boolean,
    call,
    cast,
    image,
    least,
    nullif,
    operation,
)
from fdwarehouse.compiler.algebra.catalog import RUN_ID, Relation
from fdwarehouse.compiler.algebra.reasons import Unsupported
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Definition,
    Expr,
    Item,
    Link,
    Literal,
    Log,
    Output,
    Parameter,
    Select,
    SetOperation,
    Step,
    Subquery,
    Table,
    columns_in,
    rewrite,
    walk,
)
from fdwarehouse.compiler.deltas.images import can_be_grouped, look_alike

AFTER = Parameter("p_since_run_id")


@dataclass(frozen=True)
class Itself(Definition):
    """The present content of the table that is written."""

    schema: str
    name: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class Context:
    """The columns of each table that a definition reads."""

    used: Mapping[Relation, frozenset[str]]
    describe: Callable[[Block], dict[str, str]] | None = None
    """Returns the types of columns."""
    itself: tuple[Block, Itself] | None = None
    """The whole definition, and the table that is kept equal to it."""

    def logged_columns(self, relation: Relation) -> tuple[str, ...]:
        """Return the columns that the log of a table must have: its key, and those read."""
        wanted = {*relation.primary_key, *self.used[relation]}
        return tuple(c for c in relation.column_names if c in wanted)


def context_of(block: Block, describe: Callable[[Block], dict[str, str]] | None = None) -> Context:
    """Find the columns that a definition reads.

    Args:
        block: the definition.
        describe: returns the types of a block.

    Raises:
        Unsupported: a table lacks what an incremental form needs.
    """
    relations: dict[str, Relation] = {
        part.alias: part.source.relation
        for part in walk(block)
        if isinstance(part, Item) and isinstance(part.source, Table)
    }
    for relation in relations.values():
        if not relation.primary_key:
            raise Unsupported(f"{relation.qualified} has no primary key")
        if RUN_ID not in relation.column_names:
            raise Unsupported(f"{relation.qualified} has no column {RUN_ID}")
    used: dict[Relation, set[str]] = {relation: set() for relation in relations.values()}
    for column in columns_in(block):
        if column.alias in relations:
            used[relations[column.alias]].add(column.name)
    return Context({relation: frozenset(names) for relation, names in used.items()}, describe)


def since(alias: str, column: str = RUN_ID) -> tuple[Expr, ...]:
    """Return the condition under which a row was written since the last run.

    Since run 0 means everything: then no changes are read, since all rows are computed.
    """
    return (operation(">", Column(alias, column), nullif(AFTER, Literal(0))),)


def deltas(context: Context, relation: Relation) -> Step:
    """Return the step with the net images of the changed rows of a table.

    Raises:
        Unsupported: the table has no change log, or one without a column that is read.
    """
    names = context.logged_columns(relation)
    if relation.logged is None:
        raise Unsupported(f"{relation.qualified} has no change log")
    if RUN_ID in names:
        raise Unsupported(f"{RUN_ID}, which no change log has")
    if missing := set(names) - relation.logged:
        raise Unsupported(
            f"the change log of {relation.qualified} lacks {', '.join(sorted(missing))}"
        )
    columns = tuple(Column("d", name) for name in names)
    total = call("sum", Column("d", "sign"))
    return Step(
        f"{relation.name}_deltas",
        f"Changed rows of {relation.qualified}: new images (1) and old images (-1).",
        Select(
            outputs=(*(_output(relation, column) for column in columns), Output("sign", total)),
            items=(Item("d", Log(relation)),),
            conditions=since("d", "run_id"),
            groups=tuple(i for column in columns for i in images_of(relation, column)),
            having=(operation("<>", total, Literal(0)),),
        ),
    )


def images_of(relation: Relation, column: Column) -> tuple[Expr, ...]:
    """Return what distinguishes a value: also its text, if equal values can look different.

    For a type without equality, such as json, only its text.
    """
    fact = relation.column(column.name)
    if look_alike(fact.type, fact.scale):
        return (column,)
    return (column, image(column)) if can_be_grouped(fact.type) else (cast(column, "text"),)


def _output(relation: Relation, column: Column) -> Output:
    kind = relation.column(column.name).type
    value = column if can_be_grouped(kind) else cast(cast(column, "text"), kind)
    return Output(column.name, value)


def before(context: Context, block: Block) -> Block:
    """Return a block over the state of the tables after the run p_since_run_id."""

    def change(part: object) -> object:
        if isinstance(part, Item) and isinstance(part.source, Table):
            return Item(
                part.alias,
                _table_before(context, part.source.relation),
                part.is_nullable,
                part.on,
                part.is_lateral,
            )
        return None

    return rewrite(block, change)  # type: ignore[no-any-return]


def _table_before(context: Context, relation: Relation) -> Select:
    """Return the old state of a table: rows not written since, and old images of the others.

    The condition on the run is outside of the UNION ALL, and the rows written since are behind
    OFFSET 0, so that the planner can look up rows by an index of the table, and scan the rest. It
    has no statistics of the union, and assumes 200 distinct values. Therefore the run is compared
    by `=` with `least()`, which it estimates at one row in 200 as well. Otherwise one changed row
    would seem to reach many, and whole tables would be scanned.
    """
    names = context.logged_columns(relation)
    written = _written_before(context, relation)
    kept = Select(
        outputs=(*_outputs(Column("t", n) for n in names), Output(RUN_ID, Column("t", RUN_ID))),
        items=(Item("t", Table(relation)),),
    )
    rows = Select(
        outputs=_outputs(Column("w", n) for n in names),
        items=(Item("w", written),),
        offset=Literal(0),
    )
    replaced = Select(
        outputs=(
            *_outputs(Column("w", n) for n in names),
            # of the same type as in the table, else the planner does not flatten the UNION ALL
            Output(RUN_ID, cast(Literal(0), relation.column(RUN_ID).type)),
        ),
        items=(Item("w", rows),),
    )
    return Select(
        outputs=_outputs(Column("t", n) for n in names),
        items=(Item("t", SetOperation("UNION", True, kept, replaced)),),
        conditions=(operation("=", Column("t", RUN_ID), least(Column("t", RUN_ID), AFTER)),),
    )


def _written_before(context: Context, relation: Relation) -> Step:
    """Return the step with the old state of the rows of a table that were written since."""
    names = context.logged_columns(relation)
    images = deltas(context, relation)
    old = Select(
        outputs=_outputs(Column("d", n) for n in names),
        items=(Item("d", images),),
        conditions=(operation("<", Column("d", "sign"), Literal(0)),),
    )
    same_row = [operation("=", Column("d", k), Column("t", k)) for k in relation.primary_key]
    is_new = Subquery(
        Link.EXISTS,
        Select(
            outputs=(),
            items=(Item("d", images),),
            conditions=(operation(">", Column("d", "sign"), Literal(0)), *same_row),
        ),
    )
    # Written again, but without a change in the columns that are read.
    untouched = Select(
        outputs=_outputs(Column("t", n) for n in names),
        items=(Item("t", Table(relation)),),
        conditions=(*since("t"), boolean("NOT_EXPR", is_new)),
    )
    return Step(
        f"{relation.name}_before",
        f"Old state of the rows of {relation.qualified} that were written since.",
        SetOperation("UNION", True, old, untouched),
    )


def _outputs(columns: Iterable[Column]) -> tuple[Output, ...]:
    return tuple(Output(c.name, c) for c in columns)
