"""Functions that the compiler writes, read by sqlfluff."""

from __future__ import annotations

import re

from tests.sql_lint import linter

_BODY = re.compile(r"AS (?P<tag>\$\w*\$)\n(?P<body>.*)\n(?P=tag);", re.DOTALL)
# sqlfluff reads no MERGE within a WITH, and wants each column of a list on a line of its own.
_UNREAD = re.compile(
    r"^(present_rows|written_rows|logged_images) AS (MATERIALIZED )?\(\n.*?^\)",
    re.MULTILINE | re.DOTALL,
)
_STANDS_FOR_IT = """{name} AS (
    SELECT 'INSERT' AS action
    FROM {read}
)"""
_READ = {"present_rows": "expected_rows", "logged_images": "written_rows"}


def problems_of(function: str) -> list[str]:
    """Say what sqlfluff finds in a function; of a body in quotes, what is in it.

    Args:
        function: the statement that creates it.
    """

    def stand_in(cte: re.Match[str]) -> str:
        tables = "present_rows CROSS JOIN twins" if "twins" in cte[0] else "present_rows"
        return _STANDS_FOR_IT.format(name=cte[1], read=_READ.get(cte[1], tables))

    found = _BODY.search(function)
    text = _UNREAD.sub(stand_in, f"{found['body']};\n") if found else function
    violations = linter().lint_string(text).get_violations()
    return [f"{v.line_no}: {v.rule_code()} {v.desc()}" for v in violations]
