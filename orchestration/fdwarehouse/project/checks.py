"""The checks of a project: each is a file with settings, a description and a SELECT."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import MAX_NAME_LENGTH, qualified
from fdwarehouse.project.local_names import generated_name
from fdwarehouse.project.sql_files import SqlFile, code_of

_PREFIX = "check_"
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
    """The file to fix when it is wrong."""
    reads: tuple[str, ...] = ()
    """Models that it reads, directly or through views and functions."""

    @property
    def is_incremental(self) -> bool:
        """Whether it can look only at the rows that a run changed."""
        return "p_since_run_id" in code_of(self.select)

    @property
    def function(self) -> str:
        """Its function, quoted where needed."""
        return qualified("etl", f"{_PREFIX}{self.name}")


def check_name(*parts: str) -> str:
    """Name a check after a table, a column and a rule; cut and hashed if that is too long.

    Args:
        parts: the words of the name.
    """
    name = "__".join(parts)
    length = MAX_NAME_LENGTH - len(_PREFIX)
    return name if len(name.encode()) <= length else generated_name(name, length)


def is_check(path: Path) -> bool:
    """Return whether a file of the mechanics is a check: it begins with its layer.

    Args:
        path: the file.
    """
    return path.read_text(encoding="utf-8").startswith("-- layer:")


def parse_check(name: str, compiled: SqlFile) -> Check:
    """Read a check's settings and description from the comment at the top of its file.

    Args:
        name: of the check.
        compiled: its file.

    Raises:
        FdwarehouseError: a setting is missing or invalid; the message names the file.
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
                f"{compiled.origin}: a check must set {setting}: {' or '.join(values)}",
                hint=f"Begin the file with a line such as `-- {setting}: {values[0]}`.",
            )
    select = "\n".join(lines).strip().rstrip(";")
    _require_select(compiled.origin, " ".join(description), code_of(select))
    return Check(
        name,
        settings["layer"],
        settings["severity"],
        settings["scope"],
        " ".join(description),
        select,
        compiled.origin,
    )


def _require_select(origin: str, description: str, code: str) -> None:
    if not code.strip():
        raise FdwarehouseError(f"{origin}: it is empty", hint="Write it, or delete it.")
    if not description.strip():
        raise FdwarehouseError(
            f"{origin}: a check must have a description",
            hint="Write it as a comment below the settings: `-- Every order has a customer.`.",
        )
    if ";" in code or not re.match(
        r"\s*(?:\(\s*)*(?:SELECT|WITH|VALUES|TABLE)\b", code, re.IGNORECASE
    ):
        raise FdwarehouseError(
            f"{origin}: a check must be one SELECT, of the rows that violate it",
            hint="Make it one SELECT or WITH ... SELECT.",
        )
