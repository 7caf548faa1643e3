"""Real Prometheus and real exporters, which watch a warehouse of the tests."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml
from psycopg.conninfo import make_conninfo

from tests.harness import ROOT, wait_until

FOLDER = ROOT / "monitoring"


def program(name: str) -> str:
    """Find a program of Prometheus; where FDWAREHOUSE_PROMETHEUS is set, as in CI, it must exist.

    Args:
        name: its name in Debian, which is that of its package.
    """
    if folder := os.environ.get("FDWAREHOUSE_PROMETHEUS"):
        return str(Path(folder) / name)
    if found := shutil.which(name):
        return found
    pytest.skip(f"{name} is not installed (a package of Debian)")


def read(url: str) -> str:
    """Read what a server answers."""
    with urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


@contextmanager
def serving(
    folder: Path, name: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a program of Prometheus on a port of its own until the end, and return its URL.

    Args:
        folder: for its log.
        name: of the program.
        arguments: besides its address.
        environment: variables besides those of this process.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program(name), f"--web.listen-address={address}", *arguments],
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
        )
    try:

        def answers() -> bool:
            assert process.poll() is None, log.read_text()[-3000:]
            with suppress(URLError, ConnectionError):
                return bool(read(f"http://{address}/"))
            return False

        wait_until(answers)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def exporter(folder: Path, url: str) -> Iterator[str]:
    """Run postgres_exporter with the arguments that docker-compose.yaml gives it.

    Args:
        folder: for its log.
        url: connection string of the role that watches.

    Yields:
        The URL of its metrics.
    """
    services = yaml.safe_load((FOLDER / "docker-compose.yaml").read_text())["services"]
    service = services["postgres_exporter"]
    (mounted,) = service["volumes"]
    source, target, _ = mounted.split(":")
    assert source == "./postgres_exporter.yaml"
    arguments = [a.replace(target, str(FOLDER / source)) for a in service["command"]]
    # The exporter expects TLS; that of the tests has none, nor has that of docker-compose.yaml.
    variables = {"DATA_SOURCE_NAME": make_conninfo(url, sslmode="disable")}
    with serving(
        folder, "prometheus-postgres-exporter", *arguments, environment=variables
    ) as address:
        yield f"{address}/metrics"


class Prometheus:
    """A Prometheus with the configuration and the rules of this repository."""

    def __init__(self, url: str) -> None:
        self._url = url

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the labels and the value of each series that an expression has now."""
        found = self._get("query", query=expression)["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]

    def alerts(self) -> dict[str, dict[str, Any]]:
        """Return the alerts, by name and by what they concern."""
        return {
            f"{a['labels']['alertname']} {a['labels'].get('problem', '')}".strip(): a
            for a in self._get("alerts")["alerts"]
        }

    def _get(self, path: str, **parameters: str) -> dict[str, Any]:
        answer = json.loads(read(f"{self._url}/api/v1/{path}?{urlencode(parameters)}"))
        assert answer["status"] == "success", answer
        return dict(answer["data"])


@contextmanager
def prometheus(folder: Path, metrics: str) -> Iterator[Prometheus]:
    """Run Prometheus as monitoring/prometheus.yaml says, with shorter intervals.

    Args:
        folder: for its data.
        metrics: URL that it scrapes, instead of that in the file.
    """
    config = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    assert set(config["global"]) == {"scrape_interval", "evaluation_interval"}
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "200ms"}
    config["rule_files"] = [str(FOLDER / name) for name in config["rule_files"]]
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [metrics.split("/")[2]]}]
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(config))
    with serving(
        folder,
        "prometheus",
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
    ) as url:
        yield Prometheus(url)
