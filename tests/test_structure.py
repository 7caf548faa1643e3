"""The folders of the package, and the direction of imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "orchestration" / "fdwarehouse"

LAYERS = (
    ("errors", "identifiers"),
    ("project",),
    ("compiler/algebra",),
    ("compiler/deltas",),
    ("compiler/tables",),
    ("rendering",),
    ("embedded",),
    ("database",),
    ("terminal",),
    ("site",),
    ("alerts",),
    ("artifacts",),
    ("demo",),
    ("cli",),
)
"""Folders and modules, the lowest layer first: a module imports its own layer or lower ones."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def layer_of(parts: tuple[str, ...]) -> int | None:
    """Return the number of a module's layer; None for the package itself.

    Args:
        parts: of its name below the package, such as ("compiler", "deltas", "arms").
    """
    path = "/".join(parts)
    for number, names in enumerate(LAYERS):
        if any(path == name or path.startswith(f"{name}/") for name in names):
            return number
    return None


def imports_of(file: Path) -> Iterator[tuple[str, ...]]:
    """List all imports of the package in a module.

    Args:
        file: the module.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "fdwarehouse":
            module = tuple((node.module or "").split("."))[1:]
            yield from ((*module, alias.name) for alias in node.names)
        if isinstance(node, ast.Import):
            names = (tuple(alias.name.split(".")) for alias in node.names)
            yield from (name[1:] for name in names if name[0] == "fdwarehouse")


def module_name(file: Path) -> str:
    """Name a module as the tree shows it.

    Args:
        file: the module.
    """
    return file.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("file", MODULES, ids=module_name)
def test_module_imports_its_own_layer_or_lower_ones(file: Path) -> None:
    own = layer_of(file.relative_to(PACKAGE).with_suffix("").parts)
    if own is None:
        assert file.name == "__init__.py", "a new folder needs a place in LAYERS"
        assert not list(imports_of(file))
        return
    too_high = [
        ".".join(name)
        for name in imports_of(file)
        if (layer := layer_of(name)) is not None and layer > own
    ]
    assert not too_high


@pytest.mark.parametrize("layer", [name for names in LAYERS for name in names])
def test_layer_is_there(layer: str) -> None:
    assert (PACKAGE / f"{layer}.py").is_file() or (PACKAGE / layer / "__init__.py").is_file()


def test_every_folder_says_what_belongs_in_it() -> None:
    folders = {file.parent for file in MODULES}
    undocumented = [
        module_name(folder / "__init__.py")
        for folder in sorted(folders)
        if not ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    ]
    assert not undocumented


def test_upward_import_would_be_seen(tmp_path: Path) -> None:
    file = tmp_path / "arms.py"
    file.write_text("def f():\n    from fdwarehouse.database.deployment import deploy\n")
    assert list(imports_of(file)) == [("database", "deployment", "deploy")]
    assert (layer_of(("database", "deployment", "deploy")) or 0) > (
        layer_of(("compiler", "deltas", "arms")) or 0
    )
