"""What a shell can complete: names from the project's files, read fast and without checking them.

A person waits for it after a key: nothing is imported that validates or compiles, and files are
searched rather than parsed where their form allows it.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# As `fdwarehouse contract` writes them.
_TABLE_OF_CONTRACT = re.compile(r"^  (?! )(.+):$", re.MULTILINE)
_TAGS = re.compile(r"^tags: *\[?([\w ,'\"-]+)\]?$", re.MULTILINE)


class Names:
    """The names of a project.

    Args:
        start: a folder in the project; None: `FDWAREHOUSE_PROJECT`, then the current folder.
    """

    def __init__(self, start: Path | None = None) -> None:
        start = Path(start or os.environ.get("FDWAREHOUSE_PROJECT") or Path.cwd()).resolve()
        folders = (start, *start.parents)
        self.root = next((f for f in folders if (f / "warehouse.yaml").is_file()), None)

    @cached_property
    def sources(self) -> dict[str, dict[str, Any]]:
        """The sources of warehouse.yaml, each with its settings."""
        if self.root is None:
            return {}
        text = (self.root / "warehouse.yaml").read_text(encoding="utf-8")
        found = yaml.load(text, _LOADER)
        return dict(found["sources"])

    def tables_of(self, source: str) -> dict[str, str]:
        """Return the names in the warehouse of a source's tables, by their names there.

        Args:
            source: its name.
        """
        assert self.root
        settings = self.sources[source].get("tables") or {}
        settings = settings if isinstance(settings, dict) else {}
        named = [name for name in settings if "*" not in name]
        path = self.root / "contracts" / f"{source}.yaml"
        if path.is_file():
            _, _, tables = path.read_text(encoding="utf-8").partition("\ntables:\n")
            found = _TABLE_OF_CONTRACT.findall(f"\n{tables}")
            named = [*dict.fromkeys([*named, *(name.strip("'\"") for name in found)])]
        return {
            name: str((settings.get(name) or {}).get("as", name.replace(".", "_")))
            for name in named
        }

    @property
    def source_tables(self) -> list[str]:
        """The tables of all sources, as they are named there."""
        return [table for source in self.sources for table in self.tables_of(source)]

    @cached_property
    def tables(self) -> list[str]:
        """The tables of bronze, silver and gold, with their schema."""
        models = [f"{p.parent.name}.{p.stem}" for p in self._files("sql/silver", "sql/gold")]
        raw = []
        mirrored = []
        for source, settings in self.sources.items():
            names = self.tables_of(source).values()
            raw += [f"bronze.raw_{name}" for name in names]
            if settings.get("mirror"):
                mirrored += [f"silver.{name}" for name in names]
        return [*dict.fromkeys([*raw, *mirrored, *models])]

    @property
    def checks(self) -> list[str]:
        """The checks that are files."""
        return [path.stem for path in self._files("sql/checks")]

    @property
    def unit_tests(self) -> list[str]:
        """The unit tests."""
        return [path.stem for path in self._files("sql/tests", suffix=".yaml")]

    @property
    def terms(self) -> list[str]:
        """What `--select` takes, except `+`."""
        tags = {
            f"tag:{tag}"
            for path in self._files("sql/silver", "sql/gold")
            for listed in _TAGS.findall(path.read_text(encoding="utf-8"))
            for tag in re.findall(r"[\w-]+", listed)
        }
        return ["bronze", "silver", "gold", "state:modified", *sorted(tags), *self.tables]

    def _files(self, *folders: str, suffix: str = ".sql") -> list[Path]:
        if self.root is None:
            return []
        found = (sorted((self.root / folder).glob(f"*{suffix}")) for folder in folders)
        return [path for paths in found for path in paths]
