"""Hash expressions for columns, equal in every PostgreSQL since 11, that postgres_fdw pushes down.

Only immutable built-in functions are sent to the source; a cast to text is not, and COALESCE is not
(contrib/postgres_fdw/deparse.c). A hash must distinguish the values, not only what their type
considers unequal: '1 year' and '360 days' are equal intervals, and so are PostgreSQL's hashes of
them. Where `=` is coarser than the value, the output of the type's send function is hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent

from fdwarehouse.identifiers import ident
from fdwarehouse.project.contract import Column


def _image(sent: str) -> str:
    """Hash bytes. Text from a function lacks the source's collation, so it is not pushed down."""
    return _of(*(f"get_byte(sha256({sent}), {n})" for n in range(4)))


def _of(*parts: str) -> str:
    lines = indent(",\n".join(parts), " " * 8)
    return f"hash_array_extended(\n    ARRAY[\n{lines}\n    ],\n    0\n)"


def _wide(hash_: str, sent: str) -> str:
    """Complete the hash of a number of 64 bits, which folds the upper half into the lower one.

    -1 and 4294967295 have the same hash, and so do two times that are 71 minutes apart.
    """
    return _of(hash_, *(f"get_byte({sent}, {n})::bigint" for n in range(4)))


_INSTANT = _wide(
    # Its own hash function is new in PostgreSQL 18; that of interval is the same in all versions.
    "CASE WHEN isfinite({c}) "
    "THEN interval_hash_extended({c} - '2000-01-01 00:00:00+00'::timestamptz, 0) END",
    "timestamptz_send({c})",
)
_LOCAL_TIME = _wide("timestamp_hash_extended({c}, 0)", "timestamp_send({c})")


def _of_range(of_bound: str) -> str:
    return _of(
        "hash_range_extended({c}, 0)",
        *(of_bound.format(c=f"{bound}({{c}})") for bound in ("lower", "upper")),
    )


_BY_TYPE = {
    "smallint": "hashint2extended({c}, 0)",
    "integer": "hashint4extended({c}, 0)",
    "bigint": _of("{c}", "{c} >> 32"),  # see _wide
    # 0 and -0 are equal.
    "real": _of("hashfloat4extended({c}, 0)", "get_byte(float4send({c}), 0)::bigint"),
    "double precision": _of("hashfloat8extended({c}, 0)", "get_byte(float8send({c}), 0)::bigint"),
    "numeric": _image("numeric_send({c})"),
    "text": "hashtextextended({c}, 0)",
    "character varying": "hashtextextended({c}::text, 0)",
    # Its hash ignores trailing blanks.
    "bpchar": _of("hashbpcharextended({c}, 0)", "octet_length({c})::bigint"),
    "name": "hashnameextended({c}, 0)",
    "boolean": "hashint4extended({c}::integer, 0)",
    "uuid": "uuid_hash_extended({c}, 0)",
    "timestamp without time zone": _LOCAL_TIME,
    "timestamp with time zone": _INSTANT,
    "date": (
        "CASE WHEN isfinite({c}) THEN hashint4extended({c} - '2000-01-01'::date, 0) "
        "WHEN {c} = 'infinity' THEN 1 WHEN {c} = '-infinity' THEN 2 END"
    ),
    "time without time zone": _wide("time_hash_extended({c}, 0)", "time_send({c})"),
    "time with time zone": _wide("timetz_hash_extended({c}, 0)", "timetz_send({c})"),
    "interval": _image("interval_send({c})"),
    "bytea": _image("{c}"),
    "jsonb": _image("jsonb_send({c})"),
    "int4range": "hash_range_extended({c}, 0)",
    "int8range": _of_range("{c} >> 32"),
    "numrange": _of_range(_image("numeric_send({c})")),
    "tsrange": _of_range(_LOCAL_TIME),
    "tstzrange": _of_range(_INSTANT),
    "daterange": "hash_range_extended({c}, 0)",
    "xid8": _wide("hash_array_extended(ARRAY[{c}], 0)", "xid8send({c})"),
    "oid": "hashoidextended({c}, 0)",
    "inet": "hashinetextended({c}, 0)",
    "cidr": "hashinetextended({c}, 0)",
    "macaddr": "hashmacaddrextended({c}, 0)",
    "macaddr8": "hashmacaddr8extended({c}, 0)",
}
# With a length or a scale in the type, all values have the same one.
_BY_TYPE_WITH_MODIFIER = {
    # Its hash ignores the sign.
    "numeric": _of("hash_numeric_extended({c}, 0)", "({c} < 0)::integer::bigint"),
    "character": "hashbpcharextended({c}, 0)",
}
# The lower bounds of an array are part of it, but not of its hash.
_DIMENSIONS = range(1, 7)  # an array has at most six
_OF_ARRAYS = _of(
    "hash_array_extended({c}, 0)",
    *(
        f"{bound}({{c}}, {n})::bigint"
        for n in _DIMENSIONS
        for bound in ("array_lower", "array_upper")
    ),
)
# Equal keys are one key, however they are written: 1.0 and 1.00 belong in one bucket. A bucket
# need not tell keys apart.
_BY_EQUALITY = {
    "bigint": "hashint8extended({c}, 0)",
    "int8range": "hash_range_extended({c}, 0)",
    "real": "hashfloat4extended({c}, 0)",
    "double precision": "hashfloat8extended({c}, 0)",
    "numeric": "hash_numeric_extended({c}, 0)",
    "bpchar": "hashbpcharextended({c}, 0)",
    "interval": "interval_hash_extended({c}, 0)",
    "jsonb": "jsonb_hash_extended({c}, 0)",
    "numrange": "hash_range_extended({c}, 0)",
}
_COARSE = {"real", "double precision", "numeric", "bpchar", "interval", "jsonb", "numrange"}
# In an array, their images cannot be hashed on both sides.
_NOT_IN_ARRAYS = _COARSE | {
    "bigint",
    "int8range",
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
    "tsrange",
    "tstzrange",
    "xid8",
}


