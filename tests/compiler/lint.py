"""Functions that the compiler writes, read by sqlfluff."""

from __future__ import annotations

import re

from tests.sql_lint import linter

_BODY = re.compile(r"AS (?P<tag>\$\w*\$)\n(?P<body>.*)\n(?P=tag);", re.DOTALL)
# What is compiled has as many columns on a line as have room: a page that is read has no lists.
_NOT_OURS = {"LT09"}
# sqlfluff reads no MERGE within a WITH, and wants each column of a list on a line of its own.
_UNREAD = re.compile(
    r"^(present_rows|filled_rows|written_rows|written_states|logged_images) AS (MATERIALIZED )?"
    r"\(\n.*?^\)",
    re.MULTILINE | re.DOTALL,
)
_STANDS_FOR_IT = """{name} AS (
    SELECT 'INSERT' AS action
    FROM {read}
)"""
_STANDS_FOR_WRITTEN_STATES = """{name} AS (
    DELETE FROM gold.states
    WHERE EXISTS (SELECT FROM states)
)"""
_READ = {
    "present_rows": "expected_rows",
    "filled_rows": "expected_rows",
    "logged_images": "written_rows",
}


def problems_of(function: str) -> list[str]:
    """Say what sqlfluff finds in a function; of a body in quotes, what is in it.

    Args:
        function: the statement that creates it.
    """

    def stand_in(cte: re.Match[str]) -> str:
        if cte[1] == "written_states":
            return _STANDS_FOR_WRITTEN_STATES.format(name=cte[1])
        read = [_READ.get(cte[1], "present_rows")]
        read += [
            name
            for name in ("duplicate_keys", "affected_keys", "new_states", "states")
            if f" {name} " in cte[0]
        ]
        return _STANDS_FOR_IT.format(name=cte[1], read=" CROSS JOIN ".join(read))

    found = _BODY.search(function)
    text = _UNREAD.sub(stand_in, f"{found['body']};\n") if found else function
    violations = linter().lint_string(text).get_violations()
    return [
        f"{v.line_no}: {v.rule_code()} {v.desc()}"
        for v in violations
        if v.rule_code() not in _NOT_OURS
    ]
