"""Text that no file of the repository may contain, one case per file."""

import re
import subprocess
from pathlib import Path

import pytest

from fdwarehouse.project.config import load_config
from fdwarehouse.rendering.templates import MECHANICS
from tests.sql_files import ROOT

# With a gap in each word, so that this file does not contain what it forbids.
FORBIDDEN = {
    "a folder beside the repository": r"\.\./sha{}red|(?<![\w.])/wo{}rk/",
    "the host of a package registry": r"py{}pi\.org|python{}hosted\.|npm{}js\.|deb{}ian\.org",
    "something left to do": r"\b(?:TO{}DO|FIX{}ME|X{}XX)\b|raise NotImplemented{}Error",
    "a conflict left by a merge": r"(?m)^(?:<<<<<<<|>>>>>>>) ",
}
LONGEST_MODULE = 300


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files = (ROOT / name for name in listed.stdout.split("\0") if name)
    return sorted(file for file in files if file.is_file())


FILES = tracked_files()
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
every_module = pytest.mark.parametrize(
    "module",
    [file for file in FILES if file.suffix == ".py"],
    ids=lambda module: str(module.relative_to(ROOT)),
)
every_mechanic = pytest.mark.parametrize(
    "template",
    sorted(MECHANICS.rglob("*.sql")),
    ids=lambda template: str(template.relative_to(MECHANICS)),
)


@every_file
def test_file_holds_nothing_forbidden(file: Path) -> None:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return  # a picture
    found = {
        what: match.group()
        for what, pattern in FORBIDDEN.items()
        if (match := re.search(pattern.replace("{}", ""), text))
    }
    assert not found


@every_module
def test_module_is_short(module: Path) -> None:
    lines = len(module.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE, "split it: a reader should understand a file at once"


@every_mechanic
def test_mechanics_know_no_name_of_this_project(template: Path) -> None:
    names = {"xyz_store"}
    for source in load_config(ROOT).sources.values():
        for name, table in source.tables.items():
            names |= {name, *table.key}
    text = template.read_text(encoding="utf-8")
    assert not [name for name in sorted(names) if re.search(rf"\b{name}\b", text)]
