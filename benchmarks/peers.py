"""Command lines of the peers' programs, in their own environment."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from benchmarks.arena import OWNER, Pair
from benchmarks.options import FOLDER

PROGRAMS = FOLDER / ".venv" / "bin"

# No telemetry.
QUIET = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "PYTHONDONTWRITEBYTECODE": "",
}


def environment(pair: Pair, workspace: Path) -> dict[str, str]:
    """Return the environment of a peer: its connections, and its own home.

    Args:
        pair: Its databases.
        workspace: Folder of its files between runs.
    """
    warehouse = conninfo_to_dict(pair.url("warehouse", OWNER))
    return (
        pair.environment
        | QUIET
        | {
            "DBT_HOST": str(warehouse["host"]),
            "DBT_PORT": str(warehouse["port"]),
            "DBT_USER": str(warehouse["user"]),
            "DBT_PASSWORD": str(warehouse["password"]),
            "DBT_DBNAME": str(warehouse["dbname"]),
            "DLT_DATA_DIR": str(workspace / "dlt"),
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        }
    )


def python(module: str, *arguments: str) -> list[str]:
    """Command line of a module of this package, run by the peers' Python."""
    return [str(PROGRAMS / "python"), "-m", f"benchmarks.{module}", *arguments]


def ours(module: str, *arguments: str) -> list[str]:
    """Command line of a module of this package, run by this Python."""
    return [sys.executable, "-m", f"benchmarks.{module}", *arguments]


def dbt(workspace: Path, *arguments: str) -> list[str]:
    """Command line of dbt in a copy of the project."""
    project = workspace / "dbt_project"
    return [
        str(PROGRAMS / "dbt"),
        "--quiet",
        *arguments,
        "--project-dir",
        str(project),
        "--profiles-dir",
        str(project),
    ]


def copy_dbt_project(workspace: Path) -> None:
    """Copy the dbt project, so that its target folder is not shared."""
    shutil.copytree(FOLDER / "pandas_dbt" / "dbt", workspace / "dbt_project")
