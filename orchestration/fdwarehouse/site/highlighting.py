"""SQL with its keywords, comments and literals marked."""

from __future__ import annotations

from markupsafe import Markup, escape
from pygments.lexers import PostgresLexer
from pygments.token import Comment, Keyword, Number, String, _TokenType

_CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "sc"),
    (Keyword, "sk"),
    (String, "ss"),
    (Number, "sn"),
)


def highlighted(sql: str) -> Markup:
    """Mark the words of SQL.

    Args:
        sql: any text.
    """
    parts = []
    for kind, text in PostgresLexer(ensurenl=False, stripnl=False).get_tokens(sql):
        name = next((name for token, name in _CLASSES if kind in token), None)
        written = escape(text)
        parts.append(Markup("<span class={}>{}</span>").format(name, written) if name else written)
    return Markup().join(parts)
