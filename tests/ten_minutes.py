"""Runs docs/first-ten-minutes.md; `python -m tests.ten_minutes` writes what its commands print.

A block `sh` is one command, and the block `text` after it what it printed, shortened, and how long
it took. Other blocks whose first line is a path are files.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import psycopg

from fdwarehouse.embedded import lifecycle
from tests.harness import ROOT

PAGE = ROOT / "docs" / "first-ten-minutes.md"
PRODUCTION = (ROOT / "tests" / "shapes" / "pagila.sql").read_text().split("-- === ")[0]
_BLOCK = re.compile(r"^```(sh|sql|yaml|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FIRST, _LAST, _WIDTH = 4, 10, 116

Printed = Callable[[list[str]], str]
"""Runs a command with these arguments, without its name, and returns what it printed."""


def run_page(text: str, folder: Path, environment: dict[str, str], run: Printed) -> str:
    """Write the files of the page, run its commands in order, and return the page as it is now.

    Args:
        text: of the page.
        folder: where its files are written.
        environment: what the commands' variables stand for.
        run: runs a command.
    """
    printed = ""

    def block(match: re.Match[str]) -> str:
        nonlocal printed
        kind, body = match[1], match[2]
        if kind == "text":
            return f"```text\n{printed}```"
        if kind == "sh":
            command, *words = shlex.split(body)
            assert command == "fdwarehouse"
            words = [environment[w[1:]] if w.startswith("$") else w for w in words]
            began = perf_counter()
            lines = run(words).rstrip().splitlines()
            printed = "\n".join([*_shortened(lines), f"({perf_counter() - began:.1f} s)", ""])
        elif path := re.match(r"(?:--|#) ([\w./]+)\n", body):
            (folder / path[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / path[1]).write_text(body)
        return match[0]

    return _BLOCK.sub(block, text)


def _shortened(lines: list[str]) -> list[str]:
    cut = [f"{line[:_WIDTH]} ..." if line[_WIDTH:] else line.rstrip() for line in lines]
    return cut if len(cut) <= _FIRST + _LAST else [*cut[:_FIRST], "...", *cut[-_LAST:]]


def results(text: str) -> list[str]:
    """Return what the page says that queries printed."""
    asked = r"^```sh\nfdwarehouse psql -c .*?^```\n\n```text\n(.*?)^\([\d.]+ s\)$"
    return re.findall(asked, text, re.MULTILINE | re.DOTALL)


def main() -> None:
    """Run the page on two embedded servers of its own, and write it again."""
    with TemporaryDirectory(prefix="ten-minutes-") as name:
        state, folder = Path(name, "servers"), Path(name, "rental")
        folder.mkdir()
        try:
            urls = lifecycle.up(state, production_db="rental")
            with psycopg.connect(urls["PRODUCTION_ADMIN_URL"]) as connection:
                connection.execute(PRODUCTION.encode())
            environment = {**os.environ, **urls, "COLUMNS": "110", "PSQL_PAGER": "cat"}
            command = str(ROOT / ".venv" / "bin" / "fdwarehouse")

            def run(arguments: list[str]) -> str:
                done = subprocess.run(
                    [command, *arguments],
                    cwd=folder,
                    env=environment,
                    text=True,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
                if done.returncode:
                    raise SystemExit(f"{arguments}\n{done.stdout}")
                return done.stdout

            text = run_page(PAGE.read_text(encoding="utf-8"), folder, urls, run)
        finally:
            lifecycle.remove(state)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
