"""The one exception that is shown to a person without a traceback."""

from __future__ import annotations

import psycopg


class FdwarehouseError(Exception):
    """Something a person can act on: what happened, on which object, and what to do.

    Args:
        message: What happened, on which object.
        hint: The way out, or None.
        exit_code: Exit status of the command: 2 for wrong usage or configuration, 1 for a failed
            run or check.
    """

    def __init__(self, message: str, *, hint: str | None = None, exit_code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


def database_error(error: psycopg.Error) -> FdwarehouseError:
    """Say what the database said: message, detail and hint.

    Args:
        error: of a statement.
    """
    message = error.diag.message_primary or str(error).strip()
    detail = f"\n{error.diag.message_detail}" if error.diag.message_detail else ""
    return FdwarehouseError(message + detail, hint=error.diag.message_hint, exit_code=1)
