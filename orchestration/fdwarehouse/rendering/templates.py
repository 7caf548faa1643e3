"""The templates of the mechanics, and their Jinja environment."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2

from fdwarehouse.compiler.tables.filters import add_filters
from fdwarehouse.identifiers import ident, literal
from fdwarehouse.project import conninfo
from fdwarehouse.project.schema_names import MAIN_ETL
from fdwarehouse.project.sources import SAFETY_SETTINGS, as_switches
from fdwarehouse.project.template_errors import Unknown
from fdwarehouse.rendering import source_errors

MECHANICS = Path(__file__).parents[1] / "mechanics"
# In an order in which each comes after those that it uses.
MACROS = (
    "settings",
    "lock",
    "failure",
    "compare",
    "routine",
    "merge",
    "bronze",
    "silver",
    "gold",
    "counting",
    "checks",
    "problems",
)


def _array(words: Iterable[str]) -> str:
    return "{" + ",".join(words) + "}"


# Messages about connections to sources, for the templates.
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
        context: variables of the template.
    """
    loader = jinja2.FileSystemLoader(MECHANICS)
    return make_environment(loader).get_template(template).render(context)


def mechanics_environment(work_mem: str) -> jinja2.Environment:
    """Create the environment for templates of the mechanics that use macros, but no project.

    Args:
        work_mem: memory for each sort or hash of a step, in PostgreSQL's notation.
    """
    environment = make_environment(jinja2.FileSystemLoader(MECHANICS))
    environment.globals["work_mem"] = work_mem
    for macros in MACROS:
        environment.globals[macros] = environment.get_template(f"macros/{macros}.sql").module
    return environment


def make_environment(*loaders: jinja2.BaseLoader) -> jinja2.Environment:
    """Create an environment with the filters of all templates.

    Args:
        loaders: where templates are; the first that has one is used.
    """
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        undefined=Unknown,
        autoescape=False,
        keep_trailing_newline=True,
    )
    environment.filters.update(ident=ident, literal=literal, listed=_listed)
    add_filters(environment)
    environment.globals.update(words=WORDS, hints=source_errors.HINTS, prefix="", main_etl=MAIN_ETL)
    return environment


def _listed(value: str | Iterable[str]) -> list[str]:
    """Turn one name or condition into a list with it: a string is not a list of its letters."""
    return [value] if isinstance(value, str) else list(value)
