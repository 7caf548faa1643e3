"""The checks of a project: a file with settings, a description and a SELECT."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fdwarehouse.compiled import Compiled
from fdwarehouse.errors import FdwarehouseError

_SETTINGS = {
    "layer": ("bronze", "silver", "gold"),
    "severity": ("error", "warn"),
    "scope": ("run", "full"),
}


@dataclass(frozen=True)
class Check:
    """A check: a SELECT of the rows that break a promise."""

    name: str
    layer: str
    severity: str
    scope: str
    description: str
    select: str
    origin: str
    """The file to mend when it is wrong."""


def parse_check(name: str, compiled: Compiled) -> Check:
    """Take a check's settings and description from the comment that its file begins with.

    Args:
        name: of the check.
        compiled: its file.

    Raises:
        FdwarehouseError: a setting is missing or has no meaning; the message names the file.
    """
    settings = {"scope": "run"}
    description = []
    lines = compiled.sql.splitlines()
    while lines and lines[0].startswith("--"):
        line = lines.pop(0).removeprefix("--").strip()
        if said := re.fullmatch(r"(\w+): *(\w+)", line):
            settings[said[1]] = said[2]
        else:
            description.append(line)
    for setting, values in _SETTINGS.items():
        if settings.get(setting) not in values:
            raise FdwarehouseError(
                f"{compiled.origin}: a check says its {setting}: {' or '.join(values)}",
                hint=f"Begin the file with a line such as `-- {setting}: {values[0]}`.",
            )
    return Check(
        name,
        settings["layer"],
        settings["severity"],
        settings["scope"],
        " ".join(description),
        "\n".join(lines).strip().rstrip(";"),
        compiled.origin,
    )
