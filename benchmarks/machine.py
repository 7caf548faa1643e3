"""Describes the machine and the programs, without paths and names of hosts or users."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

import psutil

from benchmarks.arena import SETTINGS, Arena
from benchmarks.options import FOLDER

_PEERS = ("connectorx", "dbt-core", "dbt-postgres", "dlt", "pandas", "psycopg2-binary", "pyarrow")


def describe(arena: Arena) -> dict[str, Any]:
    """Describe the machine, PostgreSQL and its settings, and the peers' versions.

    Args:
        arena: The servers.
    """
    with arena.administrator("warehouse") as connection:
        (version,) = connection.execute("SHOW server_version").fetchone() or ("?",)
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "postgresql": version,
        "settings": SETTINGS,
        "peers": _versions(),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()


def _versions() -> dict[str, str]:
    locked = (FOLDER / "requirements.txt").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z0-9-]+)==(\S+)", locked, re.MULTILINE)
    return {name: version for name, version in found if name in _PEERS}
