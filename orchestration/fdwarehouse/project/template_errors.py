"""Explains errors in templates to users who know SQL but not Jinja."""

from __future__ import annotations

import re
from collections.abc import Mapping
from traceback import extract_tb
from typing import Any

import jinja2
from jinja2.environment import TemplateModule
from jinja2.runtime import Macro
from jinja2.utils import missing

ERRORS = (
    *(jinja2.TemplateError, TypeError, ValueError, AttributeError, LookupError),
    *(ArithmeticError, RecursionError),
)

# Jinja's message -> ours.
_IN_OTHER_WORDS = (
    (r".*The innermost block that needs to be closed is '(\w+)'.*", r"{% \1 %} has no {% end\1 %}"),
    (r"Encountered unknown tag '(\w+)'.*", r"there is no {% \1 %}"),
    (r"No filter named '(\w+)'.*", r"there is no filter \1"),
    (r"Missing end of comment tag", "{# has no #}"),
    (r"unexpected 'end of template'|unexpected end of template.*", "{{ has no }}"),
    (r"expected token '(.*)', got '(.*)'", r"\1 is expected, not \2"),
    (r"macro '(\w+)' (.*)", r"\1 \2"),
)


class Unknown(jinja2.StrictUndefined):
    """An unknown name: using it raises an error that lists the known ones."""

    @property
    def _undefined_message(self) -> str:
        name, where = self._undefined_name, self._undefined_obj
        if self._undefined_hint:
            return self._undefined_hint
        if isinstance(where, TemplateModule):
            macros = sorted(n for n, value in vars(where).items() if isinstance(value, Macro))
            module = re.sub(r".*/(\w+)\.sql", r"\1", str(where.__name__))
            return f"{module} has no macro {name}; it has {', '.join(macros)}"
        if isinstance(where, Mapping):
            return f"there is no {name} here; there is {', '.join(map(str, where))}"
        if where is missing:
            return f"{name} is not known here"
        return f"a {type(where).__name__.lower()} has no {name}"


def explain(error: BaseException) -> tuple[str, int | None]:
    """Return what is wrong, and the line of the template.

    Args:
        error: one of ``ERRORS``, raised by a template.
    """
    frames = [f for f in extract_tb(error.__traceback__) if f.filename.endswith(".sql")]
    line: Any = getattr(error, "lineno", None) or (frames[0].lineno if frames else None)
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no template {error.name}", line
    said = " ".join(str(error).split())
    for pattern, words in _IN_OTHER_WORDS:
        if re.fullmatch(pattern, said):
            return re.sub(pattern, words, said), line
    return said, line
