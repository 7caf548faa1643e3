"""The arms of a join: for each table, the rows of the root that its changes reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from fdwarehouse.compiler.algebra.builders import boolean, operation, truth_test
from fdwarehouse.compiler.algebra.reasons import Construct, Unsupported
from fdwarehouse.compiler.algebra.tree import (
    Expr,
    Function,
    Item,
    Link,
    Node,
    Output,
    Select,
    SetOperation,
    Step,
    Subquery,
    Table,
    Values,
    aliases_in,
    columns_in,
    is_equality,
    subqueries_in,
)
from fdwarehouse.compiler.deltas import joins, shape
from fdwarehouse.compiler.deltas.changes import Context, deltas, since
from fdwarehouse.compiler.deltas.joins import Chain
from fdwarehouse.compiler.deltas.reach import (
    Changed,
    decisive,
    name_of,
    narrowed,
    netted,
    read_elsewhere,
    through_itself,
)
from fdwarehouse.compiler.deltas.spans import interval, spans

DerivedDelta = Callable[[Item, tuple[str, ...]], Step]
"""Returns the step with the changed values of columns of a derived table."""


@dataclass(frozen=True)
class _Frame:
    """What the arms of one SELECT share."""

    derived: DerivedDelta
    context: Context
    outputs: tuple[Output, ...]
    select: Select


def arms(
    derived: DerivedDelta,
    context: Context,
    select: Select,
    root: str,
    outputs: tuple[Output, ...],
) -> tuple[Select, ...]:
    """Return the arms of a SELECT: outputs over the root, for rows that changed.

    Args:
        derived: finds the changes of a derived table.
        context: the columns that the definition reads.
        select: the SELECT; its groups and windows are ignored.
        root: alias of the item whose columns the outputs use.
        outputs: the required values.

    Raises:
        Unsupported: there is no order of joins from the root, or a change cannot be followed.
    """
    order = joins.order_from(select, root)
    if order is None:
        raise Unsupported(f"no order of joins from {root}")
    frame = _Frame(derived, context, outputs, select)
    item = select.item(root)
    found = [] if _is_constant(item) else [_arm_of_root(frame, item)]
    chain = Chain((item,), requirements=((root, frozenset()),))
    for alias in order.aliases[1:]:
        joined = select.item(alias)
        chain = chain.with_item(select, joined)
        found += _arms_of_item(frame, chain, select, joined, is_inner=False)
    found += _arms_of_subqueries(frame, chain, _parts(select))
    return tuple(found)


def _is_constant(item: Item) -> bool:
    if isinstance(item.source, (Select, SetOperation, Values)):
        return not item.is_lateral and not shape.reads_tables(item.source)
    return isinstance(item.source, Function)


def _parts(select: Select) -> Iterator[object]:
    """Yield the parts that may contain subqueries: single conditions, and the rest."""
    yield from select.conditions
    yield from (select.outputs, select.having, select.groups, select.order_by)
    yield from (select.distinct_on, select.windows, select.limit, select.offset)


def _changed(frame: _Frame, item: Item, columns: frozenset[str]) -> Changed:
    """Return the changed rows of an item, with at least these columns."""
    if isinstance(item.source, Table):
        relation = item.source.relation
        key = frozenset(relation.primary_key)
        if not relation.removes_rows and columns <= key:
            return Changed(item.source, key, since(item.alias))
        images = deltas(frame.context, relation)
        names = frozenset(frame.context.logged_columns(relation))
        return Changed(images, names, has_sign=True)
    wanted = tuple(sorted(columns))
    return Changed(frame.derived(item, wanted), columns)


def _arm_of_root(frame: _Frame, item: Item) -> Select:
    columns = frozenset(c.name for c in columns_in(frame.outputs) if c.alias == item.alias)
    changed = _changed(frame, item, columns)
    own = tuple(
        c
        for c in joins.plain_conditions(frame.select)
        if aliases_in(c) <= {item.alias} and {x.name for x in columns_in(c)} <= changed.columns
    )
    return Select(
        frame.outputs,
        (Item(item.alias, changed.source),),
        changed.conditions + own,
        comment=f"Changes of {name_of(item)}.",
    )


def _arms_of_item(
    frame: _Frame, chain: Chain, select: Select, item: Item, *, is_inner: bool
) -> list[Select]:
    if item.is_lateral:
        return _arms_within(frame, chain, item.source, ())
    if _is_constant(item):
        return []
    if is_inner and not isinstance(item.source, Table):
        outer = chain.aliases - {item.alias}
        if aliases_in(item.source) & outer:
            raise Unsupported(
                "a derived table in a subquery that refers to a row outside", Construct.SUBQUERY
            )
    return [_arm(frame, chain, select, item, is_inner=is_inner)]


def _arms_of_subqueries(frame: _Frame, chain: Chain, parts: Iterator[object]) -> list[Select]:
    found: list[Select] = []
    for part in parts:
        for subquery in subqueries_in(part):
            found += _arms_within(frame, chain, subquery.block, _membership(subquery, part))
    return found


def _membership(subquery: Subquery, part: object) -> tuple[Expr, ...]:
    """Return the conditions under which a row of IN, ANY or ALL can decide the result.

    For `x IN (...)` as a conjunct of WHERE, only equal rows matter; elsewhere a row that gives null
    matters as well, since NOT of null differs from NOT of false.
    """
    block = subquery.block
    if subquery.link not in (Link.ANY, Link.ALL) or not isinstance(block, Select):
        return ()
    values = [o.value for o in block.outputs]
    is_row = isinstance(subquery.test, Node) and subquery.test.tag == "RowExpr"
    tests = list(subquery.test.get("args")) if is_row else [subquery.test]  # type: ignore[union-attr]
    if shape.is_grouped(block) or shape.has_partitions(block) or block.limit or block.offset:
        return ()
    if len(tests) != len(values) or shape.has_subquery(tuple(values)):
        return ()
    pairs = tuple(
        operation(subquery.operator, test, value)  # type: ignore[arg-type]
        for test, value in zip(tests, values, strict=True)
    )
    if subquery is part and subquery.link is Link.ANY:
        return pairs
    test = "IS_NOT_FALSE" if subquery.link is Link.ANY else "IS_NOT_TRUE"
    return (truth_test(boolean("AND_EXPR", *pairs), test),)


def _arms_within(
    frame: _Frame, chain: Chain, block: object, member: tuple[Expr, ...]
) -> list[Select]:
    """Return arms for the tables of a subquery that is computed for each row."""
    if isinstance(block, SetOperation):
        return [
            *_arms_within(frame, chain, block.left, ()),
            *_arms_within(frame, chain, block.right, ()),
        ]
    if isinstance(block, Values):
        return _arms_of_subqueries(frame, chain, iter(block.rows))
    if not isinstance(block, Select):
        return []
    select = replace(block, conditions=block.conditions + member)
    found: list[Select] = []
    waiting = list(select.items)
    while waiting:
        item = _following(select, waiting, chain.aliases)
        waiting.remove(item)
        chain = chain.with_item(select, item)
        found += _arms_of_item(frame, chain, select, item, is_inner=True)
    return found + _arms_of_subqueries(frame, chain, _parts(select))


def _following(select: Select, waiting: list[Item], placed: frozenset[str]) -> Item:
    """Return the item of a subquery to join next: a linked one, if any."""
    ready = [i for i in waiting if joins.needs(select, i) <= placed]
    for item in ready:
        if item.is_nullable:
            if aliases_in(item.on) & select.aliases <= placed | {item.alias}:
                return item
        elif any(joins.is_link(c, item.alias, placed) for c in joins.conditions_of(select, item)):
            return item
    return next(i for i in ready if not i.is_nullable)


def _arm(frame: _Frame, chain: Chain, select: Select, item: Item, *, is_inner: bool) -> Select:
    alias = item.alias
    placed = chain.aliases - {alias}
    among = item.on if item.is_nullable else chain.conditions
    conditions = tuple(
        c for c in among if alias in aliases_in(c) and aliases_in(c) <= placed | {alias}
    )
    if item.is_nullable:
        conditions = tuple(c for c in among if aliases_in(c) <= placed | {alias})

    def own(condition: Expr) -> frozenset[str]:
        return frozenset(c.name for c in columns_in(condition) if c.alias == alias)

    chosen = decisive(item, conditions, placed, own, is_inner=is_inner)
    wanted = frozenset(name for c in chosen for name in own(c))
    changed = _changed(frame, item, wanted)
    is_whole = changed.has_sign or not isinstance(item.source, Table)
    path = chain.path(aliases_in(chosen) - {alias})
    kept = tuple(
        c
        for c in conditions
        if own(c) <= changed.columns
        and (c in chosen or is_whole)
        and aliases_in(c) <= path | {alias}
    )
    between = tuple(i for i in chain.items if i.alias in path)
    along = tuple(c for c in chain.conditions if aliases_in(c) <= path and c not in kept)
    conditions = (*changed.conditions, *along, *kept)
    is_range = any(not is_equality(c) and alias in aliases_in(c) for c in kept)
    is_versioned = changed.has_sign and is_range and not is_inner
    if is_versioned:
        changed = _as_spans(changed, select, item, kept)
        if own_arm := through_itself(frame.context, select, item, changed, frame.outputs):
            return own_arm
    arm = Select(
        frame.outputs,
        (*narrowed(between, conditions, alias, changed), Item(alias, changed.source)),
        conditions,
        comment=f"Changes of {name_of(item)}.",
    )
    return netted(select, item, between, arm, kept) if is_versioned else arm


def _as_spans(changed: Changed, select: Select, item: Item, kept: tuple[Expr, ...]) -> Changed:
    """Add to changed versions the time for which they changed."""
    ends = interval(item.alias, kept)
    if not ends or not isinstance(item.source, Table) or not isinstance(changed.source, Step):
        return changed
    read = {c.name for c in read_elsewhere(select, item, kept)}
    found = spans(changed.source, item.source.relation, ends, read)
    return replace(changed, source=found) if found else changed
