"""The one exception that is shown to a person without a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

_TRANSACTION_TIMEOUT = "25P04"
_ASKS_SOURCE = re.compile(r"function (\S+?)\.(?:require_session|read_fence|find_drift)\(")


class FdwarehouseError(Exception):
    """Something a person can act on: what happened, on which object, and what to do.

    Args:
        message: What happened, on which object.
        hint: The way out, or None.
        exit_code: Exit status of the command: 2 for wrong usage or configuration, 1 for a failed
            run or check.
        parts: Of several errors that are told at once, each.
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
    """Errors that are found one after the other and told at once."""

    def __init__(self) -> None:
        self._found: list[FdwarehouseError] = []

    def add(self, error: FdwarehouseError) -> None:
        """Take an error; several that were told at once are taken one by one."""
        self._found += error.parts or [error]

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Take the error that the block ends with, and go on after it."""
        try:
            yield
        except FdwarehouseError as error:
            self.add(error)

    def raise_found(self) -> None:
        """Raise what was found, if anything was.

        Raises:
            FdwarehouseError: the error; where there are several, one with all of them.
        """
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            told = (
                f"\n{error.message}" + (f"\n    {error.hint}" if error.hint else "")
                for error in self._found
            )
            raise FdwarehouseError(
                f"{len(self._found)} things are wrong:{''.join(told)}",
                hint="All that could be found so far is above.",
                exit_code=max(error.exit_code for error in self._found),
                parts=self._found,
            )


def database_error(error: psycopg.Error) -> FdwarehouseError:
    """Say what the database said: message, detail and hint.

    Args:
        error: of a statement.
    """
    if error.sqlstate == _TRANSACTION_TIMEOUT:
        return _time_limit(error.diag.context or "")
    message = error.diag.message_primary or str(error).strip()
    detail = f"\n{error.diag.message_detail}" if error.diag.message_detail else ""
    return FdwarehouseError(message + detail, hint=error.diag.message_hint, exit_code=1)


def _time_limit(context: str) -> FdwarehouseError:
    """Say which limit it was: the server ends the session, and tells no more than where it was."""
    if asked := _ASKS_SOURCE.search(context):
        return FdwarehouseError(
            f"source {asked[1]} has not answered within timeouts.source",
            hint="Is its server at work, and not stopped? warehouse.yaml says how long it may "
            "take. The next run carries on.",
            exit_code=1,
        )
    return FdwarehouseError(
        "a step took longer than timeouts.step",
        hint="warehouse.yaml says how long it may take. Nothing of the step was kept; the next run "
        "carries on.",
        exit_code=1,
    )
