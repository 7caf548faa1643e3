"""Environments beside the main deployment: the section ``environments`` of ``warehouse.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from fdwarehouse.project.schema_names import OWN_SCHEMAS


def _schema_prefix(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,29}", value) or value.startswith("pg_"):
        raise ValueError("expected the beginning of a name such as 'dev_'")
    return value


EnvironmentName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]


class EnvironmentConfig(BaseModel):
    """An environment that has no bronze of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    schema_prefix: Annotated[str, AfterValidator(_schema_prefix)]
    """It is deployed beside the main deployment: ``dev_`` for dev_silver, dev_gold and dev_etl."""


def require_different_schemas(
    environments: Mapping[str, EnvironmentConfig], sources: Iterable[str]
) -> None:
    """Check that no schema would belong to two environments, or to an environment and a source.

    Args:
        environments: by name.
        sources: their schemas.

    Raises:
        ValueError: one would.
    """
    names = [*sources]
    for environment in environments.values():
        names += [environment.schema_prefix + name for name in OWN_SCHEMAS]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the schema {name} would belong to two: choose another schema_prefix")
