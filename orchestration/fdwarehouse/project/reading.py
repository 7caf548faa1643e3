"""Reads the files of a project and reports all that is wrong with them together."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import jinja2

from fdwarehouse.errors import FdwarehouseError, Problems
from fdwarehouse.project.config import Config, load_config
from fdwarehouse.project.contract import Contract, load_contract
from fdwarehouse.project.sources import Source, make_sources
from fdwarehouse.project.template_errors import explain
from fdwarehouse.project.validation import validate_project


def read_project(root: Path, environment: jinja2.Environment) -> tuple[Config, list[Source]]:
    """Read configuration and contracts, and validate the files of SQL.

    Args:
        root: the project's folder.
        environment: parses its templates.

    Raises:
        FdwarehouseError: something is wrong; the message names every file and place.
    """
    problems = Problems()
    config: Config | None = None
    contracts: dict[str, Contract] = {}
    try:
        config = load_config(root)
    except FdwarehouseError as error:
        problems.add(error)
    with problems.collected():
        validate_project(root)
    # A contract can also be wrong on its own.
    known = (p.stem for p in (root / "contracts").glob("*.yaml"))
    for name in sorted(known) if config is None else config.sources:
        with problems.collected():
            contracts[name] = load_contract(root, name)
    sources: list[Source] = []
    if config is not None:
        with problems.collected():
            sources = make_sources(config, contracts)
    for path in sorted((root / "sql").glob("*/*.sql")):
        with problems.collected():
            _require_template(environment, path, path.relative_to(root).as_posix())
    problems.raise_found()
    assert config is not None
    return config, sources


def _require_template(environment: jinja2.Environment, path: Path, origin: str) -> None:
    with suppress(OSError, UnicodeDecodeError):  # reported already
        text = path.read_text(encoding="utf-8")
        try:
            environment.parse(text, filename=origin)
        except jinja2.TemplateSyntaxError as error:
            problem, _ = explain(error)
            raise FdwarehouseError(
                f"{origin}, line {error.lineno}: {problem}",
                hint=f"Fix the template {origin}, or its call of a macro.",
            ) from error
