"""Shows what `fdwarehouse doctor` found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fdwarehouse.database.diagnosis.findings import Finding, State
from fdwarehouse.terminal.console import STATES, counted, heading, out, say

_SIGNS = {
    State.ok: STATES["passed"],
    State.warning: STATES["warned"],
    State.error: STATES["failed"],
    State.unknown: ("?", "yellow"),
}


def show_diagnosis(findings: Iterable[Finding]) -> Counter[State]:
    """Show findings as they come, and return how many there are of each state.

    Args:
        findings: of one side after the other.
    """
    seen: Counter[State] = Counter()
    side = ""
    for finding in findings:
        seen[finding.state] += 1
        now = finding.object.partition(".")[0]
        if now != side:
            if side:
                heading(now)
            else:
                say(now, "bold")
            side = now
        sign, style = _SIGNS[finding.state]
        about = "" if finding.object == side else f"{finding.object}: "
        lines = f"{about}{finding.message}".splitlines()
        out.text((f"{sign} ", style), (lines[0], "dim" if finding.state == State.ok else ""))
        for line in [*lines[1:], *(finding.hint or "").splitlines()]:
            say(f"    {line}", "dim")
    say("")
    say(
        f"{counted(seen[State.error], 'error')}, {counted(seen[State.warning], 'warning')}, "
        f"{seen[State.unknown]} unknown, {seen[State.ok]} ok",
        "bold",
    )
    return seen
