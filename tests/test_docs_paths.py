"""The documentation refers to existing paths, links with anchors, commands and options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from fdwarehouse.cli.main import app
from fdwarehouse.project.documentation import pages
from tests.harness import ROOT

PACKAGE = ROOT / "orchestration" / "fdwarehouse"
PAGES = sorted(
    [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md"), PACKAGE / "mechanics" / "README.md"]
)
FOLDERS = (ROOT, PACKAGE, PACKAGE / "mechanics")
"""What paths in the text are relative to."""

# Created by the reader, or written by a deploy, a build or a test run.
_MADE = re.compile(r"(build|schedules|target|\.fdwarehouse|\.venv|benchmarks/\.venv)(/|$)")
_NAMED_FILE = re.compile(r"^(?:--|#) ([\w./]+\.(?:sql|yaml))$", re.MULTILINE)
_REPLACED = r"\b(?:mend|anew|for ?ever|shall|twins?|put off|owe[sd]?|comes? too late|pieces)\b"
_PATH = re.compile(r"[\w.*-]*(/[\w.*-]+)+/?|[\w-]+/|[\w.-]+\.(py|sql|md|yaml|toml|svg)")


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[str]:
    """Return the blocks of a page, except those with what a command has printed."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for kind, body in found if kind != "text"]


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def spans(text: str) -> list[str]:
    """Return the code within lines."""
    return re.findall(r"`([^`\n]+)`", without_blocks(text))


def paths(text: str) -> Iterator[str]:
    """List the paths of a page, but not those of files that it tells the reader to write."""
    written = {path for block in blocks(text) for path in _NAMED_FILE.findall(block)}
    for span in spans(text):
        if _PATH.fullmatch(span) and not _MADE.match(span) and span not in written:
            yield span


def is_there(path: str) -> bool:
    return any(any(folder.glob(path.rstrip("/"))) for folder in FOLDERS)


TEXTS = sorted(p for p in PACKAGE.rglob("*") if p.suffix in (".py", ".sql", ".txt", ".yaml"))


def test_messages_name_pages_by_the_command_that_shows_them() -> None:
    known = pages()
    shown = 0
    for path in TEXTS:
        text = path.read_text(encoding="utf-8")
        for page in re.findall(r"docs/([\w-]+)\.md", text):
            assert page not in known, f"{path}: a project has no docs/{page}.md"
        for page in re.findall(r"`fdwarehouse docs ([\w-]+)", text):
            shown += 1
            assert page in known, f"{path}: {page}"
    assert shown > 8


def anchors(text: str) -> set[str]:
    """Name the headings of a page as GitHub does."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def commands(text: str) -> Iterator[list[str]]:
    """List the words after `fdwarehouse`, up to the end of a command."""
    lines = [line for block in blocks(text) for line in block.splitlines()]
    for code in (*lines, *spans(text)):
        for match in re.finditer(r"(?:^|\s|/|\()fdwarehouse ((?:[a-z]|--)[^#`)\"]*)", code):
            yield match[1].split()


def problem_with(words: list[str]) -> str | None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    own = {option for p in group.params if not getattr(p, "is_flag", False) for option in p.opts}
    while len(words) > 1 and words[0] in own:  # of the group, with a value
        words = words[2:]
    name = next((word for word in words if not word.startswith("-")), None)
    command = group if name is None else group.commands.get(name)
    if command is None:
        return f"no command {name}"
    known = {option for p in command.params for option in p.opts} | {"--help", "-h"}
    wrong = [w for w in words if w.startswith("--") and w != "--" and w not in known]
    return f"{name} has no option {wrong[0]}" if wrong else None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_paths_of_a_page_exist(page: Path) -> None:
    missing = [path for path in paths(page.read_text(encoding="utf-8")) if not is_there(path)]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" in link or (target.exists() and not anchor):
            continue
        if not target.exists() or anchor not in anchors(target.read_text(encoding="utf-8")):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_of_a_page_exist(page: Path) -> None:
    found = commands(page.read_text(encoding="utf-8"))
    assert not [problem for words in found if (problem := problem_with(words))]


def test_path_of_a_row_names_as_many_files_as_it_says() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    numbered = re.findall(r"^\| (\d+) \| `([^`]+)` \|", text, re.MULTILINE)
    (said,) = re.findall(r"run_pipeline\(\)`: (\d+)\s+files", text)
    assert [int(number) for number, _ in numbered] == list(range(1, int(said) + 1))
    assert len({file for _, file in numbered}) == int(said)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_words_that_the_glossary_replaces_are_gone(page: Path) -> None:
    text = re.sub(r"`[^`]*`", "", without_blocks(page.read_text(encoding="utf-8")))
    assert not re.findall(_REPLACED, text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`mechanics/gone.sql` and `cli/main.py`", ["mechanics/gone.sql"]),
        ("`compiler/nowhere/`, `sql/<layer>/<table>.sql`, `build/`", ["compiler/nowhere/"]),
        (
            "```sql\n-- sql/gold/new.sql\n```\n`sql/gold/new.sql`, `sql/gold/old.sql`",
            ["sql/gold/old.sql"],
        ),
        ("`tests/test_extraction*.py`, `tests/test_absent*.py`", ["tests/test_absent*.py"]),
    ],
)
def test_missing_path_is_found(text: str, found: list[str]) -> None:
    assert [path for path in paths(text) if not is_there(path)] == found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("`fdwarehouse repair`", "no command repair"),
        ("```sh\n.venv/bin/fdwarehouse run --fulll # all\n```", "run has no option --fulll"),
        ('eval "$(fdwarehouse upp)"', None),  # plain text is not code
        ('```sh\neval "$(fdwarehouse upp)"\n```', "no command upp"),
        ("`fdwarehouse --version`, `fdwarehouse run --full`", None),
    ],
)
def test_missing_command_is_found(text: str, problem: str | None) -> None:
    found = [p for words in commands(text) if (p := problem_with(words))]
    assert found == ([problem] if problem else [])
