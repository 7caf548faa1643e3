"""Types of which equal values look alike; of others they need not, as 1.0 and 1.00."""

from __future__ import annotations

import re

_LOOK_ALIKE = re.compile(
    r'^(boolean|smallint|integer|bigint|oid|uuid|date|text|name|bytea|"char"|money|inet|cidr'
    r"|character varying(\(\d+\))?|numeric\(\d+,-?\d+\)|timestamp(\(\d\))? with(out)? time zone"
    r"|time(\(\d\))? with(out)? time zone)$"
)


def look_alike(kind: str) -> bool:
    """Say whether equal values of a type look alike; of a type that is not known they do not.

    Args:
        kind: the type, as `format_type` prints it.
    """
    return bool(_LOOK_ALIKE.match(kind))
