"""Hash expressions for columns, the same in every PostgreSQL since 11, which postgres_fdw ships.

Only immutable built-in functions are sent to the source; a cast to text is not, and COALESCE is not
(contrib/postgres_fdw/deparse.c).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fdwarehouse.contract import Column
from fdwarehouse.identifiers import ident

_BY_TYPE = {
    "smallint": "hashint2extended({c}, 0)",
    "integer": "hashint4extended({c}, 0)",
    "bigint": "hashint8extended({c}, 0)",
    "real": "hashfloat4extended({c}, 0)",
    "double precision": "hashfloat8extended({c}, 0)",
    "numeric": "hash_numeric_extended({c}, 0)",
    "text": "hashtextextended({c}, 0)",
    "character varying": "hashtextextended({c}::text, 0)",
    "character": "hashbpcharextended({c}, 0)",
    "name": "hashnameextended({c}, 0)",
    "boolean": "hashint4extended({c}::integer, 0)",
    "uuid": "uuid_hash_extended({c}, 0)",
    "timestamp without time zone": "timestamp_hash_extended({c}, 0)",
    # Its own hash function is new in PostgreSQL 18; an interval is hashed alike everywhere.
    "timestamp with time zone": (
        "CASE WHEN isfinite({c}) "
        "THEN interval_hash_extended({c} - '2000-01-01 00:00:00+00'::timestamptz, 0) "
        "WHEN {c} = 'infinity' THEN 1 WHEN {c} = '-infinity' THEN 2 END"
    ),
    "date": (
        "CASE WHEN isfinite({c}) THEN hashint4extended({c} - '2000-01-01'::date, 0) "
        "WHEN {c} = 'infinity' THEN 1 WHEN {c} = '-infinity' THEN 2 END"
    ),
    "time without time zone": "time_hash_extended({c}, 0)",
    "time with time zone": "timetz_hash_extended({c}, 0)",
    "interval": "interval_hash_extended({c}, 0)",
    # A text that a function makes has no collation of the source's, and is not sent there.
    "bytea": "hash_array_extended(ARRAY[get_byte(sha256({c}), 0), get_byte(sha256({c}), 1), "
    "get_byte(sha256({c}), 2), get_byte(sha256({c}), 3)], 0)",
    "jsonb": "jsonb_hash_extended({c}, 0)",
    "int4range": "hash_range_extended({c}, 0)",
    "int8range": "hash_range_extended({c}, 0)",
    "numrange": "hash_range_extended({c}, 0)",
    "tsrange": "hash_range_extended({c}, 0)",
    "tstzrange": "hash_range_extended({c}, 0)",
    "daterange": "hash_range_extended({c}, 0)",
    "xid8": "hash_array_extended(ARRAY[{c}], 0)",
    "oid": "hashoidextended({c}, 0)",
    "inet": "hashinetextended({c}, 0)",
    "cidr": "hashinetextended({c}, 0)",
    "macaddr": "hashmacaddrextended({c}, 0)",
    "macaddr8": "hashmacaddr8extended({c}, 0)",
}


_OF_ARRAYS = "hash_array_extended({c}, 0)"


@dataclass(frozen=True)
class HashedColumn:
    """A column whose type has a hash on both sides."""

    name: str
    expression: str
    """With {c} for the column."""

    def hash(self, alias: str) -> str:
        """Give the SQL expression, a bigint that is null when the column is.

        Args:
            alias: the table's alias.
        """
        return self.expression.format(c=f"{alias}.{ident(self.name)}")


def hashed_columns(columns: Mapping[str, Column]) -> list[HashedColumn]:
    """Take the columns that can be hashed on both sides.

    Args:
        columns: description by name, in the order of the table.

    Returns:
        Those whose type has a hash; enumerations, json, xml, point and the like have none.
    """
    hashed = []
    for name, column in columns.items():
        element = base_type(column.type.removesuffix("[]"))
        expression = _BY_TYPE.get(element)
        if expression and column.source_type is None:
            is_array = column.type.endswith("[]")
            hashed.append(HashedColumn(name, _OF_ARRAYS if is_array else expression))
    return hashed


def base_type(type_: str) -> str:
    """Strip the modifier: ``timestamp(3) with time zone`` is ``timestamp with time zone``.

    Args:
        type_: a type as ``format_type`` writes it.
    """
    before, bracket, rest = type_.partition("(")
    return f"{before.strip()}{rest.partition(')')[2]}" if bracket else type_
