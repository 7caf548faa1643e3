"""Files that a project of a user has in common with this repository: they exist once."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_DAGS = "orchestration/dags"
_MODULES = ("warehouse_alerts", "warehouse_assets", "warehouse_retries", "warehouse_site")
MONITORING = "monitoring"


def modules_of_the_dag() -> dict[str, str]:
    """Return what a DAG imports, by path in the project."""
    return {f"{_DAGS}/{name}.py": _text(f"{_DAGS}/{name}.py") for name in _MODULES}


def monitoring_files() -> dict[str, str]:
    """Return the files for Prometheus, Grafana and pgwatch, by path in the project."""
    paths = sorted((_root() / MONITORING).iterdir())
    return {f"{MONITORING}/{path.name}": path.read_text(encoding="utf-8") for path in paths}


def _text(path: str) -> str:
    return (_root() / path).read_text(encoding="utf-8")


def _root() -> Path:
    """The files are in the package once it is installed from a wheel; else beside it."""
    installed = _PACKAGE / "shared"
    return installed if installed.is_dir() else _PACKAGE.parents[1]
