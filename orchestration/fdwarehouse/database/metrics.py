"""The metrics of the warehouse, and their text for Prometheus.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from psycopg.rows import class_row

from fdwarehouse.database.connections import connect
from fdwarehouse.errors import FdwarehouseError

_METRICS = """
    SELECT name, labels, value, help, type
    FROM etl.metrics
    ORDER BY name, labels::text
"""
_IN_LABELS = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_SPECIAL = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}


@dataclass(frozen=True)
class Sample:
    """A row of ``etl.metrics``: one number with its name and labels."""

    name: str
    labels: dict[str, str]
    value: float
    help: str
    type: str


def read_metrics(warehouse_url: str) -> list[Sample]:
    """Read the metrics, sorted by name.

    Args:
        warehouse_url: connection string of a role that may read ``etl.metrics``, such as
            ``warehouse_monitor``.

    Raises:
        FdwarehouseError: nothing is deployed.
    """
    with (
        connect(warehouse_url, autocommit=True) as connection,
        connection.cursor(row_factory=class_row(Sample)) as cursor,
    ):
        if connection.execute("SELECT to_regnamespace('etl') IS NULL").fetchone() == (True,):
            raise FdwarehouseError(
                f"nothing is deployed in database {connection.info.dbname}",
                hint="`fdwarehouse deploy` creates the warehouse.",
            )
        return cursor.execute(_METRICS).fetchall()


def exposition(samples: Iterable[Sample]) -> str:
    """Write samples in the text format of Prometheus.

    Args:
        samples: sorted by name.
    """
    return "".join(f"{line}\n" for line in _lines(samples))


def _lines(samples: Iterable[Sample]) -> Iterator[str]:
    for name, family in groupby(samples, key=lambda sample: sample.name):
        first, *others = family
        yield f"# HELP {name} {first.help.translate(_IN_HELP)}"
        yield f"# TYPE {name} {first.type}"
        for sample in (first, *others):
            labels = ",".join(
                f'{label}="{value.translate(_IN_LABELS)}"'
                for label, value in sorted(sample.labels.items())
            )
            value = _SPECIAL.get(str(sample.value), repr(sample.value))
            yield f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"
