"""Quoting of SQL identifiers and literals for text that people read."""

from __future__ import annotations

import re
from itertools import chain, count
from urllib.parse import quote

# Reserved, or usable only as a function or type: https://www.postgresql.org/docs/18/sql-keywords-appendix.html
_RESERVED_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check
    collate collation column concurrently constraint create cross current_catalog current_date
    current_role current_schema current_time current_timestamp current_user default deferrable desc
    distinct do else end except false fetch for foreign freeze from full grant group having ilike in
    initially inner intersect into is isnull join lateral leading left like limit localtime
    localtimestamp natural not notnull null offset on only or order outer overlaps placing primary
    references returning right select session_user similar some symmetric system_user table
    tablesample then to trailing true union unique user using variadic verbose when where window
    with between bigint bit boolean char character coalesce dec decimal exists extract float
    greatest grouping inout int integer interval json json_array json_arrayagg json_exists
    json_object json_objectagg json_query json_scalar json_serialize json_table json_value least
    merge_action national nchar none normalize nullif numeric out overlay position precision real
    row setof smallint substring time timestamp treat trim values varchar xmlattributes xmlconcat
    xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
"""
RESERVED = frozenset(_RESERVED_WORDS.split())

MAX_NAME_LENGTH = 63
"""In bytes; PostgreSQL truncates longer names."""
MAX_PARTITIONED_NAME_LENGTH = MAX_NAME_LENGTH - len("_p20240101")
"""A partition by date is named after its table and its first day."""


def ident(name: str) -> str:
    """Quote an SQL identifier only where needed, so that the SQL reads as if written by hand.

    Args:
        name: the name as the catalogue has it.
    """
    if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in RESERVED:
        return name
    quoted = name.replace('"', '""')
    if name.isprintable():
        return f'"{quoted}"'
    # Keep it on one line: a comment ends with its line, and templates indent lines.
    return 'U&"' + _escaped(quoted.replace("\\", r"\\"), r"\{:04X}", r"\+{:06X}") + '"'


def literal(value: str | None) -> str:
    """Quote an SQL string literal; ``None`` is NULL."""
    if value is None:
        return "NULL"
    quoted = value.replace("'", "''")
    if "\\" not in value and "$" not in value and value.isprintable():
        return f"'{quoted}'"
    # A dollar sign could end the body that contains the literal.
    escaped = quoted.replace("\\", "\\\\").replace("$", "\\x24")
    return "E'" + _escaped(escaped, r"\u{:04x}", r"\U{:08x}") + "'"


def _escaped(text: str, escape: str, long_escape: str) -> str:
    """Escape characters that cannot be printed, such as line breaks."""
    return "".join(
        c if c.isprintable() else (escape if ord(c) < 0x10000 else long_escape).format(ord(c))
        for c in text
    )


def unused_tag(tag: str, text: str) -> str:
    """Return a dollar quote that does not occur in a text.

    Args:
        tag: what is between the dollar signs; a number is appended if needed.
        text: the text to quote.
    """
    return next(q for n in chain([""], count(2)) if (q := f"${tag}{n}$") not in text)


def qualified(schema: str, name: str) -> str:
    """Return the schema-qualified name of an object, quoted where needed.

    Args:
        schema: name of the schema.
        name: name of the object.
    """
    return f"{ident(schema)}.{ident(name)}"


def unqualified(qualified_name: str) -> str:
    """Return the name of an object as the catalogue has it, without its schema.

    Args:
        qualified_name: the object, as ``qualified`` returns it, printable.
    """
    name = re.sub(r'^(?:"(?:[^"]|"")*"|[^".]+)\.', "", qualified_name)
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def shortened(name: str, suffix: str = "", length: int = MAX_NAME_LENGTH) -> str:
    """Shorten a name to the bytes that PostgreSQL keeps, or to fewer, including the suffix.

    Args:
        name: the name.
        suffix: the end of the shortened name.
        length: how many bytes it may have.
    """
    room = length - len(suffix.encode())
    return name.encode()[:room].decode(errors="ignore") + suffix


def file_name(qualified_name: str) -> str:
    """Name the file of an object, percent-encoding what a file system may not allow.

    Args:
        qualified_name: the object, as ``qualified`` returns it.
    """
    plain = re.sub(r'"((?:[^"]|"")*)"', lambda quoted: quoted[1].replace('""', '"'), qualified_name)
    return f"{quote(plain, safe='')}.sql"
