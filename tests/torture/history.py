"""What happened, in order, so that a failure can be understood."""

import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

Key = tuple[str, int]
"""A row: its table and its id."""


@dataclass(frozen=True)
class Event:
    """Something that one of the actors did, and the rows that it touched."""

    seconds: float
    actor: str
    what: str
    keys: frozenset[Key]

    def __str__(self) -> str:
        touched = " ".join(f"{table}:{number}" for table, number in sorted(self.keys))
        return f"{self.seconds:9.3f}  {self.actor:<12} {self.what}  {touched}".rstrip()


@dataclass
class History:
    """All events since the beginning, and how often each thing happened."""

    tally: Counter[str] = field(default_factory=Counter)
    events: list[Event] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def add(self, actor: str, what: str, keys: Iterable[Key] = ()) -> None:
        """Write down an event; threads may do so at the same time."""
        seconds = time.monotonic() - self._began
        self.events.append(Event(seconds, actor, what, frozenset(keys)))

    def text(self, since: int = 0, keys: Collection[Key] | None = None) -> str:
        """Tell what happened, a line an event.

        Args:
            since: Number of the first event.
            keys: Rows of interest; events that touched only others are left out. None: all events.
        """
        told = [
            event
            for event in self.events[since:]
            if keys is None or not event.keys or event.keys & set(keys)
        ]
        return "\n".join(map(str, told))


class TortureError(AssertionError):
    """The warehouse broke a promise.

    Args:
        promise: What should have been.
        evidence: Lines that show that it was not: differing rows, runs of the log.
        keys: Rows whose history is of interest.
    """

    def __init__(
        self, promise: str, evidence: Iterable[object], keys: Collection[Key] = ()
    ) -> None:
        self.keys = keys
        super().__init__("\n".join([promise, *(f"    {line}" for line in evidence)]))
