"""Shows the status again and again: in place on a terminal, else a line per change."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import sleep
from typing import Any

import psycopg
from rich.control import Control
from rich.text import Text

from fdwarehouse.database.running import sigterm_as_interrupt
from fdwarehouse.database.status_changes import Subjects, changes, subjects_of
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.terminal.console import STATES, counted, out, say
from fdwarehouse.terminal.json_lines import write_line
from fdwarehouse.terminal.repeating import moment
from fdwarehouse.terminal.status import show_status


def watch_status(read: Callable[[], dict[str, Any]], seconds: float, *, as_json: bool) -> None:
    """Show the status until Ctrl-C or SIGTERM.

    Args:
        read: reads it.
        seconds: between two looks.
        as_json: whether to write changes as JSON.

    Raises:
        FdwarehouseError: the first look failed. Later ones may: a server restarts.
    """
    last = read()
    is_shown_in_place = out.is_terminal and not as_json
    with sigterm_as_interrupt(), suppress(KeyboardInterrupt):
        show = _refresh if is_shown_in_place else _list_changes
        show(last, lambda: _try(read), seconds, as_json)
    if is_shown_in_place:
        show_status(read())


def _try(read: Callable[[], dict[str, Any]]) -> dict[str, Any] | str:
    """Return the status, or why it cannot be read."""
    try:
        return read()
    except FdwarehouseError as error:
        return error.message
    except psycopg.Error as error:
        return database_error(error).message


def _refresh(
    described: dict[str, Any] | str,
    read: Callable[[], dict[str, Any] | str],
    seconds: float,
    _as_json: bool,
) -> None:
    with out.console.screen() as screen:
        shown = Text()
        while True:
            note = f"{datetime.now().astimezone():%H:%M:%S}, every {seconds:g} s until Ctrl-C"
            if isinstance(described, str):
                head = Text(f"{note}: {described}", "red")
            else:
                head = Text(note, "dim")
                with out.console.capture() as captured:
                    show_status(described)
                shown = Text.from_ansi(captured.get(), no_wrap=True, overflow="crop")
            out.console.control(Control.home())
            screen.update(head, _cropped(shown, len(out.console.render_lines(head))))
            sleep(seconds)
            described = read()


def _cropped(shown: Text, used: int) -> Text:
    """Leave out the lines that do not fit on the screen, and say how many: problems come first."""
    lines = shown.split("\n")
    room = max(out.console.height - used, 1)
    if len(lines) <= room:
        return shown
    hidden = counted(len(lines) - room + 1, "more line")
    note = Text(f"{hidden}: `fdwarehouse status` shows all", "dim", no_wrap=True, overflow="crop")
    return Text("\n").join([*lines[: room - 1], note])


def _list_changes(
    described: dict[str, Any] | str,
    read: Callable[[], dict[str, Any] | str],
    seconds: float,
    as_json: bool,
) -> None:
    before: Subjects | None = None
    trouble = ""
    while True:
        if isinstance(described, str):
            if described != trouble:
                _say_change("warehouse", "unreadable", described, as_json)
            trouble = described
        else:
            if trouble:
                _say_change("warehouse", "readable", "", as_json)
            trouble = ""
            now = subjects_of(described)
            for change in changes(before, now):
                _say_change(change.subject, change.state, change.detail, as_json)
            before = now
        sleep(seconds)
        described = read()


def _say_change(subject: str, state: str, detail: str, as_json: bool) -> None:
    at = moment(datetime.now(UTC))
    if as_json:
        write_line("change", at=at, subject=subject, state=state, detail=detail)
        return
    words = f"{subject} {state}" + (f": {detail}" if detail else "")
    known = {"warn": "warned", "error": "failed"}.get(state, state)
    say(f"{at} {words}", STATES.get(known, ("", ""))[1])
