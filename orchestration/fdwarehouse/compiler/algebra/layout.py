"""Layout of SQL: the width of lines, and their breaks."""

from __future__ import annotations

from fdwarehouse.identifiers import ident

WIDTH = 84
"""Longer text is broken into lines: 100 columns, less the indentation."""


def indent(text: str, by: int = 4) -> str:
    """Indent all lines."""
    return "\n".join(" " * by + line if line else line for line in text.split("\n"))


def wrapped(parts: list[str], width: int = WIDTH) -> str:
    """Join parts with commas, as many per line as fit."""
    lines: list[str] = []
    for part in parts:
        is_short = bool(lines) and "\n" not in part and "\n" not in lines[-1]
        if is_short and len(lines[-1]) + len(part) + 2 <= width:
            lines[-1] += f" {part},"
        else:
            lines.append(f"{part},")
    return "\n".join(lines).removesuffix(",")


def selected(columns: list[str], head: str = "SELECT", width: int = WIDTH) -> str:
    """Write SELECT and its columns: on one line, or on lines of their own."""
    line = f"{head} {', '.join(columns)}"
    if len(line) <= width and "\n" not in line:
        return line
    return f"{head}\n{indent(wrapped(columns, width))}"


def flat(text: str, width: int = WIDTH) -> str:
    """Write a text of ours on one line, if it fits."""
    line = " ".join(line.strip() for line in text.split("\n"))
    line = line.replace("( ", "(").replace(" )", ")")
    return line if len(line) <= width else text


def function_ident(name: str) -> str:
    """Write a function's name: unlike a column's, most keywords need no quotes."""
    quoted = ident(name)
    return name if quoted.strip('"') == name and name.isidentifier() and name.islower() else quoted
