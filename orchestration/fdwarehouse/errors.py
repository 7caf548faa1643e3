"""The one exception that is shown to a user without a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

CANCELLED = 130
"""Exit code of a command that somebody has stopped."""
_TRANSACTION_TIMEOUT = "25P04"
_ASKS_SOURCE = re.compile(r"function (\S+?)\.(?:require_session|read_fence|find_drift)\(")


class FdwarehouseError(Exception):
    """An error that the user can act on: what happened, on which object, and what to do.

    Args:
        message: What happened, on which object.
        hint: What to do, or None.
        exit_code: Exit status of the command: 2 for wrong usage or configuration, 1 for a failed
            run or check.
        parts: The single errors, where this one reports several.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        exit_code: int = 2,
        parts: Sequence[FdwarehouseError] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.parts = parts


class Problems:
    """Errors that are found one after the other and reported together."""

    def __init__(self) -> None:
        self._found: list[FdwarehouseError] = []

    def add(self, error: FdwarehouseError) -> None:
        """Add an error, or the parts of one that reports several."""
        self._found += error.parts or [error]

    def __iter__(self) -> Iterator[FdwarehouseError]:
        """Iterate over the errors that were found."""
        return iter(self._found)

    def add_all(self, others: Problems) -> None:
        """Add the errors that another one has collected."""
        self._found += others._found

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Catch the error that the block raises, and continue after the block."""
        try:
            yield
        except FdwarehouseError as error:
            self.add(error)

    def raise_found(self) -> None:
        """Raise what was found, if anything.

        Raises:
            FdwarehouseError: the error; if there are several, one that reports all of them.
        """
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            lines = (
                f"\n{error.message}" + (f"\n    {error.hint}" if error.hint else "")
                for error in self._found
            )
            raise FdwarehouseError(
                f"{len(self._found)} problems:{''.join(lines)}",
                hint="There may be more: some are found only after these are fixed.",
                exit_code=max(error.exit_code for error in self._found),
                parts=self._found,
            )


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return what a misspelled name may mean; None if nothing is close.

    Args:
        name: as a person wrote it.
        known: the names that there are.
    """
    return next(iter(get_close_matches(name, list(known), 1)), None)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Suggest what a misspelled name may mean: `; orders?`, or nothing.

    Args:
        name: as a person wrote it.
        known: the names that there are.
    """
    meant = closest(name, known)
    return f"; {meant}?" if meant else ""


def database_error(error: psycopg.Error) -> FdwarehouseError:
    """Turn an error of the database into one with its message, detail and hint.

    Args:
        error: of a statement.
    """
    if error.sqlstate == _TRANSACTION_TIMEOUT:
        return _time_limit(error.diag.context or "")
    message = error.diag.message_primary or str(error).strip()
    detail = f"\n{error.diag.message_detail}" if error.diag.message_detail else ""
    return FdwarehouseError(message + detail, hint=error.diag.message_hint, exit_code=1)


def _time_limit(context: str) -> FdwarehouseError:
    """Name the limit that was exceeded. The server reports only where the session was."""
    if asked := _ASKS_SOURCE.search(context):
        return FdwarehouseError(
            f"source {asked[1]} did not respond within timeouts.source",
            hint="Check that its server is running. The limit is set in warehouse.yaml. The next "
            "run continues.",
            exit_code=1,
        )
    return FdwarehouseError(
        "a step took longer than timeouts.step",
        hint="The limit is set in warehouse.yaml. The step was rolled back; the next run "
        "continues.",
        exit_code=1,
    )
