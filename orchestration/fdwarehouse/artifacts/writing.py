"""Writes the files that other tools read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from fdwarehouse.artifacts.dbt_catalog import catalog
from fdwarehouse.artifacts.dbt_manifest import manifest
from fdwarehouse.artifacts.dbt_run_results import run_results
from fdwarehouse.artifacts.observed import Observed
from fdwarehouse.artifacts.odcs import contract_of_gold, contract_of_source
from fdwarehouse.project.contract import Contract, contract_path, load_contract

_OF_DBT: Mapping[str, Callable[[Observed], dict[str, Any]]] = {
    "manifest.json": manifest,
    "catalog.json": catalog,
    "run_results.json": run_results,
}


def write_artifacts(
    observed: Observed, contracts: Mapping[str, Contract], folder: Path
) -> list[Path]:
    """Write the files of dbt and the data contracts; other files in the folder are kept.

    Args:
        observed: the warehouse.
        contracts: of its sources, by name.
        folder: created if it is missing.

    Returns:
        The files.
    """
    files = {name: _json(write(observed)) for name, write in _OF_DBT.items()}
    files["contracts/gold.odcs.yaml"] = _yaml(contract_of_gold(observed))
    for source, contract in contracts.items():
        files[f"contracts/{source}.odcs.yaml"] = _yaml(contract_of_source(observed, contract))
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def contracts_of(root: Path, names: Iterable[str]) -> Mapping[str, Contract]:
    """Read the contracts of a project; a source without one is omitted.

    Args:
        root: its folder.
        names: of its sources.
    """
    return {name: load_contract(root, name) for name in names if contract_path(root, name).exists()}


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _yaml(content: dict[str, Any]) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
