"""Runs the command in a terminal of a given size, and types into it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.harness import ROOT, wait_until

_CONTROL = re.compile(r"\x1b(\[[0-9;?]*[a-zA-Z]|\][^\x07]*\x07|[=>78])")


def plain(text: str) -> str:
    """Remove colours and movements of the cursor."""
    return _CONTROL.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


class Terminal:
    """A process whose terminal is a pseudo-terminal.

    Args:
        arguments: of the command.
        environment: connections, and what else it shall have.
        columns: width.
        lines: height.
    """

    def __init__(
        self, *arguments: str, environment: Mapping[str, str], columns: int = 80, lines: int = 60
    ) -> None:
        inherited = {
            k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR", "CI")
        }
        self._fd, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            [
                *("setsid", "--ctty", "env", "--default-signal=INT"),
                *(sys.executable, "-m", "fdwarehouse.cli.main", *arguments),
            ],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=inherited
            | {"FDWAREHOUSE_PROJECT": str(ROOT), "TERM": "xterm-256color"}
            | {**environment},
        )
        os.close(theirs)
        os.set_blocking(self._fd, False)
        self.raw = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._fd)

    def type(self, keys: str) -> None:
        """Type keys; Ctrl-C is the character 3."""
        os.write(self._fd, keys.encode())

    def read_until(self, words: str, times: int = 1) -> None:
        """Read until it has shown these words so often."""

        def is_shown() -> bool:
            self._read()
            assert self.process.poll() is None or plain(self.raw).count(words) >= times, self.raw
            return plain(self.raw).count(words) >= times

        wait_until(is_shown)

    def end(self) -> int:
        """Read until it ends, and return its exit code."""

        def is_over() -> bool:
            self._read()
            return self.process.poll() is not None

        wait_until(is_over, 60)
        self._read()
        return int(self.process.returncode)

    @property
    def shown(self) -> list[str]:
        """Lines that it has shown, without colours."""
        return [line.rstrip() for line in plain(self.raw).split("\n")]

    def _read(self) -> None:
        while True:
            try:
                got = os.read(self._fd, 65536)
            except (BlockingIOError, OSError):  # nothing yet; the process has ended
                return
            if not got:
                return
            self.raw += got.decode(errors="replace")
