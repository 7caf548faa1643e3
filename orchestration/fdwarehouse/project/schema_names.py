"""The schemas of a deployment beside another one in the same database: their prefix, in SQL text.

SQL names the schemas `etl`, `silver` and `gold` everywhere. A deployment beside has others, such as
`dev_etl`; bronze is that of the main deployment. `with_prefix` is the only place that renames them.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.sql_files import SqlFile

OWN_SCHEMAS = ("etl", "silver", "gold")
"""The schemas that a deployment beside the main one has of its own."""
MAIN_ETL = "fdwarehouse_main_etl"
"""How SQL of a deployment beside names the schema `etl` of the main one."""

_OWN = "|".join(OWN_SCHEMAS)
# A qualified name, quoted or not, in code, in a literal or in JSON; not a.gold.x, of an alias.
_QUALIFYING = re.compile(
    rf"""(?<![\w.$])(?:(?P<main>{MAIN_ETL})|(?P<quote>"?)(?P<own>{_OWN})(?P=quote))(?=\.["\w%{{])""",
    re.IGNORECASE,
)
# A schema itself, which no name follows.
_ALONE = re.compile(
    rf"""\b((?:CREATE|ON|DROP) SCHEMA (?:IF (?:NOT )?EXISTS )?|to_regnamespace\(')({_OWN})\b"""
)
# Statements about bronze, which belongs to the main deployment.
_OF_BRONZE = re.compile(
    r"^(?:CREATE SCHEMA bronze;|COMMENT ON SCHEMA bronze IS\s*'(?:[^']|'')*';)\n?", re.MULTILINE
)
_COMMENT = re.compile(r"COMMENT ON .*? IS\s*'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_LITERAL = re.compile(r"'((?:[^']|'')*)'")


def with_prefix(sql: str, prefix: str) -> str:
    """Rename the schemas of a deployment in SQL, or in a name of one of its objects.

    Args:
        sql: names the schemas without a prefix.
        prefix: such as `dev_`; empty for the main deployment.
    """
    if not prefix:
        return sql

    def renamed(found: re.Match[str]) -> str:
        return "etl" if found["main"] else f"{prefix}{found['own'].lower()}"

    return _ALONE.sub(rf"\g<1>{prefix}\g<2>", _QUALIFYING.sub(renamed, _OF_BRONZE.sub("", sql)))


def without_prefix(text: str, prefix: str) -> str:
    """Undo `with_prefix` in what a database returns.

    Args:
        text: may name the schemas with the prefix.
        prefix: such as `dev_`; empty for the main deployment.
    """
    if not prefix or prefix not in text:
        return text
    return re.sub(rf"(?<![\w.$]){prefix}({_OWN})\b", r"\1", text)


def require_renamable(origin: str, text: str, known: Collection[str]) -> None:
    """Refuse a value that reads like a name, which a deployment beside would change.

    Args:
        origin: a file of the project.
        text: its text; what its templates insert are names.
        known: the objects of the deploy.

    Raises:
        FdwarehouseError: a literal has the name of a schema before a dot, and is no object.
    """
    for value in _LITERAL.findall(_COMMENT.sub("", _TEMPLATE.sub("", text))):
        if value not in known and _QUALIFYING.search(value):
            raise FdwarehouseError(
                f"{origin}: '{value}' would be another value beside the main deployment",
                hint="It reads like a name in a schema that has a prefix there: divide it, such as "
                "'gold' || '.card'.",
            )


def require_no_bronze(file: SqlFile) -> None:
    """Refuse a migration of the project that names bronze, which belongs to the main deployment.

    Args:
        file: the migration.

    Raises:
        FdwarehouseError: it names the schema.
    """
    if re.search(r"\bbronze\b", _COMMENT.sub("", file.sql), re.IGNORECASE):
        raise FdwarehouseError(
            f"{file.origin} names bronze, which belongs to the main deployment",
            hint="Move what concerns silver and gold into a migration of its own and leave the "
            "rest to the main deployment, or give this environment a database of its own.",
        )
