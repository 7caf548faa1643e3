"""What arguments and options complete to, in a shell with `fdwarehouse --install-completion`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from fdwarehouse.project.completion import Names


def convert_nothing() -> None:
    """Let typer take values as they are typed, when the shell asks for a completion.

    To convert one, it imports pydantic, which takes longer than all the rest. Other versions of
    typer complete without this, only slower.
    """
    from typer import core

    class AsTyped:
        def coerce(self, value: object, **_: object) -> object:
            return value

    parameter = getattr(core, "_TyperParameter", None)
    if hasattr(parameter, "get_runtime_param"):
        setattr(parameter, "get_runtime_param", lambda _: AsTyped())  # noqa: B010


def _completed(
    context: typer.Context, incomplete: str, names: Callable[[Names], Iterable[str]]
) -> list[str]:
    """Return the names that begin so; none if the project cannot be read."""
    from fdwarehouse.project.completion import Names

    given = context.find_root().params.get("project")
    try:
        found = [*names(Names(Path(given) if given else None))]
    except Exception:  # noqa: BLE001 - after a Tab, nothing is better than an error
        return []
    return [name for name in found if name.startswith(incomplete)]


def tables(context: typer.Context, incomplete: str) -> list[str]:
    """Complete a table of silver or gold."""
    return _completed(
        context, incomplete, lambda n: (t for t in n.tables if not t.startswith("bronze."))
    )


def all_tables(context: typer.Context, incomplete: str) -> list[str]:
    """Complete a table of any layer."""
    return _completed(context, incomplete, lambda n: n.tables)


def tables_of_gold(context: typer.Context, incomplete: str) -> list[str]:
    """Complete a table of gold."""
    return _completed(context, incomplete, lambda n: (t for t in n.tables if t.startswith("gold.")))


def source_tables(context: typer.Context, incomplete: str) -> list[str]:
    """Complete a table of a source."""
    return _completed(context, incomplete, lambda n: n.source_tables)


def sources(context: typer.Context, incomplete: str) -> list[str]:
    """Complete a source."""
    return _completed(context, incomplete, lambda n: n.sources)


def unit_tests(context: typer.Context, incomplete: str) -> list[str]:
    """Complete a unit test."""
    return _completed(context, incomplete, lambda n: n.unit_tests)


def terms(context: typer.Context, incomplete: str) -> list[str]:
    """Complete the last term of a selection: `silver,+gold.fa`."""
    begun = re.match(r"(.*[, ])?\+?", incomplete)
    before = begun[0] if begun else ""
    has_checks = context.info_name == "check"

    def names(n: Names) -> Iterable[str]:
        found = [*n.terms, *n.checks] if has_checks else n.terms
        # Without a schema, too: fact_sales.
        return [*found, *(t.partition(".")[2] for t in n.tables)]

    rest = incomplete[len(before) :]
    return [f"{before}{name}" for name in dict.fromkeys(_completed(context, rest, names))]
