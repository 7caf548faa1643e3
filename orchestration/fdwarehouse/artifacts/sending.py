"""Writes or sends the events of OpenLineage. Needs its library, the extra `openlineage`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from openlineage.client import OpenLineageClient
from openlineage.client.serde import Serde
from openlineage.client.transport.http import (
    ApiKeyTokenProvider,
    HttpConfig,
    HttpTransport,
    TokenProvider,
)

from fdwarehouse.artifacts.lineage_events import events
from fdwarehouse.artifacts.observed import Observed
from fdwarehouse.errors import FdwarehouseError

EVENTS = "openlineage.ndjson"
_API_KEY = "OPENLINEAGE_API_KEY"


def write_events(observed: Observed, folder: Path) -> Path:
    """Write the events of a run, one JSON object per line.

    Args:
        observed: the warehouse, with the run.
        folder: an existing folder.

    Returns:
        The file.
    """
    path = folder / EVENTS
    lines = [f"{Serde.to_json(event)}\n" for event in events(observed)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def send_events(observed: Observed, url: str) -> int:
    """Send the events of a run to a service, with the key in OPENLINEAGE_API_KEY, if it is set.

    Args:
        observed: the warehouse, with the run.
        url: of the service, such as http://localhost:5000.

    Returns:
        The number of events.

    Raises:
        FdwarehouseError: the service cannot be reached, or refuses an event.
    """
    found = events(observed)
    key = os.environ.get(_API_KEY)
    auth = ApiKeyTokenProvider({"apiKey": key}) if key else TokenProvider({})
    client = OpenLineageClient(transport=HttpTransport(HttpConfig(url=url, auth=auth)))
    try:
        for event in found:
            client.emit(event)
    except Exception as error:  # those of its HTTP library
        raise FdwarehouseError(
            f"{without_login(url)} did not take an event of OpenLineage: "
            f"{without_login(str(error))}",
            hint=f"--to takes the address of the service, without /api/v1/lineage; {_API_KEY} is "
            "sent as its key.",
            exit_code=1,
        ) from error
    return len(found)


def without_login(text: str) -> str:
    """Leave user names, passwords and queries out of the addresses in a text.

    Args:
        text: an address, or an error with some.
    """
    found = re.compile(r"(https?://)(?:[^/?#\s]*@)?([^?\s'\"]*)(\?[^\s'\"]*)?", re.IGNORECASE)
    return found.sub(r"\1\2", text)
