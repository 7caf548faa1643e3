"""What is shown during a long command: the steps of a run, the statements of a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from fdwarehouse.database.running import Step
from fdwarehouse.terminal.console import err, out, say
from fdwarehouse.terminal.outcomes import step_line, steps_table


class LiveSteps:
    """Shows the steps of a run as it proceeds: a table on a terminal, else one line per step.

    Args:
        write: writes a step that has ended; None: a table on a terminal, else a line of text.
    """

    def __init__(self, write: Callable[[Step], None] | None = None) -> None:
        self._is_table = write is None and out.is_terminal
        self._write = write or (lambda step: say(step_line(step)))
        self._live = Live(console=out.console, auto_refresh=False, transient=True)
        self._said: set[str] = set()
        self._spans: dict[str, tuple[float, float]] = {}

    def __enter__(self) -> Self:
        if self._is_table:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def __call__(self, steps: Sequence[Step]) -> None:
        """Show the steps as they are now."""
        if self._is_table:
            self._live.update(steps_table([self._timed(step) for step in steps]), refresh=True)
            return
        for step in steps:
            if step.is_over and step.model not in self._said:
                self._said.add(step.model)
                self._write(step)

    def _timed(self, step: Step) -> Step:
        """Give a step whose times are not committed yet the time that it was seen running."""
        now = monotonic()
        if step.state == "running":
            self._spans[step.model] = (self._spans.get(step.model, (now, now))[0], now)
        began, ended = self._spans.get(step.model, (0.0, 0.0))
        return replace(step, seconds=ended - began) if step.seconds is None and ended else step


class ProgressBar:
    """Shows progress: a bar on a terminal, else one line per tenth, if asked for."""

    def __init__(self, *, says_tenths: bool = False) -> None:
        self._says_tenths = says_tenths and not err.is_terminal
        self._tenths = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=err.console,
            transient=True,
        )
        self._task = self._bar.add_task("")

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if err.is_terminal:
            self._bar.stop()

    def __call__(self, done: int, total: int, label: str) -> None:
        """Show what is being done, and how much is done."""
        self._bar.update(self._task, completed=done, total=total, description=label)
        tenths = 10 * done // total if total else 0
        if self._says_tenths and tenths > self._tenths:
            say(label)
        self._tenths = tenths
