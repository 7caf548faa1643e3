"""A dimension: a SELECT over one table of silver, with the history of its versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import jinja2

from fdwarehouse.compiler.algebra.catalog import Period, Relation
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Item,
    Node,
    Select,
    Table,
    is_equality,
    sides,
    walk,
)
from fdwarehouse.compiler.algebra.type_names import without_length
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.table import constraints, table_context
from fdwarehouse.compiler.tables.target import Target
from fdwarehouse.compiler.tables.versions import VersionSelect
from fdwarehouse.identifiers import ident, qualified

VALIDITY = (("valid_from", "timestamp"), ("valid_to", "timestamp"), ("is_inferred", "boolean"))
"""Columns that the writer adds to those of the SELECT."""
_OF_INFERRED = {"valid_from": "'-infinity'", "valid_to": "'infinity'", "is_inferred": "true"}
"""Their values for an inferred member."""
IS_CURRENT = ("is_current", "boolean")
"""The column that the table computes."""


@dataclass(frozen=True)
class Dimension:
    """A dimension with its definition.

    Attributes:
        target: its key is the business key and `valid_from`.
        definition: its file.
        select: its SELECT, split into parts.
        columns: name and type of each column of the SELECT.
        source: the table of silver that it reads, quoted.
        source_versions: the view with all versions of its rows.
        referenced_by: views of versions whose rows refer to the key, each with the column.
    """

    target: Target
    definition: Definition
    select: VersionSelect
    columns: tuple[tuple[str, str], ...]
    source: str
    source_versions: str
    referenced_by: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The business key."""
        return self.definition.header.key[0]

    @property
    def surrogate(self) -> str:
        """The surrogate key."""
        return self.definition.header.surrogate_key

    @property
    def period(self) -> Period | None:
        """The validity of its rows, if a constraint prevents overlaps within a member."""
        start, end = VALIDITY[0][0], VALIDITY[1][0]
        return Period((self.key,), start, end) if self.definition.header.type2 else None

    @property
    def logs(self) -> Mapping[Relation, tuple[str, ...]]:
        """It reads no log: versions are only added."""
        return {}

    @property
    def kept_up(self) -> str:
        """How it is maintained, in one line."""
        return f"incremental by {self.key} from {self.source}"

    def files(self, environment: jinja2.Environment) -> Iterator[tuple[str, str]]:
        """Yield name and SQL of each object, the table first.

        Args:
            environment: has the templates of the mechanics.
        """
        header = self.definition.header
        context = table_context(self.target, self.definition, self.kept_up) | {
            "columns": self.columns,
            "key": self.key,
            "key_type": without_length(dict(self.columns)[self.key]),
            "surrogate": self.surrogate,
            "own": [self.surrogate, IS_CURRENT[0], *(name for name, _ in VALIDITY)],
            "constraints": list(self._constraints()),
            "select": self.select,
            "source": self.source_versions,
            "type2": list(header.type2),
            "stamped": header.updated_at,
            "overwritten": [
                name
                for name, _ in self.columns
                if name not in (self.key, header.updated_at, *header.type2)
            ],
            "referenced_by": self.referenced_by,
            "known": list(self._known()),
            "inferred": [_OF_INFERRED.get(n, "NULL") for n in self.target.names],
        }
        context["inferred"][self.target.names.index(self.key)] = ident(self.key)

        def rendered(name: str) -> str:
            return environment.get_template(f"per_select/{name}.sql").render(context)

        yield self.target.qualified, rendered("dimension_table")
        yield self.target.versions, rendered("dimension_versions")
        if self.target.logged:
            yield self.target.log_row, rendered("image")
        yield self.target.writer, rendered("dimension_writer")
        if header.type2:
            yield self.target.as_of, rendered("as_of")

    def _known(self) -> Iterator[str]:
        """Yield the columns of its rows, over those of the changes of a member."""
        header = self.definition.header
        kept = (self.key, header.updated_at, *header.type2)
        for name in self.target.names:
            column = ident(name)
            if name == "is_inferred":
                yield f"false AS {column}"
            elif name in _OF_INFERRED and not header.type2:
                yield f"{_OF_INFERRED[name]}::timestamp AS {column}"
            elif name in _OF_INFERRED or name in kept or not header.type2:
                yield column
            else:
                yield f"first_value({column}) OVER latest AS {column}"

    def _constraints(self) -> Iterator[tuple[str, str]]:
        name, key, surrogate = self.target.name, ident(self.key), ident(self.surrogate)
        yield f"{name}__key"[:63], f"PRIMARY KEY ({surrogate})"
        yield f"{name}__version"[:63], f"UNIQUE ({key}, valid_from)"
        yield f"{name}__known"[:63], f"CHECK ({surrogate} = -1 OR {key} IS NOT NULL)"
        yield f"{name}__validity"[:63], "CHECK (valid_from < valid_to)"
        for column, _ in VALIDITY:
            yield f"{name}__{column}__not_null"[:63], f"NOT NULL {column}"
        if self.definition.header.type2:
            # The unknown member is excluded so that no lookup by the key can use the GiST index:
            # it is five times slower than the b-tree, but the planner assumes equal costs.
            overlap = f"{key} WITH =, tsrange(valid_from, valid_to) WITH &&"
            known = f"WHERE ({surrogate} <> -1) DEFERRABLE INITIALLY DEFERRED"
            yield f"{name}__no_overlap"[:63], f"EXCLUDE USING gist ({overlap}) {known}"
        header = self.definition.header
        for found in constraints(self.target, header.columns, unless="is_inferred OR "):
            if not found[1].startswith("PRIMARY KEY"):
                yield found


def references_to(key: str, dimension: str, blocks: Iterable[Block]) -> Iterator[tuple[str, str]]:
    """Find the columns of silver by which SELECTs join a dimension.

    Args:
        key: the business key of the dimension.
        dimension: the dimension, quoted.
        blocks: SELECTs.

    Yields:
        Table of silver, quoted, and column.
    """
    for block in blocks:
        relations = {
            part.alias: part.source.relation
            for part in walk(block)
            if isinstance(part, Item) and isinstance(part.source, Table)
        }
        selects = (part for part in walk(block) if isinstance(part, Select))
        for select in selects:
            conditions = (*select.conditions, *(c for i in select.items for c in i.on))
            for condition in conditions:
                if not isinstance(condition, Node) or not is_equality(condition):
                    continue
                for mine, other in sides(condition):
                    if not isinstance(mine, Column) or not isinstance(other, Column):
                        continue
                    ours, theirs = relations.get(mine.alias), relations.get(other.alias)
                    if ours is None or theirs is None or mine.name != key:
                        continue
                    is_ours = qualified(ours.schema, ours.name) == dimension
                    if is_ours and theirs.schema == "silver":
                        yield qualified(theirs.schema, theirs.name), other.name
