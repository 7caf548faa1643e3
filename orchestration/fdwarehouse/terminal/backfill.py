"""The progress and the result of a backfill, as text."""

from __future__ import annotations

from fdwarehouse.database.backfilling import Backfill, Progress
from fdwarehouse.errors import CANCELLED, FdwarehouseError, database_error
from fdwarehouse.terminal.console import counted, duration, number, out, say, warn
from fdwarehouse.terminal.outcomes import failure_line


def chunks_loaded(progress: Progress) -> str:
    """Describe the progress and the time left in one line.

    Args:
        progress: of the backfill.
    """
    line = f"{number(progress.chunks_loaded)} of {counted(progress.chunks, 'chunk')} loaded"
    if progress.seconds_left is not None:
        line += f", {number(progress.rows_loaded)} rows"
    if progress.seconds_left:
        line += f", about {duration(progress.seconds_left)} left"
    return line


def show_backfill(outcome: Backfill) -> None:
    """Show how the backfill ended.

    Args:
        outcome: of all its sessions.

    Raises:
        FdwarehouseError: something is not loaded.
    """
    progress = outcome.progress
    if outcome.was_cancelled:
        raise FdwarehouseError(
            f"the backfill was cancelled after {duration(outcome.seconds)}",
            hint=_resume_hint(progress),
            exit_code=CANCELLED,
        )
    if outcome.cause and not (progress and progress.status == "succeeded"):
        error = database_error(outcome.cause)
        line = failure_line("backfill", "failed", outcome.seconds, outcome.cause)
        say(line.partition(":")[0] if out.is_terminal else line, "bold red")
        raise FdwarehouseError(
            error.message,
            hint=f"{error.hint or ''} {_resume_hint(progress)}".strip(),
            exit_code=error.exit_code,
        )
    for view in outcome.unfilled:
        warn(f"{view}. REFRESH MATERIALIZED VIEW fills it in production; the next run reads it.")
    line = f"backfill succeeded in {duration(outcome.seconds)}"
    if progress is None:
        say(line, "bold green")
    elif outcome.before == progress:
        say("Every table is loaded already: there is nothing to do.")
    else:
        rows, chunks = counted(progress.rows_loaded, "row"), counted(progress.chunks, "chunk")
        say(f"{line}: {rows} in {chunks}", "bold green")
        say("`fdwarehouse run` extracts what has changed since, and builds silver and gold.")


def _resume_hint(progress: Progress | None) -> str:
    loaded = f" ({chunks_loaded(progress).partition(',')[0]})" if progress else ""
    return f"Loaded chunks are kept{loaded}; `fdwarehouse backfill` loads the rest."
