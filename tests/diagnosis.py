"""Reads what `fdwarehouse doctor --json` found."""

import json
from typing import NamedTuple

from tests.command import Command


class Found(NamedTuple):
    """One finding."""

    state: str
    message: str
    hint: str


def doctor(command: Command) -> dict[str, list[Found]]:
    """Run the doctor, and return its findings by object and check: `warehouse tls`."""
    said = command("doctor", "--json")
    found: dict[str, list[Found]] = {}
    for each in json.loads(said.out):
        name = f"{each['object']} {each['check']}"
        made = Found(each["state"], each["message"], each["hint"] or "")
        found.setdefault(name, []).append(made)
    errors = sum(f.state == "error" for made in found.values() for f in made)
    assert said.exit_code == (1 if errors else 0)
    return found


def one(command: Command, name: str) -> Found:
    """Return the only finding about an object: `warehouse tls`."""
    found = doctor(command)
    assert name in found, sorted(found)
    (made,) = found[name]
    return made


def troubles(found: dict[str, list[Found]]) -> list[str]:
    """Name what is not ok."""
    return sorted(name for name, made in found.items() for f in made if f.state != "ok")
