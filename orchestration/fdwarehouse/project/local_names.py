"""The names that tables of sources have in the warehouse."""

from __future__ import annotations

import re
from hashlib import sha256

from fdwarehouse.identifiers import shortened
from fdwarehouse.project.config import TableConfig

_TAKEN_TABLES = re.compile("_columns|_tables|_fence|_storage|_rewritten|_(pg|mounted)_.*")
# PostgreSQL truncates a name to 63 bytes; the longest name derived from a table's is that of its
# constraint.
MAX_NAME_BYTES = 63 - len("raw__one_version_a_run")


def local_name(settings: TableConfig, schema: str | None, table: str) -> str:
    """Name a table in the warehouse: as chosen, else with its schema, cut and hashed if too long.

    Args:
        settings: of the table.
        schema: of the table, if that is not the source's; else None.
        table: its name there.
    """
    name = table if schema is None else f"{schema}_{table}"
    return settings.local_name or (
        generated_name(name, MAX_NAME_BYTES) if problem_of_name(name) else name
    )


def problem_of_name(name: str) -> str | None:
    """Say why a table cannot have a name in the warehouse; None if it can."""
    if not name.isprintable():
        return (
            f"the name contains a line break or another character that cannot be printed: {name!r}"
        )
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"is too long a name for the warehouse; the limit is {MAX_NAME_BYTES} bytes"
    if _TAKEN_TABLES.fullmatch(name):
        return f"the warehouse has its own {name} for every source"
    return None


def generated_name(name: str, length: int) -> str:
    """Cut a name and add a hash of all of it, so that different names stay different.

    Args:
        name: a name that the warehouse cannot use.
        length: how many bytes the result may have.
    """
    digest = sha256(name.encode()).hexdigest()[:8]
    return shortened(re.sub(r"\W", "_", name), f"_{digest}", length)
