"""The history of events, to explain a failure."""

import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

Key = tuple[str, int]
"""A row: its table and its id."""


@dataclass(frozen=True)
class Event:
    """An action of one of the actors, and the affected rows."""

    seconds: float
    actor: str
    what: str
    keys: frozenset[Key]

    def __str__(self) -> str:
        touched = " ".join(f"{table}:{number}" for table, number in sorted(self.keys))
        return f"{self.seconds:9.3f}  {self.actor:<12} {self.what}  {touched}".rstrip()


@dataclass
class History:
    """All events since the beginning, and the number of each kind."""

    tally: Counter[str] = field(default_factory=Counter)
    events: list[Event] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def add(self, actor: str, what: str, keys: Iterable[Key] = ()) -> None:
        """Record an event; threads may do so concurrently."""
        seconds = time.monotonic() - self._began
        self.events.append(Event(seconds, actor, what, frozenset(keys)))

    def text(self, since: int = 0, keys: Collection[Key] | None = None) -> str:
        """Describe the events, one per line.

        Args:
            since: Number of the first event.
            keys: Rows of interest; events of only other rows are omitted. None: all events.
        """
        told = [
            event
            for event in self.events[since:]
            if keys is None or not event.keys or event.keys & set(keys)
        ]
        return "\n".join(map(str, told))


class TortureError(AssertionError):
    """The warehouse violated a guarantee.

    Args:
        promise: The guarantee.
        evidence: Lines that show the violation: differing rows, runs of the log.
        keys: Rows whose history is of interest.
    """

    def __init__(
        self, promise: str, evidence: Iterable[object], keys: Collection[Key] = ()
    ) -> None:
        self.keys = keys
        super().__init__("\n".join([promise, *(f"    {line}" for line in evidence)]))
