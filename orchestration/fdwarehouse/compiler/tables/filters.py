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
    """Write columns with the alias of their table, unless it is empty."""
    return [f"{alias}.{ident(n)}" if alias else ident(n) for n in names]


def lined(names: Sequence[str], alias: str = "") -> str:
    """List columns, one per line; the arguments are those of `filled`."""
    return ",\n".join(prefixed(names, alias))


def filled(names: Sequence[str], alias: str = "", width: int = 80) -> str:
    """List columns, as many per line as fit.

    Args:
        names: of the columns.
        alias: of their table; empty if there is only one.
        width: characters per line.
    """
    return wrapped(prefixed(names, alias), width)


def dedented(body: str) -> str:
    """Remove the common indentation, and empty lines at the start and the end."""
    return dedent(body).strip("\n")


def dollar_quoted(body: str) -> str:
    """Quote the body of a function."""
    tag = unused_tag("body", body)
    return f"{tag}\n{body}\n{tag}"
