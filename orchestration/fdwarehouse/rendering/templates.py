"""The templates of the mechanics, and what renders them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2

from fdwarehouse.compiler.tables.filters import add_filters
from fdwarehouse.identifiers import ident, literal
from fdwarehouse.project import conninfo
from fdwarehouse.project.sources import SAFETY_SETTINGS, as_switches
from fdwarehouse.project.template_errors import Unknown
from fdwarehouse.rendering import source_errors

MECHANICS = Path(__file__).parents[1] / "mechanics"
# In an order in which each finds those that it uses.
MACROS = (
    "settings",
    "lock",
    "compare",
    "routine",
    "merge",
    "bronze",
    "silver",
    "gold",
    "counting",
    "checks",
)


def _array(words: Iterable[str]) -> str:
    return "{" + ",".join(words) + "}"


# What is said about connections to sources, as the templates see it.
WORDS = {
    "known": _array((*conninfo.OF_THE_LOGIN, *conninfo.OF_THE_SERVER, *conninfo.REFUSED)),
    "accepted": _array((*conninfo.OF_THE_LOGIN, *conninfo.OF_THE_SERVER)),
    "login": _array(conninfo.OF_THE_LOGIN),
    "safety": as_switches(SAFETY_SETTINGS),
    "malformed": f"the connection string of a source {conninfo.NOT_A_CONNINFO}",
    "way_out": conninfo.HOW_TO_WRITE_ONE,
}


def render_mechanics(template: str, **context: Any) -> str:
    """Render one template of the mechanics that needs no project.

    Args:
        template: its path below ``mechanics``.
        context: what it takes.
    """
    loader = jinja2.FileSystemLoader(MECHANICS)
    return make_environment(loader).get_template(template).render(context)


def mechanics_environment(work_mem: str) -> jinja2.Environment:
    """Make what renders templates of the mechanics that use macros, and need no project.

    Args:
        work_mem: memory for each sort or hash of a step, as PostgreSQL writes it.
    """
    environment = make_environment(jinja2.FileSystemLoader(MECHANICS))
    environment.globals["work_mem"] = work_mem
    for macros in MACROS:
        environment.globals[macros] = environment.get_template(f"macros/{macros}.sql").module
    return environment


def make_environment(*loaders: jinja2.BaseLoader) -> jinja2.Environment:
    """Make what renders templates, with the filters that all of them may use.

    Args:
        loaders: where templates are, the first that has one is taken.
    """
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        undefined=Unknown,
        autoescape=False,
        keep_trailing_newline=True,
    )
    environment.filters.update(ident=ident, literal=literal, listed=_listed)
    add_filters(environment)
    environment.globals.update(words=WORDS, hints=source_errors.HINTS)
    return environment


def _listed(value: str | Iterable[str]) -> list[str]:
    """Take one name or condition for a list of it: a string is no list of its letters."""
    return [value] if isinstance(value, str) else list(value)
