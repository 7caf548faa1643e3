"""Versioned SQL: applied once, never edited, and removed only if another file replaces it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import literal, unused_tag
from fdwarehouse.project.sql_files import SqlFile

_REPLACES = re.compile(r"^-- replaces:(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Migration:
    """A file of `migrations/`.

    Attributes:
        owner: where it comes from: `fdwarehouse` or `project`.
        file: its name.
        text: its SQL.
    """

    owner: str
    file: str
    text: str

    @property
    def replaces(self) -> frozenset[str]:
        """Files of the same folder that are no longer needed, by `-- replaces: a.sql, b.sql`."""
        listed = ",".join(_REPLACES.findall(self.text))
        return frozenset(name.strip() for name in listed.split(",") if name.strip())

    @property
    def compiled(self) -> SqlFile:
        """The SQL that a deploy runs: it applies the file unless it is applied already."""
        name = f"{self.owner}/{self.file}"
        body, whole = unused_tag("migration", self.text), unused_tag("do", self.text)
        checksum = sha256(self.text.encode()).hexdigest()
        sql = (
            f"DO {whole}\nBEGIN\n    PERFORM pg_temp.migrate({literal(name)}, "
            f"{literal(checksum)}, {body}\n{self.text}{body});\n"
            f"END;\n{whole};\n"
        )
        origin = f"migrations/{self.file}" if self.owner == "project" else name
        return SqlFile(plain_name(self.owner, self.file), origin, sql)


def plain_name(owner: str, file: str) -> str:
    """Return the name of a migration among the files of a deploy."""
    return f"migration_{owner}_{file}"


def read_migrations(owner: str, folder: Path) -> Iterator[Migration]:
    """Read the files of a folder, in their order.

    Args:
        owner: where they come from.
        folder: may be missing.
    """
    for path in sorted(folder.glob("*.sql")):
        yield Migration(owner, path.name, path.read_text(encoding="utf-8"))


def replaced(migrations: Iterable[Migration]) -> frozenset[str]:
    """Return the names of replaced migrations, whose files may be missing.

    Raises:
        FdwarehouseError: the file of a replaced migration still exists.
    """
    listed = list(migrations)
    there = {(m.owner, m.file) for m in listed}
    for migration in listed:
        for name in sorted(migration.replaces):
            if (migration.owner, name) in there:
                raise FdwarehouseError(
                    f"migrations/{name}: migrations/{migration.file} replaces it, but it exists",
                    hint="Delete the file, or remove its name from `-- replaces:`.",
                )
    return frozenset(plain_name(m.owner, n) for m in listed for n in m.replaces)
