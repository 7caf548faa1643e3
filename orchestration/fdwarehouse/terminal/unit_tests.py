"""Unit tests on the terminal: one line per test, and the cells that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fdwarehouse.database.testing.ways import Failure, UnitTestResult
from fdwarehouse.project.row_differences import Difference, Row
from fdwarehouse.terminal.console import (
    STATES,
    counted,
    duration,
    out,
    printable,
    say,
    table,
)
from fdwarehouse.terminal.junit import JunitCase

_MOST_ROWS = 20
"""Rows of each kind that are shown."""


def show_result(result: UnitTestResult) -> None:
    """Write one line about a test.

    Args:
        result: of the test.
    """
    sign, style = STATES[result.state]
    out.text((sign, style), f" {result.test.name}  ", (duration(result.seconds), "dim"))


def show_failures(results: Sequence[UnitTestResult]) -> None:
    """Show what is wrong with the tests that failed, and count the results.

    Args:
        results: of all tests.
    """
    for result in results:
        if result.state == "failed":
            say("")
            say(heading_of(result), "bold")
            for shown in details(result):
                out.print(shown)
    failed = sum(1 for result in results if result.state == "failed")
    say("")
    passed = f"{counted(len(results) - failed, 'unit test')} passed"
    seconds = duration(sum(result.seconds for result in results))
    style = "bold red" if failed else "bold green"
    say(f"{passed}{f', {failed} failed' if failed else ''} in {seconds}", style)


def heading_of(result: UnitTestResult) -> str:
    """Name a test and what it says.

    Args:
        result: of the test.
    """
    said = f": {result.test.description}" if result.test.description else ""
    return f"{result.test.name}{said}"


def details(result: UnitTestResult) -> Iterator[Text | Table]:
    """Yield what is wrong, as text and tables.

    Args:
        result: of a test that failed.
    """
    if result.wrong is not None:
        yield Text(printable(result.wrong.message), "red")
        if result.wrong.hint:
            yield Text(f"Hint: {printable(result.wrong.hint)}")
    for failure in result.failures:
        yield Text(_title(result, failure), "yellow")
        if failure.difference is not None:
            yield difference_table(failure.difference)
        for note in failure.notes:
            yield Text(printable(note), "dim")


def _title(result: UnitTestResult, failure: Failure) -> str:
    where = f"{result.test.path}, line {failure.line}"
    what = failure.what or result.test.model
    return printable(f"{where}: {what} ({', '.join(failure.ways)})")


@dataclass(frozen=True)
class Words:
    """What to call rows that differ, and how to write a cell that does."""

    missing: str = "missing"
    unexpected: str = "not expected"
    different: str = "different"
    cell: str = "{actual} (expected {expected})"


def difference_table(difference: Difference, words: Words = Words()) -> Table:
    """Lay out rows that are missing, not expected, or have other values.

    Args:
        difference: the rows.
        words: what to call them.
    """
    made = table("", *difference.columns)
    for kind, style, rows in (
        (words.missing, "red", difference.missing),
        (words.unexpected, "yellow", difference.unexpected),
    ):
        for row in rows[:_MOST_ROWS]:
            cells = (_cell(row, name, style) for name in difference.columns)
            made.add_row(Text(kind, style), *cells)
        _add_rest(made, kind, len(rows))
    for pair in difference.different[:_MOST_ROWS]:
        wrong = pair.columns
        cells = (
            Text(
                words.cell.format(
                    actual=_value(pair.actual, name), expected=_value(pair.expected, name)
                ),
                "bold red",
            )
            if name in wrong
            else _cell(pair.actual, name, "")
            for name in difference.columns
        )
        made.add_row(Text(words.different, "red"), *cells)
    _add_rest(made, words.different, len(difference.different))
    return made


def _add_rest(made: Table, kind: str, count: int) -> None:
    if count > _MOST_ROWS:
        made.add_row(Text(f"and {count - _MOST_ROWS} more {kind}", "dim"))


def _cell(row: Row, name: str, style: str) -> Text:
    return Text(_value(row, name), style) if name in row else Text("")


def _value(row: Row, name: str) -> str:
    value = row[name]
    if value is None:
        return "null"
    return printable(value) if value.strip() == value != "" else repr(value)


def as_junit(results: Sequence[UnitTestResult]) -> list[JunitCase]:
    """Describe tests for JUnit XML.

    Args:
        results: of all tests.
    """
    cases = []
    for result in results:
        text = StringIO()
        if result.state == "failed":
            console = Console(file=text, width=200, highlight=False, markup=False)
            for shown in details(result):
                console.print(shown)
        cases.append(
            JunitCase(
                result.test.name,
                result.test.model,
                result.seconds,
                "passed" if result.state == "passed" else "error" if result.wrong else "failed",
                heading_of(result),
                "\n".join(line.rstrip() for line in text.getvalue().splitlines()),
                result.test.path,
            )
        )
    return cases
