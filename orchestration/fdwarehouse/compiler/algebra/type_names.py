"""Names of types as usually written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fdwarehouse.identifiers import ident

_WRITTEN = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "float4": "real",
    "float8": "double precision",
    "bpchar": "char",
}
"""The parser's name of a type: its usual name."""
_OF_THE_GRAMMAR = ("numeric", "time", "timestamp", "interval")
"""Keywords that need no quotes as names of types."""


def type_name(names: Sequence[str]) -> str:
    """Write the name of a type.

    Args:
        names: as parsed: perhaps a schema, and the name.
    """
    own = names[1:] if names[0] == "pg_catalog" else names
    if len(own) > 1:
        return ".".join(ident(name) for name in own)
    (name,) = own
    if name in _WRITTEN:
        return _WRITTEN[name]
    is_plain = names[0] == "pg_catalog" or name in _OF_THE_GRAMMAR
    return name if is_plain else ident(name)


def without_length(name: str) -> str:
    """Write a type without its length: a cast to it keeps the whole value.

    Args:
        name: as `format_type` writes it.
    """
    bare = re.sub(r"\(.*?\)", "", name)
    return "bpchar" if bare == "character" else bare
