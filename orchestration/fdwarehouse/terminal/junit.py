"""Results of tests and checks as JUnit XML, which CI systems show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from fdwarehouse.terminal.console import printable

_NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class JunitCase:
    """One result."""

    name: str
    group: str
    """What it belongs to: the table that is tested, the layer of a check."""
    seconds: float
    state: Literal["passed", "failed", "error"]
    message: str = ""
    text: str = ""
    """The details of a failure; of a result that passed, what it says."""
    file: str = ""


def write_junit(path: Path, suite: str, cases: Sequence[JunitCase]) -> None:
    """Write results into a file.

    Args:
        path: of the file; its folder is created if missing.
        suite: what to call them together.
        cases: the results.
    """
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.state == "failed" for case in cases)),
        "errors": str(sum(case.state == "error" for case in cases)),
        "skipped": "0",
        "time": _time(sum(case.seconds for case in cases)),
    }
    root = ET.Element("testsuites", {"name": "fdwarehouse"} | counts)
    found = ET.SubElement(root, "testsuite", {"name": suite} | counts)
    for case in cases:
        named = {"name": case.name, "classname": case.group, "time": _time(case.seconds)}
        if case.file:
            named["file"] = case.file
        element = ET.SubElement(found, "testcase", {k: _clean(v) for k, v in named.items()})
        if case.state == "passed":
            if case.text:
                ET.SubElement(element, "system-out").text = _clean(case.text)
            continue
        tag = "failure" if case.state == "failed" else "error"
        ET.SubElement(element, tag, message=_clean(case.message)).text = _clean(case.text)
    ET.indent(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def _clean(text: str) -> str:
    """Replace what XML cannot contain."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", printable(text))
