"""The writes that production has acknowledged to honest writers.

Every honest write stores a new number in a column of the row. So a row in the warehouse shows which
write it has, and the ledger whether that one is outdated, or was never committed.
"""

from collections.abc import Iterable, Mapping
from itertools import count
from threading import Lock

from tests.torture.history import Key

# The column of a table with the number of its last write: how it is written, and how it is read in
# production and in silver. Rounding and cleaning do not change it.
WRITTEN = {
    "customers": "' honest ' || {number} || ' '",
    "products": "{number}",
    # every second order is in the future, so that it moves with each version of its customer
    "orders": (
        "timestamp '2020-01-01' + {number} % 2 * interval '11 years' "
        "+ {number} * interval '1 minute'"
    ),
    "order_items": "{number}",
}
READ = {
    "customers": "regexp_replace(full_name, '\\D', '', 'g')::integer",
    "products": "price::integer",
    "orders": (
        "(extract(EPOCH FROM order_date - CASE WHEN order_date < '2031-01-01' "
        "THEN timestamp '2020-01-01' ELSE '2031-01-01' END) / 60)::integer"
    ),
    "order_items": "quantity",
}

Write = tuple[Key, int]
"""A row, and the number that was written into it."""


class Ledger:
    """The writes that were acknowledged, and those that never became visible."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._lock = Lock()
        self._acknowledged: dict[Key, int] = {}
        self._undone: set[int] = set()

    def next_number(self) -> int:
        """Return a number for a write; those of one row increase."""
        return next(self._numbers)

    def acknowledge(self, writes: Iterable[Write]) -> None:
        """Record the writes of a COMMIT that has returned."""
        with self._lock:
            last = dict(writes)
            self._acknowledged |= last
            self._undone |= {number for key, number in writes if last[key] != number}

    def undo(self, writes: Iterable[Write]) -> None:
        """Record the writes that were rolled back."""
        with self._lock:
            self._undone |= {number for _, number in writes}

    def acknowledged(self) -> dict[Key, int]:
        """Return the last acknowledged write of each row, as of now."""
        with self._lock:
            return dict(self._acknowledged)

    def broken_by(self, owed: Mapping[Key, int], shown: Mapping[Key, int]) -> dict[Key, str]:
        """Describe the wrong rows of the warehouse.

        Args:
            owed: The writes that were acknowledged before the run began.
            shown: The number in each row after the run.
        """
        late = {
            key: f"shows write {shown.get(key)}, but {number} was acknowledged before the run began"
            for key, number in owed.items()
            if shown.get(key, 0) < number
        }
        with self._lock:
            phantoms = {
                key: f"shows write {number}, which was rolled back"
                for key, number in shown.items()
                if number in self._undone
            }
        return late | phantoms
