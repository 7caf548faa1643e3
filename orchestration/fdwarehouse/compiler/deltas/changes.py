"""What is known of changed rows: by run, by the log, and the state of a table before.

A change log holds two images of a changed row: as it was (sign -1) and as it is (+1). So images
of several runs can be netted (Gupta, Mumick, Subrahmanian: Maintaining Views Incrementally, SIGMOD
1993). A row of which only unread columns changed nets to nothing.
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
    """The table that is written, as it is."""

    schema: str
    name: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class Context:
    """The columns of each table that a definition reads."""

    used: Mapping[Relation, frozenset[str]]
    describe: Callable[[Block], dict[str, str]] | None = None
    """Tells the types of columns."""
    itself: tuple[Block, Itself] | None = None
    """The definition as a whole, and the table that is kept equal to it."""

    def logged_columns(self, relation: Relation) -> tuple[str, ...]:
        """Return what the log of a table must tell: its key, and the columns that are read."""
        wanted = {*relation.primary_key, *self.used[relation]}
        return tuple(c for c in relation.column_names if c in wanted)


def context_of(block: Block, describe: Callable[[Block], dict[str, str]] | None = None) -> Context:
    """Find the columns that a definition reads.

    Args:
        block: the definition.
        describe: tells the types of a block.

    Raises:
        Unsupported: a table does not have what an incremental form needs.
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

    After run 0 stands for everything: then no change is looked for, since all rows are computed.
    """
    return (operation(">", Column(alias, column), nullif(AFTER, Literal(0))),)


def deltas(context: Context, relation: Relation) -> Step:
    """Return the step with the net images of what changed in a table.

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
        f"Rows of {relation.qualified} that changed, as they were (-1) and as they are (1).",
        Select(
            outputs=(*(_output(relation, column) for column in columns), Output("sign", total)),
            items=(Item("d", Log(relation)),),
            conditions=since("d", "run_id"),
            groups=tuple(i for column in columns for i in images_of(relation, column)),
            having=(operation("<>", total, Literal(0)),),
        ),
    )


def images_of(relation: Relation, column: Column) -> tuple[Expr, ...]:
    """Return what tells a value from others: beside it its text, where equal ones look different.

    Of a type that has no equality, as json, its text alone.
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
    """Return a block over the tables as they were after the run p_since_run_id."""

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
    """Return a table as it was: rows not written since, and the old images of those that were.

    The condition on the run stands outside of the UNION ALL, and what was written since is behind
    OFFSET 0: so the planner can look rows up by an index of the table, and scan the rest. It knows
    no statistics of the two together, and takes each row for equal to one of two hundred; so the
    run is compared by `=` with `least()`, which it takes to hold for one of two hundred as well.
    Otherwise one changed row would seem to reach many, and whole tables would be scanned.
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
            # of the same type as in the table, else the planner keeps the UNION ALL as it stands
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
    """Return the step with the rows of a table that were written since, as they were."""
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
    # Written again, but with nothing in it that is read: it is as it was.
    untouched = Select(
        outputs=_outputs(Column("t", n) for n in names),
        items=(Item("t", Table(relation)),),
        conditions=(*since("t"), boolean("NOT_EXPR", is_new)),
    )
    return Step(
        f"{relation.name}_before",
        f"Rows of {relation.qualified} that were written since, as they were.",
        SetOperation("UNION", True, old, untouched),
    )


def _outputs(columns: Iterable[Column]) -> tuple[Output, ...]:
    return tuple(Output(c.name, c) for c in columns)
