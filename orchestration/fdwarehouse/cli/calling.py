"""What the commands share that CALL a procedure: they show its steps and its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from fdwarehouse.cli.context import connections_of
from fdwarehouse.cli.selecting import NOTHING_SELECTED
from fdwarehouse.terminal.console import note, say

if TYPE_CHECKING:
    from fdwarehouse.database.running import Outcome

AsJsonLines = Annotated[
    bool,
    typer.Option("--json", help="For machines: one JSON object per line, the last is the run."),
]


def call_and_show(
    context: typer.Context,
    what: str,
    statement: str,
    parameters: Sequence[object],
    *,
    layers: Sequence[str] = (),
    as_json: bool = False,
    may_skip: bool = False,
) -> Outcome:
    """CALL a procedure, show its steps as they end, then its checks and its end.

    Args:
        context: of the command.
        what: what to call the run: ``run``, ``rebuild``.
        statement: the CALL.
        parameters: its arguments.
        layers: whose tables are shown as pending before their steps are planned.
        as_json: whether a machine reads stdout.
        may_skip: whether it is no error that another run or a deploy is in progress.

    Raises:
        FdwarehouseError: it has failed.
    """
    from fdwarehouse.database.repeating import reason_to_skip
    from fdwarehouse.database.running import call
    from fdwarehouse.terminal.json_lines import write_line, write_outcome, write_step
    from fdwarehouse.terminal.live import LiveSteps
    from fdwarehouse.terminal.outcomes import show_outcome

    with LiveSteps(write_step if as_json else None) as display:
        outcome = call(
            connections_of(context).warehouse(),
            statement,
            parameters,
            layers=layers,
            on_progress=display,
        )
    reason = reason_to_skip(outcome) if may_skip else None
    if reason is not None:
        if as_json:
            write_line("skipped", reason=reason)
        else:
            say(f"skipped: {reason}", "yellow")
        return outcome
    (write_outcome if as_json else show_outcome)(outcome, what)
    return outcome


def say_nothing_selected(*, as_json: bool) -> None:
    """Say that nothing is selected; stdout stays empty if a machine reads it.

    Args:
        as_json: whether a machine reads stdout.
    """
    (note if as_json else say)(NOTHING_SELECTED)
