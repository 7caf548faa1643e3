"""The sessions of the command in a database."""

from __future__ import annotations

from contextlib import closing
from types import TracebackType

import psycopg


class Session(psycopg.Connection):
    """A connection that is closed at the end of its block, even if the commit fails."""

    schema_prefix: str = ""
    """Of the schemas that it means, if they are beside the main deployment."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Commit, or roll back if the block failed, and close."""
        with closing(self):
            super().__exit__(exc_type, exc_val, exc_tb)
