"""Reads PostgreSQL's text of a view into a block: names resolved, CTEs and views inlined.

The text is what `pg_get_viewdef` prints with an empty search path: columns are qualified, `*` is
expanded, and tables have their schema. Every alias of the block is used once, so that parts of it
can be moved without renaming.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Any

from pglast import ast, enums

from fdwarehouse.compiler.algebra.catalog import Catalog, Relation, View
from fdwarehouse.compiler.algebra.names import (
    RESERVED_ALIASES,
    Cte,
    FromClause,
    Names,
    alias_of,
    conjuncts,
    equal_columns,
    output_names,
    renamed,
    result_value,
    source_columns,
)
from fdwarehouse.compiler.algebra.parse import LINKS, OPERATORS, POSITIONS, parse
from fdwarehouse.compiler.algebra.prune import without_runs
from fdwarehouse.compiler.algebra.reasons import Construct, Unsupported
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Expr,
    Function,
    Item,
    Node,
    Output,
    Select,
    SetOperation,
    Source,
    Subquery,
    Table,
    Values,
    subqueries_in,
    walk,
    walk_level,
)

# Aggregates whose parse nodes are not function calls.
_NOT_FOLLOWED = {
    ast.JsonArrayAgg: "JSON_ARRAYAGG(); jsonb_agg() is incremental",
    ast.JsonObjectAgg: "JSON_OBJECTAGG(); jsonb_object_agg() is incremental",
    ast.GroupingFunc: "GROUPING()",
}


def canonical(definition: str | ast.SelectStmt, catalog: Catalog) -> Block:
    """Read a definition.

    Args:
        definition: SQL of a view, as `pg_get_viewdef` prints it; or that, parsed.
        catalog: the relations that it reads.

    Raises:
        Unsupported: a part of it has no incremental form.
    """
    statement = parse(definition) if isinstance(definition, str) else definition
    return without_runs(_Reader(catalog).block(statement, Names(), is_top=True))


class _Reader:
    """Reads one definition; it remembers which aliases are taken."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.taken: set[str] = set(RESERVED_ALIASES)

    def fresh(self, name: str) -> str:
        candidate, number = name, 1
        while candidate in self.taken:
            number += 1
            candidate = f"{name}_{number}"
        self.taken.add(candidate)
        return candidate

    def block(self, statement: Any, names: Names, *, is_top: bool = False) -> Block:
        if statement.withClause is not None:
            names = self._with_ctes(statement.withClause, names)
        if statement.valuesLists:
            rows = tuple(
                tuple(self.expression(v, names) for v in values) for values in statement.valuesLists
            )
            return Values(rows, tuple(f"column{n + 1}" for n in range(len(rows[0]))))
        if statement.op != enums.SetOperation.SETOP_NONE:
            if statement.limitCount or statement.limitOffset:
                raise Unsupported("LIMIT over a set operation", Construct.LIMIT)
            return SetOperation(
                OPERATORS[statement.op],
                bool(statement.all),
                self.block(statement.larg, names),
                self.block(statement.rarg, names),
            )
        return self._select(statement, names, is_top=is_top)

    def _select(self, statement: Any, names: Names, *, is_top: bool) -> Select:
        if statement.lockingClause:
            raise Unsupported("FOR UPDATE")
        clause = FromClause()
        for part in statement.fromClause or ():
            clause = self._join(part, clause, names)
        inner = names.within(clause.scope)
        targets = statement.targetList or ()
        outputs = tuple(
            Output(name, self.expression(t.val, inner))
            for name, t in zip(output_names(targets), targets, strict=True)
        )
        if any(isinstance(n, Node) and n.tag == "SetCall" for n in walk_level(outputs)):
            raise Unsupported("a function that returns a set in the SELECT list")
        groups = self.expressions(statement.groupClause, inner)
        if any(isinstance(g, Node) and g.tag == "GroupingSet" for g in groups):
            raise Unsupported("GROUPING SETS, ROLLUP or CUBE", Construct.GROUPING_SETS)
        distinct = statement.distinctClause or ()
        distinct_on = self.expressions(distinct if distinct and distinct[0] else (), inner)
        limit = statement.limitCount, statement.limitOffset
        is_ordered = not is_top or any(limit) or distinct_on
        return Select(
            outputs=outputs,
            items=clause.items,
            conditions=clause.conditions + conjuncts(self.expression(statement.whereClause, inner)),
            groups=groups,
            having=conjuncts(self.expression(statement.havingClause, inner)),
            windows=self.expressions(statement.windowClause, inner),
            is_distinct=bool(distinct) and not distinct_on,
            distinct_on=distinct_on,
            order_by=self._order(statement.sortClause, outputs, inner) if is_ordered else (),
            limit=self.expression(limit[0], inner),
            offset=self.expression(limit[1], inner),
            has_ties=statement.limitOption == enums.LimitOption.LIMIT_OPTION_WITH_TIES,
        )

    def _with_ctes(self, clause: Any, names: Names) -> Names:
        if clause.recursive:
            raise Unsupported("WITH RECURSIVE", Construct.RECURSIVE)
        for cte in clause.ctes:
            if not isinstance(cte.ctequery, ast.SelectStmt):
                raise Unsupported("a CTE that writes")
            renamed = tuple(n.sval for n in cte.aliascolnames or ())
            known = Cte(cte.ctequery, renamed, replace(names, scopes=()))
            names = replace(names, ctes={**names.ctes, cte.ctename: known})
        return names

    def _order(self, clause: Any, outputs: tuple[Output, ...], names: Names) -> tuple[Node, ...]:
        """Resolve ORDER BY, whose names and numbers may be those of the result."""
        ordered = []
        for sort in clause or ():
            value = result_value(sort.node, outputs) or self.expression(sort.node, names)
            frozen = self._freeze(sort, names)
            fields = tuple((k, value if k == "node" else v) for k, v in frozen.fields)
            ordered.append(Node("SortBy", fields))
        return tuple(ordered)

    def _join(self, part: Any, clause: FromClause, names: Names) -> FromClause:
        """Add an item or a join to a FROM clause."""
        if not isinstance(part, ast.JoinExpr):
            return self._item(part, clause, names)
        if part.alias is not None:
            raise Unsupported("an alias for a join")
        kind, left, right = part.jointype, part.larg, part.rarg
        if kind == enums.JoinType.JOIN_RIGHT:
            kind, left, right = enums.JoinType.JOIN_LEFT, right, left
        if kind == enums.JoinType.JOIN_FULL:
            raise Unsupported("FULL JOIN", Construct.FULL_JOIN)
        before = self._join(left, clause, names)
        if kind == enums.JoinType.JOIN_LEFT and isinstance(right, ast.JoinExpr):
            raise Unsupported(Construct.PARENTHESES.value, Construct.PARENTHESES)
        after = self._join(right, before, names)
        on = self._condition(part, clause, before, after, names)
        if kind == enums.JoinType.JOIN_INNER:
            return replace(after, conditions=after.conditions + on)
        if subqueries_in(on):
            raise Unsupported("a subquery in the ON of an outer join", Construct.SUBQUERY)
        joined = replace(after.items[-1], is_nullable=True, on=on)
        return replace(after, items=(*after.items[:-1], joined))

    def _condition(
        self, part: Any, clause: FromClause, before: FromClause, after: FromClause, names: Names
    ) -> tuple[Expr, ...]:
        if part.usingClause:
            return equal_columns([c.sval for c in part.usingClause], clause, before, after)
        return conjuncts(self.expression(part.quals, names.within(after.scope)))

    def _item(self, part: Any, clause: FromClause, names: Names) -> FromClause:
        source: Any
        if isinstance(part, ast.RangeVar):
            source = self._relation(part, names)
        elif isinstance(part, ast.RangeSubselect):
            around = names.within(clause.scope) if part.lateral else names
            source = self.block(part.subquery, around)
        elif isinstance(part, ast.RangeFunction) and part.alias is not None:
            source = self._function(part, names.within(clause.scope))
        else:
            raise Unsupported(f"{type(part).__name__} in FROM")
        name, columns = alias_of(part)
        if not isinstance(source, Function):
            source = renamed(source, columns)
        alias = self.fresh(name)
        columns = source_columns(source)
        is_lateral = isinstance(part, ast.RangeSubselect) and bool(part.lateral)
        return replace(
            clause,
            items=(*clause.items, Item(alias, source, is_lateral=is_lateral)),
            scope={**clause.scope, name: (alias, columns)},
        )

    def _relation(self, part: Any, names: Names) -> Source:
        if part.schemaname is None and part.relname in names.ctes:
            cte = names.ctes[part.relname]
            query: Source = renamed(self.block(cte.query, cte.names), cte.columns)
            return query
        known = self.catalog.relations.get((part.schemaname, part.relname))
        if isinstance(known, View):
            return self.block(parse(known.definition), Names())
        if not isinstance(known, Relation):
            raise Unsupported(
                f"{part.schemaname}.{part.relname}, which is not a table of the warehouse"
            )
        return Table(known)

    def _function(self, part: Any, names: Names) -> Function:
        node = self._freeze(part, names)
        if any(isinstance(n, Subquery) for n in walk(node)):
            raise Unsupported("a subquery in a function of FROM", Construct.SUBQUERY)
        columns = tuple(c.sval for c in part.alias.colnames or ()) or (part.alias.aliasname,)
        return Function(node, columns + tuple(d.colname for d in part.coldeflist or ()))

    # Expressions.

    def expressions(self, values: Any, names: Names) -> tuple[Any, ...]:
        return tuple(self.expression(v, names) for v in values or ())

    def expression(self, value: Any, names: Names) -> Any:
        match value:
            case ast.ColumnRef():
                return self._column(value, names)
            case ast.SubLink():
                if value.subLinkType not in LINKS:
                    raise Unsupported("a row compared with a subquery", Construct.SUBQUERY)
                return Subquery(
                    LINKS[value.subLinkType],
                    self.block(value.subselect, names),
                    self.expression(value.testexpr, names),
                    value.operName[-1].sval if value.operName else "=",
                )
            case tuple():
                return tuple(self.expression(v, names) for v in value)
            case ast.Node():
                return self._freeze(value, names)
            case _:
                return value.name if isinstance(value, Enum) else value

    def _freeze(self, value: Any, names: Names) -> Node:
        if type(value) in _NOT_FOLLOWED:
            raise Unsupported(_NOT_FOLLOWED[type(value)])
        tag = self._tag(value)
        fields = (
            (name, self.expression(getattr(value, name), names))
            for name in value
            if name not in POSITIONS
        )
        return Node(tag, tuple((k, v) for k, v in fields if v is not None and v is not False))

    def _tag(self, value: Any) -> str:
        """Name a node after its class, and a call after its function."""
        if not isinstance(value, ast.FuncCall):
            return type(value).__name__
        called = tuple(p.sval for p in value.funcname or ())
        plain = called[1:] if called[0] == "pg_catalog" else called
        if value.over is not None:
            return "WindowCall"
        if value.agg_star or plain in self.catalog.aggregates:
            return "Aggregate"
        return "SetCall" if plain in self.catalog.set_returning else "FuncCall"

    def _column(self, value: Any, names: Names) -> Column:
        if isinstance(value.fields[-1], ast.A_Star):
            raise Unsupported("a whole row as a value")
        parts = [p.sval for p in value.fields]
        if len(parts) > 2:
            raise Unsupported(f"a qualified field {'.'.join(parts)}")
        for scope in names.scopes:
            if len(parts) == 2 and parts[0] in scope:
                return Column(scope[parts[0]][0], parts[1])
            owners = [alias for alias, columns in scope.values() if parts[0] in columns]
            if len(parts) == 1 and owners:
                return Column(owners[0], parts[0])
        raise Unsupported(f"{'.'.join(parts)}, which is not a column")
