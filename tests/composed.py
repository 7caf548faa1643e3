"""What Docker Compose itself makes of a compose file; it needs no engine for that."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(sys.executable).with_name("docker-compose")


def composed(file: Path, environment: Mapping[str, str], *profiles: str) -> dict[str, Any]:
    """Return the services and volumes as Docker Compose would start them.

    Args:
        file: the compose file.
        environment: all variables that it may use.
        profiles: that are active.
    """
    done = _config(file, environment, *profiles)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def refused(file: Path, environment: Mapping[str, str]) -> str:
    """Return why Docker Compose refuses a file."""
    done = _config(file, environment)
    assert done.returncode != 0
    return done.stderr


def _config(
    file: Path, environment: Mapping[str, str], *profiles: str
) -> subprocess.CompletedProcess[str]:
    if not PROGRAM.exists():
        pytest.skip("Docker Compose is only installed on Linux with x86_64")
    chosen = [f"--profile={profile}" for profile in profiles]
    return subprocess.run(
        [PROGRAM, "--file", file, *chosen, "config", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(file.parent), **environment},
    )
