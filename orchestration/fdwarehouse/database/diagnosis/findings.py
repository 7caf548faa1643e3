"""A finding, and the report that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import psycopg

from fdwarehouse.errors import FdwarehouseError, database_error

Facts = TypeVar("Facts")


class State(StrEnum):
    """How serious a finding is."""

    ok = "ok"
    warning = "warning"
    error = "error"
    unknown = "unknown"


@dataclass(frozen=True)
class Finding:
    """What was found about one object."""

    check: str
    """What was looked at: ``tls``, ``row_security``."""
    state: State
    object: str
    """The warehouse, a source, or a table of it: ``production.orders``."""
    message: str
    hint: str | None = None
    """The way out."""

    @classmethod
    def of_error(cls, check: str, name: str, error: FdwarehouseError) -> Finding:
        """Make a finding of an error that a command would stop with."""
        return cls(check, State.error, name, error.message, error.hint)


def ok(check: str, name: str, message: str) -> Finding:
    """Report that nothing is wrong."""
    return Finding(check, State.ok, name, message)


def warning(check: str, name: str, message: str, hint: str | None = None) -> Finding:
    """Report what is slow, uncertain or will fail in some cases."""
    return Finding(check, State.warning, name, message, hint)


def failure(check: str, name: str, message: str, hint: str | None = None) -> Finding:
    """Report what a deploy or a run stops with."""
    return Finding(check, State.error, name, message, hint)


def unknown(check: str, name: str, message: str, hint: str | None = None) -> Finding:
    """Report what could not be looked at."""
    return Finding(check, State.unknown, name, message, hint)


def examine(
    check: str, name: str, examiner: Callable[[Facts], Iterable[Finding]], facts: Facts
) -> Iterator[Finding]:
    """Yield what an examiner finds; what it cannot read becomes a finding too.

    Args:
        check: named if it fails.
        name: the object.
        examiner: yields findings.
        facts: its argument.
    """
    try:
        yield from examiner(facts)
    except FdwarehouseError as error:
        yield unknown(check, name, error.message, error.hint)
    except psycopg.Error as error:
        told = database_error(error)
        yield unknown(check, name, f"it cannot be looked at: {told.message}", told.hint)
