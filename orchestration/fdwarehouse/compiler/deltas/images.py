"""Types whose equal values can look different: replacing one by the other is a change.

1.0 equals 1.00, and 1 month equals 30 days. A change log that compared by `=` would miss such a
change, and so would the tables downstream.
"""

from __future__ import annotations

import re

_ALIKE = re.compile(
    r"^(boolean|smallint|integer|bigint|numeric\(\d+,-?\d+\)|oid|uuid|bytea|text|name"
    r"|character varying(\(\d+\))?|date|time(\(\d\))? without time zone"
    r"|timestamp(\(\d\))? with(out)? time zone|inet|cidr|macaddr|macaddr8"
    r"|bit(\(\d+\))?|bit varying(\(\d+\))?"
    r"|int4range|int8range|daterange|tsrange|tstzrange)(\[\])*$"
)

_COMPARED = re.compile(
    r"^(numeric|real|double precision|interval|jsonb|bpchar|character\(\d+\))(\[\])*$"
)


def look_alike(kind: str, scale: int | None = None) -> bool:
    """Return whether equal values of a type always look the same.

    Args:
        kind: the type, as `format_type` prints it.
        scale: digits after the decimal point, if all values have the same.
    """
    return _ALIKE.match(kind) is not None or (kind == "numeric" and scale is not None)


def can_be_grouped(kind: str) -> bool:
    """Return whether a type is known to have the equality that GROUP BY needs, unlike json."""
    return look_alike(kind) or _COMPARED.match(kind) is not None
