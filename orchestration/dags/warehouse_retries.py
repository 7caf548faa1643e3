"""Which failed tasks are worth another try: airflow takes the answer from a task's `retry_policy`.

A failure that comes again the next time, a check that does not hold say, ends the run of the
warehouse at once. While tasks wait for their retries, the run stays open, and the warehouse refuses
everybody else's (DW001).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

# A connection was lost (08), a conflict or a deadlock ended a transaction (40), the server shuts
# down or ended the session (57P), it has no connection left (53300), somebody held a lock (55P03),
# a run is in progress (DW001), a deploy is under way (DW006), production rewrites a table (DW018).
TRANSIENT = re.compile("08...|40...|57P..|53300|55P03|DW001|DW006|DW018")


class RetryTransientErrors(RetryPolicy):
    """Tries again what PostgreSQL may do the next time; what it would refuse again fails at once.

    Every SQLSTATE counts, by psycopg 2's name for it and by psycopg 3's. An error without one is a
    connection that was refused or lost, or is not of the database: the task's retries decide.
    """

    def evaluate(self, exception: BaseException, *_: Any, **__: Any) -> RetryDecision:
        """Decide whether a task that has failed is tried again.

        Args:
            exception: What it has failed with; how often it was tried decides nothing here.
        """
        for state in _sqlstates(exception):
            if TRANSIENT.fullmatch(state):
                return RetryDecision.retry(reason=f"SQLSTATE {state} may not come again")
            return RetryDecision.fail(reason=f"SQLSTATE {state} would come again")
        return RetryDecision.default()


def _sqlstates(exception: BaseException) -> Iterator[str]:
    """Yield the SQLSTATE of an exception, or of those that it was made of."""
    seen: set[int] = set()
    found: BaseException | None = exception
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        for error in (found, getattr(found, "orig", None)):
            state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
            if isinstance(state, str):
                yield state
        found = found.__cause__ or found.__context__
