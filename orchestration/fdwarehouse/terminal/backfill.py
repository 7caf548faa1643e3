"""How far a backfill has come, and how it ended, in words."""

from __future__ import annotations

from fdwarehouse.database.backfilling import Backfill, Progress
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.terminal.console import counted, duration, number, say


def chunks_loaded(progress: Progress) -> str:
    """Tell in one line how far it has come, and how long the rest takes.

    Args:
        progress: as it is now.
    """
    told = f"{number(progress.chunks_loaded)} of {counted(progress.chunks, 'chunk')} loaded"
    if progress.seconds_left is not None:
        told += f", {number(progress.rows_loaded)} rows"
    if progress.seconds_left:
        told += f", about {duration(progress.seconds_left)} left"
    return told


def show_backfill(outcome: Backfill) -> None:
    """Show how it ended.

    Args:
        outcome: of all its sessions.

    Raises:
        FdwarehouseError: something is not loaded.
    """
    progress = outcome.progress
    if outcome.was_cancelled:
        raise FdwarehouseError(
            f"the backfill was cancelled after {duration(outcome.seconds)}",
            hint=_go_on(progress),
            exit_code=130,
        )
    if outcome.errors and not (progress and progress.status == "succeeded"):
        error = database_error(outcome.errors[0])
        raise FdwarehouseError(
            error.message,
            hint=f"{error.hint or ''} {_go_on(progress)}".strip(),
            exit_code=error.exit_code,
        )
    told = f"backfill succeeded in {duration(outcome.seconds)}"
    if progress is None:
        say(told, "bold green")
    elif outcome.before == progress:
        say("Every table has been loaded before: there is nothing to load.")
    else:
        rows, chunks = counted(progress.rows_loaded, "row"), counted(progress.chunks, "chunk")
        say(f"{told}: {rows} in {chunks}", "bold green")
        say("`fdwarehouse run` takes up what has changed since it began, and builds the rest.")


def _go_on(progress: Progress | None) -> str:
    loaded = f" ({chunks_loaded(progress).partition(',')[0]})" if progress else ""
    return f"What was loaded stays{loaded}: `fdwarehouse backfill` goes on with the rest."
