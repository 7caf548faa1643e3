"""Runs the command `fdwarehouse` in this process, and captures its output."""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from fdwarehouse.cli.main import main
from fdwarehouse.terminal import console
from tests.harness import ROOT

_OF_CHECKS = re.compile(r"^Warning: check \w+ warned: .*\n", re.MULTILINE)
VARIABLES = ("WAREHOUSE_URL", "PRODUCTION_URL", "WAREHOUSE_ADMIN_URL", "PRODUCTION_ADMIN_URL")


class Said(NamedTuple):
    """The exit code and the output of the command."""

    exit_code: int
    out: str
    err: str


class Command:
    """The command in one project, with some connections in its environment.

    Args:
        monkeypatch: of the test.
        capsys: of the test.
        secrets: passwords that must not be in any output.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        secrets: Iterable[str],
    ) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.secrets = {*secrets}
        for screen in (console.out, console.err):
            monkeypatch.setattr(screen.console, "width", 160)  # whatever COLUMNS says
        self.use({})
        self.project(ROOT)

    def use(self, environment: Mapping[str, str]) -> None:
        """Use only these connections."""
        for name in [*os.environ]:
            if name.endswith(VARIABLES) or name == "FDWAREHOUSE_ENV":
                self._monkeypatch.delenv(name)
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)

    def project(self, root: Path) -> None:
        """Work in this project."""
        self._monkeypatch.setenv("FDWAREHOUSE_PROJECT", str(root))

    def __call__(self, *arguments: str) -> Said:
        """Run it, and check that it shows neither a password nor a traceback."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = Said(int(ended.value.code or 0), *self._capsys.readouterr())
        sys.stdout.write(said.out)
        sys.stderr.write(said.err)
        for secret in self.secrets:
            assert secret not in said.out + said.err
        assert "Traceback" not in said.err
        return said

    def works(self, *arguments: str) -> str:
        """Run it, expect success, and return its stdout. Checks may warn."""
        said = self(*arguments)
        assert (said.exit_code, _OF_CHECKS.sub("", said.err)) == (0, "")
        return said.out

    def fails(self, exit_code: int, *arguments: str) -> str:
        """Run it, expect this exit code and a message with a hint, and return the output."""
        said = self(*arguments)
        assert said.exit_code == exit_code
        assert said.err.startswith("Error: ")
        return said.err
