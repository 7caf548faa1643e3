"""The channels of warehouse.yaml: what is wrong with one is said, but no secret."""

from pathlib import Path
from typing import Any

import pytest

from tests.command import Command
from tests.receivers import SLACK, configure


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        ([{"to": "slack", "url": "https://hooks.example/secret"}], 'write "${NAME}"'),
        ([{"to": "pigeon"}], "slack"),
        ([SLACK, SLACK], "2 channels are named slack"),
        ([{**SLACK, "name": "fdwarehouse"}], "the channel of LISTEN"),
        ([{**SLACK, "kinds": ["bad"]}], "run_failed"),
        ([{"to": "email", "recipients": [], "sender": "a@b", "host": "h"}], "recipients"),
    ],
)
def test_channel_that_is_wrong_is_named(
    local: tuple[Command, Path], alerts: list[dict[str, Any]], words: str
) -> None:
    command, project = local
    configure(project, *alerts)
    said = command.fails(2, "alert")
    assert "warehouse.yaml: alerts" in said
    assert words in said
    assert "hooks.example" not in said
