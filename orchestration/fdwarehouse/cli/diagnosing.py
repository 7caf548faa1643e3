"""The command that says what is wrong or slow."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer

from fdwarehouse.cli.context import connections_of_main
from fdwarehouse.errors import FdwarehouseError


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Say what is wrong or slow, and how to fix it.

    Looks at connections, rights and settings of both sides, from here and from the warehouse's
    server, before or after a deploy. Changes nothing. Exits with 1 if there is an error.
    """
    from fdwarehouse.database.diagnosis.findings import State
    from fdwarehouse.database.diagnosis.report import diagnose
    from fdwarehouse.terminal.console import counted
    from fdwarehouse.terminal.diagnosis import show_diagnosis

    findings = diagnose(connections_of_main(context, "doctor"))
    if as_json:
        found = [*findings]
        print(json.dumps([asdict(f) for f in found], indent=2, ensure_ascii=False))
        seen = Counter(f.state for f in found)
    else:
        seen = show_diagnosis(findings)
    if errors := seen[State.error]:
        raise FdwarehouseError(
            f"the doctor found {counted(errors, 'error')}",
            hint="Each stops a deploy, a run, or the table that it is about. The report says how "
            "to fix it.",
            exit_code=1,
        )
