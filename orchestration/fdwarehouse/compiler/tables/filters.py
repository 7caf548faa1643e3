"""Filters of the templates that write tables: lists of columns, bodies of functions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from textwrap import dedent

import jinja2

from fdwarehouse.compiler.algebra.layout import flat, selected, wrapped
from fdwarehouse.identifiers import ident, unused_tag


def add_filters(environment: jinja2.Environment) -> None:
    """Give an environment the filters that templates of tables use."""
    environment.filters.update(filled=filled, lined=lined, dollar_quoted=dollar_quoted)
    environment.filters.update(wrapped=wrapped, prefixed=prefixed, flat=flat)
    environment.filters.update(selected=partial(selected, width=92), dedented=dedented)


def prefixed(names: Sequence[str], alias: str) -> list[str]:
    """Write columns with the alias of their table; without one where it is empty."""
    return [f"{alias}.{ident(n)}" if alias else ident(n) for n in names]


def lined(names: Sequence[str], alias: str = "") -> str:
    """List columns, one on a line; the arguments are those of `filled`."""
    return ",\n".join(prefixed(names, alias))


def filled(names: Sequence[str], alias: str = "", width: int = 80) -> str:
    """List columns, as many on a line as have room.

    Args:
        names: of the columns.
        alias: of their table; none where there is one alone.
        width: how many characters a line has room for.
    """
    return wrapped(prefixed(names, alias), width)


def dedented(body: str) -> str:
    """Take out what all lines are indented by, and empty lines around them."""
    return dedent(body).strip("\n")


def dollar_quoted(body: str) -> str:
    """Write the body of a function."""
    tag = unused_tag("body", body)
    return f"{tag}\n{body}\n{tag}"
