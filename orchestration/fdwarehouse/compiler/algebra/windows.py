"""Prints windows: the text between the parentheses of OVER."""

from __future__ import annotations

from collections.abc import Callable

from fdwarehouse.compiler.algebra.tree import Expr, Node
from fdwarehouse.identifiers import ident

# Bits of a frame, as in PostgreSQL's nodes/parsenodes.h; each end is the bit after its start.
_FRAMES = (
    (0x20, "UNBOUNDED PRECEDING"),
    (0x80, "UNBOUNDED FOLLOWING"),
    (0x200, "CURRENT ROW"),
    (0x800, "{} PRECEDING"),
    (0x2000, "{} FOLLOWING"),
)
_EXCLUDES = ((0x8000, "CURRENT ROW"), (0x10000, "GROUP"), (0x20000, "TIES"))


def window_parts(write: Callable[[Expr], str], window: Node) -> list[str]:
    """Write the parts of a window.

    Args:
        write: writes an expression.
        window: the window.
    """

    def listed(field: str) -> str:
        return ", ".join(write(value) for value in window.get(field))

    parts = [ident(window.get("refname"))] if window.get("refname") else []
    if window.get("partitionClause"):
        parts.append(f"PARTITION BY {listed('partitionClause')}")
    if window.get("orderClause"):
        parts.append(f"ORDER BY {listed('orderClause')}")
    options = window.get("frameOptions") or 0
    if options & 0x1:
        parts.append(_frame(write, window, options))
    return parts


def _frame(write: Callable[[Expr], str], window: Node, options: int) -> str:
    def side(bits: int, offset: str) -> str:
        text = next(text for bit, text in _FRAMES if options & (bit * bits))
        return text.format(write(window.get(offset))) if "{}" in text else text

    mode = "ROWS" if options & 0x4 else "GROUPS" if options & 0x8 else "RANGE"
    exclude = next((f" EXCLUDE {text}" for bit, text in _EXCLUDES if options & bit), "")
    return f"{mode} BETWEEN {side(1, 'startOffset')} AND {side(2, 'endOffset')}{exclude}"