@dataclass(frozen=True)
class HashedColumn:
    """A column whose type has a hash on both sides."""

    name: str
    expression: str
    """Hash of the image, with {c} for the column."""
    equality: str
    """Hash that is the same for equal values."""

    def hash(self, alias: str) -> str:
        """Return the SQL expression of the image's hash, a bigint, null if the column is null.

        Args:
            alias: the table's alias.
        """
        return self.expression.format(c=f"{alias}.{ident(self.name)}")

    @property
    def key_hash(self) -> str:
        """The SQL expression of a hash that is the same for equal values."""
        return self.equality.format(c=ident(self.name))


def hashed_columns(columns: Mapping[str, Column]) -> list[HashedColumn]:
    """Return the columns that can be hashed on both sides.

    Args:
        columns: description by name, in the order of the table.

    Returns:
        Those whose image has a hash. Enumerations, json, xml, point and the like have none, and
        neither does text whose collation treats different values as equal.
    """
    return [
        HashedColumn(name, expression, _equality(column) or expression)
        for name, column in columns.items()
        if (expression := _expression(column))
    ]


def _expression(column: Column) -> str | None:
    if column.source_type or column.is_nondeterministic:
        return None
    type_, bracket, _ = column.type.partition("[]")
    base = base_type(type_)
    is_fixed = base != type_ and base in _BY_TYPE_WITH_MODIFIER
    expression = _BY_TYPE_WITH_MODIFIER[base] if is_fixed else _BY_TYPE.get(base)
    if expression and bracket:
        return _OF_ARRAYS if base not in _NOT_IN_ARRAYS else None
    return expression


def _equality(column: Column) -> str | None:
    """Return the hash that determines the bucket of a key column, if its image is finer."""
    type_, bracket, _ = column.type.partition("[]")
    return "hash_array_extended({c}, 0)" if bracket else _BY_EQUALITY.get(base_type(type_))


def is_equal_in_several_forms(column: Column) -> bool:
    """Say whether values of a column can be equal and look different, as 1.0 and 1.00 do.

    Args:
        column: as in the contract.
    """
    type_ = column.type.partition("[]")[0]
    is_fixed = base_type(type_) != type_ and base_type(type_) in _BY_TYPE_WITH_MODIFIER
    return base_type(type_) in _COARSE and not is_fixed


def base_type(type_: str) -> str:
    """Strip the modifier: ``timestamp(3) with time zone`` is ``timestamp with time zone``.

    Args:
        type_: a type as ``format_type`` writes it.
    """
    before, bracket, rest = type_.partition("(")
    return f"{before.strip()}{rest.partition(')')[2]}" if bracket else type_
