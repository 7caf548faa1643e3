"""Decides which failed tasks Airflow retries, as the `retry_policy` of a task.

A permanent failure, such as a failed check, ends the run of the warehouse immediately. While tasks
wait for their retries, the run stays open, and the warehouse rejects other runs (DW001).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

# A lost connection (08), a serialization failure or a deadlock (40), a server that shuts down or
# terminated the session (57P), too many connections (53300), a lock timeout (55P03), a run in
# progress (DW001), a deploy under way (DW006), a table that production rewrites (DW018).
TRANSIENT = re.compile("08...|40...|57P..|53300|55P03|DW001|DW006|DW018")


class RetryTransientErrors(RetryPolicy):
    """Retries transient errors of PostgreSQL; permanent errors fail immediately.

    Reads the SQLSTATE of exceptions of psycopg 2 and psycopg 3. An error without one is a refused
    or lost connection, or not an error of the database: the retries of the task decide.
    """

    def evaluate(self, exception: BaseException, *_: Any, **__: Any) -> RetryDecision:
        """Decide whether a failed task is retried.

        Args:
            exception: The error of the task. The number of attempts does not matter here.
        """
        for state in _sqlstates(exception):
            if TRANSIENT.fullmatch(state):
                return RetryDecision.retry(reason=f"SQLSTATE {state} is transient")
            return RetryDecision.fail(reason=f"SQLSTATE {state} is permanent")
        return RetryDecision.default()


def _sqlstates(exception: BaseException) -> Iterator[str]:
    """Yield the SQLSTATEs of an exception and of its causes."""
    seen: set[int] = set()
    found: BaseException | None = exception
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        for error in (found, getattr(found, "orig", None)):
            state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
            if isinstance(state, str):
                yield state
        found = found.__cause__ or found.__context__
