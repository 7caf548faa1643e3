"""Hash expressions for columns, of functions that any PostgreSQL has and postgres_fdw ships.

Only immutable built-in functions are sent to the source; a cast to text is not, nor are COALESCE
and row expressions (contrib/postgres_fdw/deparse.c). NULL hashes to NULL, which an array takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from fdwarehouse.identifiers import ident

_BY_TYPE = {
    "smallint": "hashint2extended({c}, {seed})",
    "integer": "hashint4extended({c}, {seed})",
    "bigint": "hashint8extended({c}, {seed})",
    "real": "hashfloat4extended({c}, {seed})",
    "double precision": "hashfloat8extended({c}, {seed})",
    "numeric": "hash_numeric_extended({c}, {seed})",
    "text": "hashtextextended({c}, {seed})",
    "character varying": "hashtextextended({c}::text, {seed})",
    "character": "hashbpcharextended({c}, {seed})",
    "name": "hashnameextended({c}, {seed})",
    "boolean": "hashint4extended(CASE WHEN {c} THEN 1 WHEN NOT {c} THEN 0 END, {seed})",
    "uuid": "uuid_hash_extended({c}, {seed})",
    "timestamp without time zone": "timestamp_hash_extended({c}, {seed})",
    # Its own hash function is new in PostgreSQL 18; an interval is hashed alike everywhere.
    "timestamp with time zone": (
        "CASE WHEN isfinite({c}) THEN interval_hash_extended("
        "{c} - '2000-01-01 00:00:00+00'::timestamptz, {seed}) "
        "WHEN {c} > '2000-01-01 00:00:00+00'::timestamptz THEN 1 "
        "WHEN {c} IS NOT NULL THEN 2 END"
    ),
    "date": (
        "CASE WHEN isfinite({c}) THEN hashint4extended({c} - '2000-01-01'::date, {seed}) "
        "WHEN {c} > '2000-01-01'::date THEN 1 WHEN {c} IS NOT NULL THEN 2 END"
    ),
    "time without time zone": "time_hash_extended({c}, {seed})",
    "time with time zone": "timetz_hash_extended({c}, {seed})",
    "interval": "interval_hash_extended({c}, {seed})",
    "bytea": "hashtextextended(md5({c}), {seed})",
    "jsonb": "jsonb_hash_extended({c}, {seed})",
    "json": "hashtextextended({c} #>> '{{}}'::text[], {seed})",
    "inet": "hashinetextended({c}, {seed})",
    "cidr": "hashinetextended({c}, {seed})",
    "macaddr": "hashmacaddrextended({c}, {seed})",
    "macaddr8": "hashmacaddr8extended({c}, {seed})",
}


@dataclass(frozen=True)
class HashedColumn:
    """A column and its place in the row, which seeds its hash."""

    name: str
    type: str
    """Without modifiers: ``numeric`` for ``numeric(10, 2)``."""
    seed: int

    def hash(self, alias: str) -> str:
        """Give the SQL expression, a bigint; null for null.

        Args:
            alias: the table's alias.
        """
        column = f"{alias}.{ident(self.name)}"
        return _BY_TYPE[self.type].format(c=column, seed=self.seed)


def hashed_columns(types: dict[str, str]) -> list[HashedColumn]:
    """Take the columns that can be hashed on both sides.

    Args:
        types: type by column name, in the order of the table.

    Returns:
        Those whose type has a hash; xml, point and the like have none.
    """
    plain = {name: base_type(type_) for name, type_ in types.items()}
    return [
        HashedColumn(name, type_, seed)
        for seed, (name, type_) in enumerate(plain.items(), start=1)
        if type_ in _BY_TYPE
    ]


def base_type(type_: str) -> str:
    """Strip the modifier from a type: ``timestamp(3) with time zone`` loses its ``(3)``."""
    before, bracket, rest = type_.partition("(")
    return f"{before.strip()}{rest.partition(')')[2]}" if bracket else type_
