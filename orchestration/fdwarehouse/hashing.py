"""Hash expressions for columns, the same in every PostgreSQL since 11, which postgres_fdw ships.

Only immutable built-in functions are sent to the source; a cast to text is not, and COALESCE is not
(contrib/postgres_fdw/deparse.c).
"""

from __future__ import annotations

from dataclasses import dataclass

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
    "bytea": "hashtextextended(md5({c}), 0)",
    "jsonb": "jsonb_hash_extended({c}, 0)",
    "json": "hashtextextended({c} #>> '{{}}'::text[], 0)",
    "inet": "hashinetextended({c}, 0)",
    "cidr": "hashinetextended({c}, 0)",
    "macaddr": "hashmacaddrextended({c}, 0)",
    "macaddr8": "hashmacaddr8extended({c}, 0)",
}


@dataclass(frozen=True)
class HashedColumn:
    """A column whose type has a hash on both sides."""

    name: str
    type: str
    """Without modifiers: ``numeric`` for ``numeric(10, 2)``."""

    def hash(self, alias: str) -> str:
        """Give the SQL expression, a bigint that is null when the column is.

        Args:
            alias: the table's alias.
        """
        return _BY_TYPE[self.type].format(c=f"{alias}.{ident(self.name)}")


def hashed_columns(types: dict[str, str]) -> list[HashedColumn]:
    """Take the columns that can be hashed on both sides.

    Args:
        types: type by column name, in the order of the table.

    Returns:
        Those whose type has a hash; xml, point and the like have none.
    """
    plain = {name: base_type(type_) for name, type_ in types.items()}
    return [HashedColumn(name, type_) for name, type_ in plain.items() if type_ in _BY_TYPE]


def base_type(type_: str) -> str:
    """Strip the modifier: ``timestamp(3) with time zone`` is ``timestamp with time zone``.

    Args:
        type_: a type as ``format_type`` writes it.
    """
    before, bracket, rest = type_.partition("(")
    return f"{before.strip()}{rest.partition(')')[2]}" if bracket else type_
