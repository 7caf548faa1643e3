"""The files that run a warehouse at fixed times without Airflow: cron, systemd, pg_cron."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from fdwarehouse.identifiers import literal

FOLDER = "schedules"
KINDS = ("cron", "systemd", "pg_cron")
_TEXTS = Path(__file__).parent / "new_schedule"
_FILES: Mapping[str, tuple[str, ...]] = {
    "cron": ("cron", "warehouse.env"),
    "systemd": ("fdwarehouse.service", "fdwarehouse.timer", "warehouse.env"),
    "pg_cron": ("pg_cron.sql",),
}
_GITIGNORE = "*.env\n*.log\n"
ACCOUNT = "fdwarehouse"
"""The account that runs it where root has written the files."""
SECRET = "warehouse.env"
"""The file that only its owner may read."""


def schedule_files(
    kind: str, *, root: Path, name: str, program: str, user: str, database: str
) -> dict[str, str]:
    """Write the files of a schedule.

    Args:
        kind: one of `KINDS`.
        root: the project's folder.
        name: of the project.
        program: path of the command ``fdwarehouse``.
        user: who writes the files, and runs it unless it is root.
        database: of the warehouse.

    Returns:
        Texts by path in the project.
    """
    folder = root / FOLDER
    about_user = "# The account that runs it. It must be able to read the project and the command."
    if user == "root":  # a run needs no rights on the machine
        user = ACCOUNT
        about_user += (
            f"\n# Not root: create it with `sudo useradd --system {ACCOUNT}`, or name another one."
        )
    words = [program, "--project", str(root), "run", "--skip-if-running"]
    quote = _quoted_in_systemd if kind == "systemd" else _quoted_in_cron
    values = {
        "name": name,
        "folder": shlex.quote(str(folder)),
        "user": user,
        "about_user": about_user,
        "database": database,
        "env": _escaped(str(folder / SECRET)) if kind == "systemd" else quote(str(folder / SECRET)),
        "log": quote(str(folder / "run.log")),
        "command": " ".join(quote(word) for word in words),
        "name_literal": literal(f"{name}: run"),
        "purge_literal": literal(f"{name}: purge"),
        "database_literal": literal(database),
    }
    files = {f"{FOLDER}/{file}": _filled(file, values) for file in _FILES[kind]}
    return files | ({f"{FOLDER}/.gitignore": _GITIGNORE} if kind != "pg_cron" else {})


def _filled(file: str, values: Mapping[str, str]) -> str:
    text = (_TEXTS / f"{file}.txt").read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], text)


def _quoted_in_cron(word: str) -> str:
    """Quote a word for the shell in a crontab, where % would be the end of the command."""
    return shlex.quote(word).replace("%", r"\%")


def _quoted_in_systemd(word: str) -> str:
    """Quote a word of ExecStart; see systemd.service(5), "Command lines"."""
    if re.fullmatch(r"[\w@+=:,./-]+", word):
        return word
    escaped = _escaped(word).replace("\\", r"\\").replace('"', r"\"").replace("$", "$$")
    return f'"{escaped}"'


def _escaped(word: str) -> str:
    """Escape what systemd replaces in most values; see systemd.unit(5), "Specifiers"."""
    return word.replace("%", "%%")
