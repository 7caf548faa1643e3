"""JUnit XML is well-formed, whatever names and rows contain."""

from pathlib import Path
from xml.etree import ElementTree as ET

from fdwarehouse.terminal.junit import JunitCase, write_junit


def test_counts_times_and_texts_are_in_the_file(tmp_path: Path) -> None:
    write_junit(
        tmp_path / "junit.xml",
        "unit tests",
        [
            JunitCase("good", "gold.a", 0.25, "passed", file="sql/tests/good.yaml"),
            JunitCase("bad", "gold.a", 1, "failed", "it differs", "row 1\nrow 2"),
            JunitCase("wrong", "gold.b", 0, "error", "no such column"),
            JunitCase("loud", "gold.b", 0, "passed", text="warning: 1 row"),
        ],
    )
    root = ET.parse(tmp_path / "junit.xml").getroot()
    (suite,) = root
    for element in (root, suite):
        counts = [element.get(name) for name in ("tests", "failures", "errors", "skipped", "time")]
        assert counts == ["4", "1", "1", "0", "1.250"]
    assert suite.get("name") == "unit tests"
    good, bad, wrong, loud = suite
    assert (good.get("classname"), good.get("time"), len(good)) == ("gold.a", "0.250", 0)
    assert good.get("file") == "sql/tests/good.yaml"
    assert (bad[0].tag, bad[0].get("message"), bad[0].text) == (
        "failure",
        "it differs",
        "row 1\nrow 2",
    )
    assert (wrong[0].tag, wrong[0].get("message")) == ("error", "no such column")
    assert (loud[0].tag, loud[0].text) == ("system-out", "warning: 1 row")


def test_what_xml_cannot_contain_is_replaced(tmp_path: Path) -> None:
    hostile = "<b>\"&\x00\x1b[31m\x85\ufffe\ud800 'é]]>"
    cases = [JunitCase(hostile, hostile, 0, "failed", hostile, hostile)]
    write_junit(tmp_path / "junit.xml", "checks", cases)
    (case,) = ET.parse(tmp_path / "junit.xml").getroot()[0]
    assert (case.get("name") or "").startswith('<b>"&\N{REPLACEMENT CHARACTER}')
    assert (case[0].text or "").endswith(" 'é]]>")
